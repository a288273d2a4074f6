/**
 * What the product is for, from the first click to the last figure, by three people at three
 * browsers. Nothing is done here by the API that a person does on a screen.
 */
import type { Browser, FrameLocator, Page } from "@playwright/test";
import { brand, trustBrand, vouch } from "./brand";
import { expect, type Server, test } from "./server";

/** How the brand calls its customer. */
const CUSTOMER = "ada-of-the-brand";

/** Somebody who works here, at a browser of their own: they come in by the link they were sent. */
async function comesIn(
  browser: Browser,
  server: Server,
  user: { id: string; name: string; role: string; skills?: { skillId: string }[] },
): Promise<Page> {
  const email = `${user.id}@brand.example`;
  await server.call("POST", "/api/v1/users", { ...user, kind: "HUMAN", email });
  const link = Object(await server.call("POST", `/api/v1/users/${user.id}/sign-in-link`)).path;
  const page = await (await browser.newContext({ baseURL: server.url })).newPage();
  await page.goto(link);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
  await page.getByRole("button", { name: "Save and sign in" }).click();
  await expect(page.getByRole("button", { name: user.name })).toBeVisible();
  return page;
}

/** Goes to a page of the console by its menu. */
const goTo = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();

/** Writes the policy of the seeds in the form: who is on the list goes to the desk for them. */
async function writesThePolicy(page: Page): Promise<void> {
  await goTo(page, "Policies");
  await page.getByRole("link", { name: "New policy" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("VIPs first");
  await page.getByRole("combobox", { name: "Attribute", exact: true }).fill("customerinfo.email");
  await page.getByRole("combobox", { name: "Comparison" }).selectOption("is in");
  await page.getByRole("combobox", { name: "Type of value" }).selectOption("attribute");
  await page.getByRole("combobox", { name: "Value", exact: true }).fill("custom.vipList");
  await page.getByRole("combobox", { name: "Skill", exact: true }).fill("{{custom.vipSkill}}");
  await page
    .getByRole("textbox", { name: "Attributes as JSON" })
    .fill('{"customerinfo": {"email": "ada@example.com"}}');
  await expect(page.getByRole("region", { name: "Explanation" })).toContainText("It matches");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("“VIPs first” is the last in the list")).toBeVisible();
  await page
    .getByRole("article")
    .getByRole("switch", { name: "VIPs first is enabled" })
    .press("Space");
  await page.getByRole("link", { name: "Close the editor" }).click();
  await page.getByRole("button", { name: "More about VIPs first" }).click();
  await page.getByRole("menuitem", { name: "To the top" }).click();
  const first = page.getByRole("region", { name: "Policies in order" }).getByRole("listitem");
  await expect(first.first()).toContainText("VIPs first");
}

/** Puts the hosted bot in front of a skill, and a tag in front of the bot; returns its engagement. */
async function opensTheShop(page: Page): Promise<string> {
  await goTo(page, "Bots");
  await page.getByRole("button", { name: "Put in front of a skill" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Skill" }).fill("Order desk");
  await page.getByRole("option", { name: "Order desk", exact: true }).click();
  await dialog.getByRole("button", { name: "Put it there" }).click();
  await expect(dialog.getByRole("status")).toContainText("maven:Order desk");
  await dialog.getByRole("button", { name: "Close", exact: true }).click();

  await goTo(page, "Engagements");
  await page.getByRole("button", { name: "New engagement" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Checkout");
  await page.getByRole("textbox", { name: "Id" }).fill("checkout");
  await page.getByRole("combobox", { name: "Skill" }).fill("maven:Order");
  await page.getByRole("option", { name: "maven:Order desk" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Ask the shop");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("region", { name: "Tag" })).toContainText('"checkout"');
  return "checkout";
}

/** How many conversations the sentence on the page counts. */
async function counted(page: Page): Promise<number> {
  const sentence = page.getByRole("status");
  await expect(sentence).toContainText(/\d conversation/, { timeout: 20_000 });
  return Number(/([\d,]+) conversation/.exec(await sentence.innerText())?.[1]);
}

async function writes(page: Page, chat: FrameLocator, text: string): Promise<void> {
  await chat.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

/** Accepts the customer's conversation when it rings, and answers it. */
async function helps(page: Page, question: string, answer: string): Promise<void> {
  const offer = page.getByRole("group", { name: CUSTOMER });
  await expect(offer).toContainText(question);
  await offer.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("textbox", { name: /^Message to/ }).fill(answer);
  await page.keyboard.press("Enter");
}

async function closes(page: Page, why: string): Promise<void> {
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("textbox", { name: "Why" }).fill(why);
  await page.getByRole("button", { name: "Close it" }).click();
  await expect(page.getByRole("log")).toContainText(`Closed by the agent: ${why}`);
}

test("a policy is written, a visitor is routed by it to the agent they had, and all of it is found again", async ({
  browser,
  server,
}) => {
  test.setTimeout(120_000);
  await trustBrand(server);
  const manager = await comesIn(browser, server, {
    id: "max",
    name: "Max Manager",
    role: "manager",
  });
  await goTo(manager, "Analytics");
  const before = await counted(manager);
  await writesThePolicy(manager);
  const engagement = await opensTheShop(manager);

  const agent = await comesIn(browser, server, {
    id: "mia",
    name: "Mia Agent",
    role: "agent",
    skills: [{ skillId: "1002" }],
  });
  await agent.getByRole("button", { name: /^Availability/ }).click();
  await agent.getByRole("menuitem", { name: /^Online/ }).click();
  await expect(agent.getByRole("button", { name: "Availability: Online" })).toBeVisible();

  const shop = await brand(server, engagement, "127.0.0.1");
  const visitor = await (await browser.newContext()).newPage();
  await visitor.goto(shop.url);
  await visitor.getByRole("button", { name: "Chat" }).click();
  const chat = visitor.frameLocator("iframe");
  await expect(chat.getByRole("heading", { name: "Ask the shop" })).toBeVisible();
  // The brand's page knows who has signed in there.
  await visitor.evaluate((token) => {
    window.usher?.identify(token);
    window.usher?.tell({ customerInfo: { email: "ada@example.com" } });
  }, vouch(CUSTOMER));
  await writes(visitor, chat, "Can I have a loan?");
  await helps(agent, "Can I have a loan?", "You can, wonderful customers always can.");
  await expect(chat.getByText("wonderful customers")).toBeVisible();
  await expect(agent.getByText("This customer was not here before")).toBeVisible();
  await closes(agent, "granted");

  await chat.getByRole("button", { name: "Start a new conversation" }).click();
  await writes(visitor, chat, "Where do I sign it?");
  await helps(agent, "Where do I sign it?", "I send it to you.");
  const contact = agent.getByRole("region", { name: "Last contact" });
  await expect(contact).toContainText("You talked with this customer");
  await expect(chat.getByText("I send it to you.")).toBeVisible();
  await writes(visitor, chat, "Thank you, you are very kind.");
  await expect(agent.getByRole("log")).toContainText("you are very kind");
  await closes(agent, "sent");
  await expect(chat.getByText("This conversation has ended")).toBeVisible();
  shop.close();

  await goTo(manager, "Decisions");
  await manager.getByRole("textbox", { name: "Consumer" }).fill(CUSTOMER);
  await manager.keyboard.press("Enter");
  await expect(manager.getByRole("row").filter({ hasText: "VIPs first" })).toHaveCount(2);
  await manager.getByRole("row").nth(1).getByRole("link").click();
  await expect(manager.getByRole("heading", { level: 1 })).toContainText("VIPs first");
  await expect(manager.getByRole("article").or(manager.getByRole("main"))).toContainText(
    "ada@example.com",
  );

  await goTo(manager, "Policies");
  const row = manager
    .getByRole("region", { name: "Policies in order" })
    .getByRole("listitem")
    .first();
  await expect(row).toContainText("2 matches");

  await goTo(manager, "Analytics");
  await expect(async () => {
    await manager.reload();
    expect(await counted(manager)).toBe(before + 2);
  }).toPass();
  const policies = manager.getByRole("region", { name: "Policies that decided" });
  await expect(policies.getByRole("listitem").filter({ hasText: "VIPs first" })).toContainText("2");
});
