import { expect, test } from "./server";

test("a change is found by what it was of, and shows what was before and after", async ({
  signedIn: page,
  server,
}) => {
  const attribute = { name: "season", kind: "STATIC", valueType: "STRING", value: "summer" };
  await server.call("POST", "/api/v1/attributes", attribute);
  await server.call("PUT", "/api/v1/attributes/season", { ...attribute, value: "autumn" });

  await page.goto("/console/settings/audit");
  await page.getByRole("textbox", { name: "Of what" }).fill("attribute/season");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/target=attribute%2Fseason/);
  const rows = page.getByRole("region", { name: "All of Audit" }).getByRole("listitem");
  await expect(rows).toHaveCount(2);
  await page.getByRole("link", { name: "Changed attribute “season”" }).click();
  const change = page.getByRole("region", { name: "What changed" });
  await expect(change).toContainText('− "value": "summer"'.replace("− ", "−   "));
  await expect(change).toContainText('+   "value": "autumn"');

  // The address is enough to see it, and the filter is in it.
  await page.reload();
  await expect(change).toContainText('+   "value": "autumn"');
  await expect(rows).toHaveCount(2);
  await page.getByRole("link", { name: "open it" }).click();
  await expect(page.getByRole("heading", { name: "custom.season" })).toBeVisible();
});

test("the log is narrowed down by kind and by day", async ({ signedIn: page, server }) => {
  await server.call("POST", "/api/v1/webhooks", { url: "https://example.com/audited" });
  await page.goto("/console/settings/audit");
  await page.getByRole("combobox", { name: "Kind of change" }).selectOption("Of a webhook");
  await expect(page).toHaveURL(/action=webhook/);
  const rows = page.getByRole("region", { name: "All of Audit" }).getByRole("listitem");
  await expect(rows.first()).toContainText("Added webhook “https://example.com/audited”");
  await page.getByLabel("To the day").fill("2020-01-01");
  await expect(page.getByRole("heading", { name: "Nothing was changed like this" })).toBeVisible();
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(rows.first()).toBeVisible();
});
