import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { ACCOUNT, brand, trustBrand, vouch } from "./brand";
import { answer, floor, newest, saidIn, sayAsAgent, type } from "./floor";
import { expect, test } from "./server";

const visit = (skillId: string) => `/messenger?account=${ACCOUNT}&skill=${skillId}`;
const standing = (page: Page) => page.getByRole("banner").getByRole("status");

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

test("a visitor waits, is answered, loses the server for a while, and says how it was", async ({
  page,
  server,
  browser,
}) => {
  const desk = await floor(server);
  await server.call("POST", "/api/v1/conversations", { skillId: desk.skillId, message: "First" });
  await page.goto(visit(desk.skillId));
  await write(page, "My parcel is late.");
  await expect(standing(page)).toHaveText("1 person is before you.");
  const id = await newest(server, desk);

  await answer(server, desk, id);
  await expect(standing(page)).toHaveText(`${desk.nickname} answers you`);
  await type(browser, server, desk, id);
  await expect(page.getByText(`${desk.nickname} is typing`)).toBeAttached();
  await sayAsAgent(server, desk, id, "I look into it: https://brand.example/parcels?id=7.");
  const log = page.getByRole("log");
  await expect(log.getByRole("link")).toHaveAttribute("href", "https://brand.example/parcels?id=7");
  await expect(page.getByText(`${desk.nickname} is typing`)).toHaveCount(0);

  await server.kill();
  await write(page, "Take your time.");
  await write(page, "I can wait.");
  await expect(log.getByText("Not sent yet; it is tried again").first()).toBeVisible();
  await expect(standing(page)).toContainText("No connection");
  await page.getByRole("textbox", { name: "Message" }).fill("half a sen");
  await server.startAgain();
  await expect(log.getByText("Not sent yet")).toHaveCount(0);
  await expect(standing(page)).toHaveText(`${desk.nickname} answers you`);
  await sayAsAgent(server, desk, id, "Found it.");
  await expect(log).toContainText("Found it.");
  expect((await saidIn(server, id)).slice(-3)).toEqual([
    "Take your time.",
    "I can wait.",
    "Found it.",
  ]);

  await page.reload();
  await expect(log.getByText("Found it.")).toHaveCount(1);
  await expect(log.getByText("I can wait.")).toHaveCount(1);
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("half a sen");

  await server.call("POST", `/api/v1/conversations/${id}/dialogs/${id}/close`);
  await expect(log).toContainText("How was it?");
  await page.getByRole("button", { name: "5, very good" }).click();
  await expect(log).toContainText("Thank you.");
  await expect(standing(page)).toHaveText("This conversation has ended");
  expect(Object(await server.call("GET", `/api/v1/conversations/${id}`)).csat).toBe(5);

  await page.getByRole("button", { name: "Start a new conversation" }).click();
  await expect(log.getByText("Found it.")).toHaveCount(0);
  await write(page, "One more thing.");
  await expect.poll(() => newest(server, desk)).not.toBe(id);
});

test("what is written before there is a connection is sent once, though the page is left", async ({
  page,
  server,
}) => {
  const desk = await floor(server);
  await page.goto(visit(desk.skillId));
  await expect(page.getByRole("textbox", { name: "Message" })).toBeFocused();
  // The answer to the opening is lost: nobody knows whether it happened.
  let losses = 0;
  await page.route("**/api/v1/conversations", async (route) => {
    losses += 1;
    await route.fetch();
    await route.abort();
  });
  await write(page, "Is anybody there?");
  await expect(page.getByText("Not sent yet; it is tried again")).toBeVisible();
  expect(losses).toBeGreaterThan(0);
  await page.unroute("**/api/v1/conversations");
  await page.reload();
  await expect(standing(page)).toHaveText("You are next.");
  const found = await server.call("GET", `/api/v1/conversations?skillId=${desk.skillId}`);
  expect(Object(found).items).toHaveLength(1);
  expect(await saidIn(server, Object(found).items[0].id)).toEqual(["Is anybody there?"]);
});

test("a message that the server refuses says why, and is written anew", async ({
  page,
  server,
}) => {
  const desk = await floor(server);
  await page.goto(visit(desk.skillId));
  await write(page, "Hello");
  const id = await newest(server, desk);
  await expect(standing(page)).toHaveText("You are next.");
  await page.route("**/messages", (route) =>
    route.fulfill({
      status: 422,
      contentType: "application/problem+json",
      body: JSON.stringify({ code: "FIELD_INVALID", status: 422, detail: "That is too much." }),
    }),
  );
  await write(page, "A long story");
  await expect(page.getByRole("alert")).toContainText("That is too much.");
  await page.getByRole("button", { name: "Write it anew" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("A long story");
  await page.unroute("**/messages");
  await page.keyboard.press("Enter");
  await expect.poll(() => saidIn(server, id)).toEqual(["Hello", "A long story"]);
});

test("a visitor ends the conversation, asked twice", async ({ page, server }) => {
  const desk = await floor(server);
  await page.goto(visit(desk.skillId));
  await write(page, "Hello");
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("button", { name: "End the conversation" }).click();
  await page.getByRole("button", { name: "Skip" }).click();
  await expect(standing(page)).toHaveText("This conversation has ended");
});

test("what stands beside a message can be pressed until it is answered", async ({
  page,
  server,
}) => {
  const desk = await floor(server);
  await page.goto(visit(desk.skillId));
  await write(page, "Do you have it?");
  const id = await newest(server, desk);
  await answer(server, desk, id);
  const button = (title: string, action: object) => ({
    type: "button",
    title,
    click: { actions: [action] },
  });
  await server.call("POST", `/api/v1/conversations/${id}/messages`, {
    asAgent: desk.agentId,
    text: "In blue or in red?",
    content: {
      type: "vertical",
      elements: [
        button("Look at both", { type: "link", uri: "https://brand.example/both" }),
        button("Blue", { type: "publishText", text: "The blue one." }),
        button("Red", { type: "publishText", text: "The red one." }),
      ],
    },
  });
  const choices = page.getByRole("list", { name: "Choices" });
  await expect(choices.getByRole("link", { name: "Look at both" })).toHaveAttribute(
    "href",
    "https://brand.example/both",
  );
  await choices.getByRole("button", { name: "Blue" }).click();
  await expect.poll(() => saidIn(server, id)).toContain("The blue one.");
  await expect(choices.getByRole("button", { name: "Red" })).toBeDisabled();
});

test("an engagement that is not there is said to be so", async ({ page }) => {
  await page.goto(`/messenger?account=${ACCOUNT}&engagement=nowhere`);
  await expect(page.getByRole("alert")).toContainText("has no engagement `nowhere`");
});

test("the tag opens the messenger on a site of somebody else, and counts what is unread", async ({
  page,
  server,
}) => {
  const desk = await floor(server);
  const look = { title: "Ask the shop", greeting: "Hi! What is it?", color: "#ffe066" };
  const shop = { id: `shop-${desk.skillId}`, name: `Shop ${desk.skillId}`, messenger: look };
  await server.call("POST", "/api/v1/engagements", { ...shop, skillId: desk.skillId });
  const site = await brand(server, shop.id, "127.0.0.1");
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", ({ message }) => complaints.push(message));
  await page.goto(`${site.url}plain`);
  const before = await page.evaluate(() => Object.keys(window));
  await page.goto(site.url);
  const launcher = page.getByRole("button", { name: /^Chat/ });
  await launcher.click();
  const chat = page.frameLocator("iframe");
  await expect(chat.getByRole("heading", { name: look.title })).toBeVisible();
  await expect(chat.getByText(look.greeting)).toBeVisible();
  await expect(chat.getByRole("textbox", { name: "Message" })).toBeFocused();
  await chat.getByRole("textbox", { name: "Message" }).fill("Do you have it in blue?");
  await page.keyboard.press("Enter");
  const id = await newest(server, desk);
  await answer(server, desk, id);
  await expect(chat.getByText(`${desk.nickname} answers you`)).toBeVisible();

  await page.keyboard.press("Escape");
  await expect(launcher).toBeFocused();
  await sayAsAgent(server, desk, id, "We do.");
  await expect(page.getByRole("button", { name: "Chat, 1 unread message" })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Chat, 1 unread message" }).click();
  await expect(chat.getByText("We do.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Chat", exact: true })).toBeVisible();

  // A brand that switches the engagement off invites nobody, and cuts nobody off.
  await server.call("PATCH", `/api/v1/engagements/${shop.id}`, { isEnabled: false });
  const away = await page.context().browser()?.newContext();
  const other = await away?.newPage();
  await other?.goto(site.url);
  await expect(other?.locator("iframe") ?? page.locator("nothing")).toBeAttached();
  await expect(other?.getByRole("button", { name: /^Chat/ }) ?? page.locator("body")).toBeHidden();
  await away?.close();

  expect(complaints).toEqual([]);
  const added = await page.evaluate(
    (known) => Object.keys(window).filter((name) => !known.includes(name)),
    before,
  );
  expect(added).toEqual(["usher"]);
  site.close();
});

test("who signs in takes the conversation along, and who signs out leaves nothing behind", async ({
  page,
  server,
}) => {
  await trustBrand(server);
  const desk = await floor(server);
  const shop = { id: `in-${desk.skillId}`, name: `In ${desk.skillId}`, skillId: desk.skillId };
  await server.call("POST", "/api/v1/engagements", shop);
  const site = await brand(server, shop.id, "localhost");
  await page.goto(site.url);
  await page.getByRole("button", { name: "Chat" }).click();
  const chat = page.frameLocator("iframe");
  await chat.getByRole("textbox", { name: "Message" }).fill("Where is my order?");
  await page.keyboard.press("Enter");
  const id = await newest(server, desk);
  await expect(chat.getByRole("banner").getByRole("status")).toHaveText("You are next.");

  const token = vouch("carol");
  await page.evaluate((token) => window.usher?.identify(token), token);
  const consumer = async () =>
    Object(await server.call("GET", `/api/v1/conversations/${id}`)).consumerId;
  await expect.poll(consumer).toBe("carol");
  await expect(chat.getByText("Where is my order?")).toBeVisible();

  // On another browser she finds it again, as soon as the brand says who she is.
  const context = await page.context().browser()?.newContext();
  const elsewhere = await context?.newPage();
  await elsewhere?.goto(site.url);
  await elsewhere?.getByRole("button", { name: "Chat" }).click();
  await elsewhere?.evaluate((token) => window.usher?.identify(token), token);
  const there = elsewhere?.frameLocator("iframe") ?? chat;
  await expect(there.getByText("Where is my order?")).toBeVisible();
  await elsewhere?.evaluate(() => window.usher?.forget());
  await expect(there.getByText("Where is my order?")).toHaveCount(0);
  await elsewhere?.reload();
  await elsewhere?.getByRole("button", { name: "Chat" }).click();
  await expect(there.getByRole("textbox", { name: "Message" })).toBeVisible();
  await expect(there.getByText("Where is my order?")).toHaveCount(0);
  await context?.close();
  site.close();
});

test("who has signed in to the console is a visitor here", async ({ signedIn: page, server }) => {
  const desk = await floor(server);
  await page.goto(visit(desk.skillId));
  await write(page, "Hello");
  const id = await newest(server, desk);
  await answer(server, desk, id);
  await expect(standing(page)).toHaveText(`${desk.nickname} answers you`);
});

test("the first load is less than 60 kB", async ({ page, server }) => {
  const desk = await floor(server);
  const sizes: number[] = [];
  page.on("requestfinished", async (request) => {
    sizes.push((await request.sizes()).responseBodySize);
  });
  await page.goto(visit(desk.skillId), { waitUntil: "networkidle" });
  expect(sizes.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme}, 320 pixels wide`, () => {
    // What comes in slowly is read when it is there.
    const contextOptions = { reducedMotion: "reduce" } as const;
    test.use({ colorScheme, viewport: { width: 320, height: 568 }, contextOptions });

    test("everything can be reached and read", async ({ page, server }) => {
      const desk = await floor(server);
      const shop = { id: `small-${desk.skillId}`, name: `Small ${desk.skillId}` };
      const messenger = { title: "A shop with quite a long name", color: "#ffe066" };
      await server.call("POST", "/api/v1/engagements", {
        ...shop,
        skillId: desk.skillId,
        messenger,
      });
      await page.goto(`/messenger?account=${ACCOUNT}&engagement=${shop.id}`);
      const look = async (what: string) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        const told = violations.map(({ id, nodes }) => `${what}: ${id}: ${nodes[0]?.html}`);
        expect(told).toEqual([]);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(width, what).toBeLessThanOrEqual(320);
      };
      await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
      await look("at first");
      await write(page, `Averylongword${"andmore".repeat(20)}`);
      const id = await newest(server, desk);
      await answer(server, desk, id);
      await sayAsAgent(server, desk, id, "Good morning.");
      await expect(page.getByText("Good morning.")).toBeVisible();
      await look("in the middle");
      await page.getByRole("button", { name: "End", exact: true }).click();
      await look("asked whether to end");
      await page.getByRole("button", { name: "End the conversation" }).click();
      await expect(page.getByRole("button", { name: "3, all right" })).toBeVisible();
      await look("asked how it was");
      await page.getByRole("button", { name: "3, all right" }).press("Enter");
      await expect(page.getByRole("button", { name: "Start a new conversation" })).toBeVisible();
      await look("at the end");
    });
  });
}
