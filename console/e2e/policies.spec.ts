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
