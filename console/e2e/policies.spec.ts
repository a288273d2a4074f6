import type { Page } from "@playwright/test";
import { expect, test } from "./server";

const rows = (page: Page) => page.getByRole("button", { name: /^Move / });
const names = async (page: Page) => {
  const links = page.getByRole("region", { name: "Policies in order" }).getByRole("link");
  return links.allInnerTexts();
};

test("a policy is moved by keys, by lifting it and by the mouse, and stays there", async ({
  signedIn: page,
}) => {
  await page.goto("/console/policies");
  await expect(rows(page)).not.toHaveCount(0);
  const [first = "", second = "", third = ""] = await names(page);

  await page.getByRole("link", { name: first }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await expect.poll(() => names(page)).toEqual(expect.arrayContaining([second, first]));
  await expect.poll(async () => (await names(page)).slice(0, 3)).toEqual([second, first, third]);

  await page.getByRole("button", { name: `Move ${first}` }).focus();
  await page.keyboard.press("Space");
  await expect(page.getByText(/place 2 of/)).toBeAttached();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByText(/place 1 of/)).toBeAttached();
  await page.keyboard.press("Space");
  await expect.poll(async () => (await names(page)).slice(0, 3)).toEqual([first, second, third]);

  const from = await page.getByRole("button", { name: `Move ${third}` }).boundingBox();
  const to = await page.getByRole("button", { name: `Move ${first}` }).boundingBox();
  if (!from || !to) throw new Error("the handles are on the screen");
  await page.mouse.move(from.x + 8, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(from.x + 8, from.y - 20, { steps: 4 });
  await page.mouse.move(to.x + 8, to.y + 4, { steps: 8 });
  await page.mouse.up();
  await expect.poll(async () => (await names(page)).slice(0, 3)).toEqual([third, first, second]);

  await page.reload();
  await expect.poll(async () => (await names(page)).slice(0, 3)).toEqual([third, first, second]);
});

test("a policy is switched, searched for, copied, deleted and brought back", async ({
  signedIn: page,
}) => {
  await page.goto("/console/policies");
  const name = "Nights and weekends";
  const toggle = page.getByRole("switch", { name: `${name} is enabled` });
  await expect(toggle).toBeChecked();
  await toggle.press("Space");
  await expect(toggle).not.toBeChecked();
  await page.reload();
  await expect(toggle).not.toBeChecked();
  await toggle.press("Space");
  await expect(toggle).toBeChecked();

  await page.getByRole("searchbox", { name: "Search policies" }).fill("night");
  await expect(rows(page)).toHaveCount(1);
  await expect(page).toHaveURL(/find=night/);
  await page.getByRole("searchbox", { name: "Search policies" }).fill("");
  await expect(rows(page)).not.toHaveCount(1);
  const before = await names(page);

  await page.getByRole("button", { name: `More about ${name}` }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(rows(page)).toHaveCount(before.length - 1);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => names(page)).toEqual(before);
  await expect(page.getByRole("switch", { name: `${name} is enabled` })).toBeChecked();
});

test("policies are imported once what they would do has been seen, and mistakes keep all out", async ({
  signedIn: page,
  server,
}) => {
  await page.goto("/console/policies");
  await expect(rows(page)).not.toHaveCount(0);
  const before = (await names(page)).length;
  await page.getByRole("button", { name: "More about policies" }).click();
  await page.getByRole("menuitem", { name: "Import" }).click();
  await expect(page).toHaveURL(/dialog=import/);
  const dialog = page.getByRole("dialog", { name: "Import policies" });
  const take = dialog.getByRole("button", { name: "Import", exact: true });
  await expect(take).toHaveAttribute("aria-disabled", "true");
  const text = dialog.getByRole("textbox", { name: "Policies as JSON" });
  const written = (value: unknown) => ({
    name: "Refunds",
    enabled: true,
    conditions: [{ property: "orchestrator.intent", type: "EQUAL", value }],
    actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "1001" } }],
  });
  await text.fill("[{");
  await expect(dialog.getByRole("alert")).toContainText("Nothing would be imported");
  await text.fill(JSON.stringify([written("refund"), { ...written("x"), actions: "none" }]));
  await expect(dialog.getByRole("alert")).toContainText("Policy 2, “Refunds”");
  await expect(take).toHaveAttribute("aria-disabled", "true");

  const file = JSON.stringify([written("refund"), { ...written("x"), name: "Odd" }]);
  await dialog.locator('input[type="file"]').setInputFiles({
    name: "policies.json",
    mimeType: "application/json",
    buffer: Buffer.from(file),
  });
  await expect(dialog.getByRole("status")).toContainText("2 policies new.");
  await dialog.getByRole("radio", { name: "go, unless they are among these" }).check();
  await expect(dialog.getByRole("status")).toContainText(`${before} deleted`);
  await dialog.getByRole("radio", { name: "stay, and these follow" }).check();
  await dialog.getByRole("checkbox", { name: "Those that are on in the file" }).check();
  await expect(dialog.getByRole("status")).not.toContainText("deleted");
  expect(await names(page)).toHaveLength(before);
  await take.click();
  await expect(dialog).toBeHidden();
  await expect.poll(async () => (await names(page)).slice(-2)).toEqual(["Refunds", "Odd"]);
  await expect(page.getByRole("switch", { name: "Refunds is enabled" })).toBeChecked();
  const { items } = Object(await server.call("GET", "/api/v1/policies"));
  for (const { id, name } of items) {
    if (name === "Refunds" || name === "Odd") await server.call("DELETE", `/api/v1/policies/${id}`);
  }
});

test("what a policy changes for the others is said before and after, and taken back", async ({
  signedIn: page,
  server,
}) => {
  const policy = {
    name: "Everything to the outage line",
    expression: "orchestrator.intent != ''",
    actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "1004" } }],
  };
  const { id } = Object(await server.call("POST", "/api/v1/policies", policy));
  await server.call("POST", `/api/v1/policies/${id}/move`, { position: 0 });
  await server.call("POST", "/api/v1/decisions", { conversationId: "demo-order" });
  await page.goto(`/console/policies/${id}?side=effect`);
  const effect = page.getByRole("tabpanel", { name: "Effect" });
  await expect(effect.getByRole("status")).toContainText(/Switched on, .* elsewhere/);
  await expect(effect.getByRole("listitem").first()).toContainText(
    "→ “Everything to the outage line”",
  );
  await effect.getByRole("listitem").first().getByRole("link").click();
  await expect(page).toHaveURL(/\/decisions\//);

  await page.goto("/console/policies");
  const toggle = page.getByRole("switch", { name: `${policy.name} is enabled` });
  await toggle.press("Space");
  const told = page.getByRole("alert").filter({ hasText: `“${policy.name}” is on` });
  await expect(told).toContainText("would go elsewhere");
  await expect(told).toContainText(`→ “${policy.name}”`);
  await told.getByRole("button", { name: "Undo" }).click();
  await expect(toggle).not.toBeChecked();
  const enabled = async () => Object(await server.call("GET", `/api/v1/policies/${id}`)).enabled;
  await expect.poll(enabled).toBe(false);
  await server.call("DELETE", `/api/v1/policies/${id}`);
});
