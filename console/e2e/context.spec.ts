import { expect, test } from "./server";

test("a document is written, changed with its life kept, deleted and brought back", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/context");
  await page.getByRole("button", { name: "New document" }).click();
  const asks = page.getByRole("dialog", { name: "New document" });
  await asks.getByRole("textbox", { name: "Namespace" }).fill("crm");
  await asks.getByRole("textbox", { name: "Session" }).fill("grace");
  await asks.getByRole("button", { name: "Write it" }).click();
  const typed = page.getByRole("textbox", { name: "Properties as JSON" });
  await typed.fill('{"tier": ');
  await expect(page.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  await typed.fill('{"tier": "gold"}');
  await page.getByRole("combobox", { name: "Lives until" }).selectOption("a week from now");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("crm/grace is saved; the next decision reads it.")).toBeVisible();
  await expect(page.getByText(/^1 property, [67] days left/)).toBeVisible();

  const read = async () => Object(await server.call("GET", "/api/v1/context/crm/grace"));
  const before = Date.parse((await read()).expiresAt);
  await typed.fill('{"tier": "silver", "since": 2019}');
  await page.keyboard.press("Control+s");
  await expect.poll(async () => (await read()).properties).toEqual({ tier: "silver", since: 2019 });
  // The life is told in seconds, so it may shift by one.
  expect(Math.abs(Date.parse((await read()).expiresAt) - before)).toBeLessThan(2_000);

  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("heading", { name: "There is no document" })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: "grace" })).toBeVisible();
  expect((await read()).properties).toEqual({ tier: "silver", since: 2019 });
});

test("of many documents only those are drawn that are seen, and all are reached", async ({
  signedIn: page,
  server,
}) => {
  for (let at = 100; at < 220; at += 1) {
    await server.call("PUT", `/api/v1/context/many/session-${at}`, { properties: { at } });
  }
  await page.goto("/console/context/many");
  const list = page.getByRole("region", { name: "All of many" }).getByRole("list");
  await expect(page.getByRole("link", { name: "session-100" })).toBeVisible();
  expect(await list.getByRole("listitem").count()).toBeLessThan(50);
  await list.hover();
  await expect(async () => {
    await page.mouse.wheel(0, 4_000);
    await expect(page.getByRole("link", { name: "session-219" })).toBeVisible({ timeout: 300 });
  }).toPass();
  await page.getByRole("textbox", { name: "Session" }).fill("session-150");
  await page.getByRole("button", { name: "Open" }).click();
  await expect(page.getByRole("textbox", { name: "Properties as JSON" })).toContainText(
    '"at": 150',
  );
});

test("a consumer is found, and erased with a report", async ({ signedIn: page, server }) => {
  await server.call("PUT", "/api/v1/context/crm/ada", { properties: { tier: "gold", since: 1 } });
  await server.call("PUT", "/api/v1/context/shop/ada", { properties: { cart: [] } });
  await server.call("PATCH", "/api/v1/consumers/ada/sdes", {
    customerInfo: { customerType: "gold" },
  });
  const opened = { consumerId: "ada", skillId: "1004", message: "Hello" };
  await server.call("POST", "/api/v1/conversations", opened);
  await page.goto("/console/context");
  await page.getByRole("textbox", { name: "Consumer" }).fill("ada");
  await page.getByRole("button", { name: "Find the consumer" }).click();
  await expect(
    page.getByText("2 context documents, engagement attributes and 1 conversation are kept"),
  ).toBeVisible();
  await expect(page.getByRole("region", { name: "crm" })).toContainText("tier");
  await page.getByRole("button", { name: "Erase" }).click();
  const asks = page.getByRole("dialog", { name: "Erase everything kept of ada?" });
  await expect(asks).toContainText("2 documents (crm, shop)");
  await asks.getByRole("button", { name: "Erase" }).click();
  const report = page.getByRole("status").filter({ hasText: "Everything is erased" });
  await expect(report).toContainText("the document in crm, with 2 properties");
  await expect(report).toContainText(/[1-9] engagement attributes/);
  await expect(report).toContainText("1 conversation");
  await expect(page.getByRole("region", { name: "crm" })).toHaveCount(0);
  expect(await server.call("GET", "/api/v1/consumers/ada")).toEqual({
    conversations: 0,
    documents: [],
  });
});
