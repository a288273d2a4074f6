import { expect, test } from "./server";

test("a list is made from a file, changed, used, deleted and brought back", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/attributes");
  await page.getByRole("button", { name: "New attribute" }).click();
  await page.getByLabel("Name").fill("goldList");
  await page.locator("input[type=file]").setInputFiles({
    name: "gold.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("ada@example.com,1\ngrace@example.com,2\n"),
  });
  await expect(page.getByText("2 items", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "custom.goldList" })).toBeVisible();
  await page.getByLabel("Value").fill("ada@example.com\ncarol@example.com\nbob@example.com");
  await page.getByRole("button", { name: "Save" }).click();
  const kept = async () => {
    const attributes: unknown = await server.call("GET", "/api/v1/attributes");
    return JSON.stringify(attributes);
  };
  await expect.poll(kept).toContain('["ada@example.com","carol@example.com","bob@example.com"]');

  await page.getByLabel("Value").fill("dora@example.com");
  page.once("dialog", (dialog) => void dialog.dismiss());
  await page.getByRole("link", { name: "Close the attribute" }).click();
  await expect(page.getByLabel("Value")).toHaveValue("dora@example.com");

  await page.getByRole("button", { name: "Delete" }).click();
  await expect.poll(kept).not.toContain("custom.goldList");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(kept).toContain('["ada@example.com","carol@example.com","bob@example.com"]');
});

test("an attribute is found, and leads to the policies that use it", async ({ signedIn: page }) => {
  await page.goto("/console/attributes?own=yes");
  await page.getByRole("searchbox", { name: "Search attributes" }).fill("vipList");
  await page.getByRole("link", { name: "custom.vipList" }).click();
  await page.getByRole("link", { name: "VIPs to the VIP desk" }).click();
  await expect(page.getByRole("heading", { name: "VIPs to the VIP desk" })).toBeVisible();
});

test("an attribute that a function answers is made, checked, and asked by a decision", async ({
  signedIn: page,
  server,
}) => {
  const source = "function lambda(input) { return input.payload.who === 'ada' ? 'gold' : 'none'; }";
  const made = await server.call("POST", "/api/v1/functions", { name: "Tier of", source });
  await server.call("POST", `/api/v1/functions/${Object(made).id}/deploy`);
  await page.goto("/console/attributes/new");
  await page.getByText("A function answers", { exact: true }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("tier");
  await expect(page.getByRole("button", { name: "Save" })).toHaveAttribute("aria-disabled", "true");
  await page.getByRole("combobox", { name: "Function" }).click();
  await page.getByRole("option", { name: /^Tier of/ }).click();
  await expect(page.getByText("Version 1 answers.")).toBeVisible();
  await page.getByRole("button", { name: "Add a parameter" }).click();
  await page.getByRole("textbox", { name: "Name of parameter 1" }).fill("who");
  await page.getByRole("combobox", { name: "Value of parameter 1" }).fill("consumer.id");
  await page.keyboard.press("Escape");

  const check = page.getByRole("region", { name: "Check it" });
  await check.getByRole("textbox", { name: "consumer.id" }).fill("ada");
  await expect(check).toContainText('It is given {"who":"ada"}');
  await check.getByRole("button", { name: "Ask the function" }).click();
  await expect(check.getByRole("region", { name: "Answer" })).toContainText('"gold"');

  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("custom.tier is saved; the next decision asks it.")).toBeVisible();
  const policy = {
    name: "Gold first",
    expression: "custom.tier == 'gold'",
    actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "1001" } }],
  };
  const { id } = Object(await server.call("POST", "/api/v1/policies", policy));
  await server.call("POST", `/api/v1/policies/${id}/move`, { position: 0 });
  await server.call("POST", `/api/v1/policies/${id}/enable`);
  const decided = await server.call("POST", "/api/v1/decisions", { consumerId: "ada" });
  expect(Object(decided).policy.name).toBe("Gold first");
  await server.call("DELETE", `/api/v1/policies/${id}`);

  await page.getByRole("textbox", { name: "Keep an answer for" }).fill("60");
  await page.getByRole("button", { name: "Save" }).click();
  await expect
    .poll(async () => JSON.stringify(await server.call("GET", "/api/v1/attributes")))
    .toContain('"cacheSeconds":60');
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect
    .poll(async () => JSON.stringify(await server.call("GET", "/api/v1/attributes")))
    .toContain('"cacheSeconds":60');
});
