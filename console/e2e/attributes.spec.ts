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
