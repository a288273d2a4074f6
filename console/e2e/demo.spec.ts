import { expect, test } from "./server";

test("who starts the demo finds consumers who wait, and why, and what was decided about them", async ({
  signedIn: page,
}) => {
  await page.goto("/console/live");
  const waiting = page.getByRole("region", { name: "Waiting conversations" });
  const row = (name: string) => waiting.getByRole("listitem").filter({ hasText: name });
  await expect(row("bob")).toContainText("Order desk");
  await expect(row("grace")).toContainText("VIP desk");
  await expect(row("carol")).toContainText("Service");
  await expect(row("grace")).toContainText("The only agent is offline.");

  await row("grace").getByRole("link").first().click();
  const story = page.getByRole("region", { name: "What happened" });
  await expect(story).toContainText("Can you deliver it on Friday instead?");
  await page.getByRole("link", { name: "all that were asked for it" }).click();
  await page.getByRole("row").nth(1).getByRole("link").click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("VIPs to their advisor");
});

test("who opens the emulator chats at once, and sees the decision", async ({ signedIn: page }) => {
  await page.goto("/emulator");
  await page.getByRole("button", { name: "Start the visit" }).click();
  const chat = page.frameLocator('iframe[title="Messenger"]');
  await chat.getByRole("textbox", { name: "Message" }).fill("Hello?");
  await page.keyboard.press("Enter");
  const decisions = page.getByRole("log", { name: "Decisions" });
  await expect(decisions.getByRole("link", { name: "Open this decision" })).toHaveCount(1);
});

test("the agent of the demo comes in by their link, and answers who waits", async ({
  browser,
  server,
}) => {
  const page = await (await browser.newContext({ baseURL: server.url })).newPage();
  await page.goto(server.agentLink);
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
  await page.getByRole("button", { name: "Save and sign in" }).click();
  await page.getByRole("button", { name: /^Availability/ }).click();
  await page.getByRole("menuitem", { name: /^Online/ }).click();
  await page
    .getByRole("group", { name: /^grace for VIP desk/ })
    .getByRole("button", { name: "Accept" })
    .click();
  await expect(page.getByRole("log")).toContainText("Can you deliver it on Friday instead?");
});
