import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, type Server, test } from "./server";

/** Opens a conversation in the skill and returns its path. */
async function open(server: Server, skillId: string): Promise<string> {
  const body = { skillId, channel: "SMS", message: "Hello? I like this." };
  const opened = await server.call("POST", "/api/v1/conversations", body);
  if (typeof opened !== "object" || opened === null || !("id" in opened))
    throw new Error("expected a conversation");
  return `/api/v1/conversations/${opened.id}`;
}

/** Waits for the figures: the charts are loaded with the first look at them. */
async function answered(page: Page, words: RegExp): Promise<void> {
  await expect(page.getByRole("status")).toContainText(words, { timeout: 20_000 });
}

test.beforeAll(async ({ server }) => {
  const skill = { id: "analysed", name: "Analysed" };
  await server.call("POST", "/api/v1/skills", skill);
  const agent = { id: "analyst", name: "Ann Analyst", skills: [{ skillId: "analysed" }] };
  await server.call("POST", "/api/v1/users", { ...agent, kind: "HUMAN", role: "agent" });
  // One gives up, one is helped.
  const given = await open(server, "analysed");
  await server.call("POST", `${given}/close`, {});
  const availability = { status: "ONLINE", leaseSeconds: 600 };
  await server.call("PUT", "/api/v1/agents/analyst/availability", availability);
  const helped = await open(server, "analysed");
  await server.call("POST", `${helped}/take-over`, { agentId: "analyst", force: true });
  await server.call("POST", `${helped}/close`, {});
  await server.call("POST", "/api/v1/decisions", { conversationId: "nobody" });
});

test("a period is answered in sentences, charts, tables and a file", async ({ signedIn: page }) => {
  await page.goto("/console/policies");
  await page.getByRole("link", { name: "Analytics" }).click();
  await answered(page, /[1-9]\d* conversation/);
  await expect(page.getByRole("status")).toContainText("gave up waiting");
  await expect(page.getByRole("img", { name: /^Conversations/ })).toBeVisible();

  await page.getByText("Tables", { exact: true }).click();
  await expect(page).toHaveURL(/show=tables/);
  const table = page.getByRole("region", { name: "Conversations as a table" });
  await expect(table.getByRole("row")).toHaveCount(8);

  await page.getByText("Today", { exact: true }).click();
  await expect(page).toHaveURL(/span=today/);
  await expect(table.getByRole("row").nth(24)).toBeAttached();

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  const file = await readFile(await (await download).path(), "utf8");
  expect(file).toMatch(/^from,to,conversations,closed,abandoned,/);
});

test("a skill is found among the others and looked at alone", async ({ signedIn: page }) => {
  await page.goto("/console/analytics?group=skill");
  await answered(page, /conversation/);
  const skills = page.getByRole("region", { name: "By skill" });
  const row = skills.getByRole("row", { name: /Analysed/ });
  await expect(row).toContainText("50%");
  await skills.getByRole("button", { name: "Gave up" }).click();
  await expect(page).toHaveURL(/sort=abandoned/);
  await skills.getByRole("link", { name: "Analysed" }).click();
  await expect(page).toHaveURL(/id=analysed/);
  await expect(page.getByRole("status")).toContainText("with Analysed");
  await expect(page.getByRole("region", { name: "Policies that decided" })).toBeHidden();
  await page.getByRole("link", { name: "Only Analysed; show all" }).click();
  await expect(skills).toBeVisible();
});

test("decisions that matched nothing lead to the log", async ({ signedIn: page }) => {
  await page.goto("/console/analytics?span=today");
  await answered(page, /conversation/);
  await page.getByRole("link", { name: "Those that matched nothing" }).click();
  await expect(page).toHaveURL(/decisions\?outcome=NO_MATCH/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`charts and tables shut nobody out in ${colorScheme}`, async ({ signedIn: page }) => {
    await page.emulateMedia({ colorScheme });
    for (const place of ["?span=today&group=agent", "?show=tables"]) {
      await page.goto(`/console/analytics${place}`);
      await answered(page, /for a person/);
      await page.waitForLoadState("networkidle");
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    }
  });
}

test("days in which nothing happened say so", async ({ signedIn: page }) => {
  await page.goto("/console/analytics?from=2020-01-01&to=2020-01-03");
  await expect(page.getByRole("heading", { name: "Nothing happened in these days" })).toBeVisible();
});
