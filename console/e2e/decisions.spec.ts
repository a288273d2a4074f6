import { expect, test } from "./server";

test("a decision is found, opened and explained, and leads to its policy", async ({
  signedIn: page,
  server,
}) => {
  await server.call("POST", "/api/v1/decisions", { conversationId: "demo-vip", consumerId: "ada" });
  await server.call("POST", "/api/v1/decisions", { conversationId: "demo-order" });
  await page.goto("/console/decisions");
  await expect(page.getByRole("row").filter({ hasText: "demo-order" })).toBeVisible();
  await page.getByRole("textbox", { name: "Conversation" }).fill("demo-vip");
  await page.getByRole("textbox", { name: "Conversation" }).press("Enter");
  await expect(page).toHaveURL(/conversation=demo-vip/);
  await expect(page.getByRole("row")).toHaveCount(2);
  await page.getByRole("row").nth(1).getByRole("link").click();

  await expect(page.getByRole("heading", { level: 1 })).toContainText("decided");
  const passedOver = page.getByRole("button", { name: /VIPs to the VIP desk/ });
  await passedOver.click();
  await expect(page).toHaveURL(/policy=/);
  await page.getByRole("button", { name: "What would have made it win?" }).click();
  await expect(page.getByRole("status")).toContainText(
    /It would have won if|would have made it win/,
  );

  await page.getByRole("link", { name: "Open the policy and try it on this" }).click();
  await expect(page.getByRole("region", { name: "Explanation" })).toContainText("ada@example.com");
});

test("filters that leave nothing say so, and are cleared", async ({ signedIn: page }) => {
  await page.goto("/console/decisions?consumer=nobody");
  await expect(page.getByRole("heading", { name: "No decision is like this" })).toBeVisible();
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page).toHaveURL(/\/console\/decisions$/);
});
