import { expect, test } from "./server";

test("an engagement is made, seen as visitors will, changed, deleted and brought back", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/engagements");
  await page.getByRole("button", { name: "New engagement" }).click();
  await expect(page.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("textbox", { name: "Name" }).fill("Checkout");
  await page.getByRole("textbox", { name: "Id" }).fill("checkout");
  await page.getByRole("combobox", { name: "Skill" }).fill("Order");
  await page.getByRole("option", { name: "Order desk" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Ask us");
  await page.getByRole("textbox", { name: "Greeting" }).fill("Stuck? We help.");
  await page.getByRole("textbox", { name: "Colour of your brand" }).fill("#0b7285");
  const preview = page.frameLocator('iframe[title="Preview"]');
  await expect(preview.getByRole("heading", { name: "Ask us" })).toBeVisible();
  await expect(preview.getByText("Stuck? We help.")).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  const tag = page.getByRole("region", { name: "Tag" });
  await expect(tag).toContainText(`src="${server.url}/messenger.js"`);
  await expect(tag).toContainText('data-engagement="checkout"');
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await tag.getByRole("button", { name: "Copy" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toContain('data-account="demo"');

  const save = page.getByRole("button", { name: "Save" });
  await expect(save).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("switch", { name: "Conversations may begin here" }).press("Space");
  await save.click();
  await expect(save).toHaveAttribute("aria-disabled", "true");
  const kept = async () => JSON.stringify(await server.call("GET", "/api/v1/engagements"));
  await expect.poll(kept).toContain('"isEnabled":false');
  await page.getByRole("link", { name: "Close the engagement" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "Checkout" })).toContainText("off");

  await page.getByRole("link", { name: "Checkout" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect.poll(kept).not.toContain("checkout");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(kept).toContain('"color":"#0b7285"');
});

test("a visit is tried, and each decision stands beside it with its reasons", async ({
  signedIn: page,
  server,
}) => {
  const front = await server.call("POST", "/v2/orchestrator/skills", { skillName: "Service" });
  await page.goto("/emulator");
  await expect(page).toHaveURL(/\/console\/emulator/);
  await page.getByRole("combobox", { name: "Where they come in" }).fill("maven:Service");
  await page.getByRole("option", { name: "maven:Service" }).click();
  await expect(page).toHaveURL(new RegExp(`skill=${Object(front).skillId}`));
  await page.getByRole("combobox", { name: "Who visits" }).selectOption("Asks about an order");
  const chat = page.frameLocator('iframe[title="Messenger"]');
  await expect(chat.getByRole("textbox", { name: "Message" })).toBeDisabled();
  await page.getByRole("button", { name: "Start the visit" }).click();
  await expect(chat.getByRole("textbox", { name: "Message" })).toBeEnabled();
  await chat.getByRole("textbox", { name: "Message" }).fill("Where is my order?");
  await page.keyboard.press("Enter");
  const decisions = page.getByRole("log", { name: "Decisions" });
  await expect(decisions).toContainText(
    "“Orders to the order desk, VIPs to their advisor” decided",
  );
  await expect(decisions).toContainText("order status");
  await expect(decisions.getByRole("link", { name: "Open this decision" })).toBeVisible();
  await expect(page).toHaveURL(/conversation=/);
  await page.reload();
  await expect(decisions).toContainText("decided");
});
