import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { madePlaces } from "./places";
import { expect, test } from "./server";

const PLACES = [
  "/console/workspace",
  "/console/settings/workspace",
  "/console/policies",
  "/console/policies/new",
  "/console/policies/new?view=expression",
  "/console/policies/new?view=json",
  "/console/policies/new?side=effect",
  "/console/policies?dialog=import",
  "/console/decisions",
  "/console/attributes",
  "/console/analytics",
  "/console/analytics?group=skill&show=tables",
  "/console/engagements",
  "/console/engagements/new",
  "/console/engagements/shop",
  "/console/emulator",
  "/console/emulator?engagement=shop",
  "/console/settings/last-agent",
  "/console/settings/access",
  "/console/settings/access/new",
  "/console/settings/audit",
  "/console/webhooks",
  "/console/webhooks/new",
  "/console/dead-letters",
  "/console/functions",
  "/console/functions/new",
  "/console/functions/new?tab=settings",
  "/console/functions/secrets",
  "/console/functions/domains",
  "/console/context",
  "/console/context/orchestrator",
  "/console/context/orchestrator/demo-order",
  "/console/consumers/ada",
  "/console/live",
  "/console/conversations",
  "/console/skills",
  "/console/skills/1001",
  "/console/skills/new",
  "/console/skills?import=yes",
  "/console/users",
  "/console/users/new",
  "/console/users/4711",
  "/console/users?dialog=groups",
  "/console/users?dialog=import",
  "/console/bots",
  "/console/bots/new",
  "/console/bots?dialog=front",
  "/console/attributes/custom.vipList",
  "/console/attributes/new",
  "/console/attributes/new?kind=function",
];

/** Returns what shuts somebody out of the page as it is. */
async function hindrances(page: Page): Promise<string[]> {
  await page.waitForLoadState("networkidle");
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme });

    for (const place of PLACES) {
      test(`${place} has nothing that shuts somebody out`, async ({ signedIn: page }) => {
        await page.goto(place);
        await expect(page.getByRole("heading").first()).toBeVisible();
        expect(await hindrances(page)).toEqual([]);
      });
    }

    test("nor has what is opened by its id: a policy, a decision, a function, and all others", async ({
      signedIn: page,
      server,
    }) => {
      test.setTimeout(120_000);
      for (const place of Object.values(await madePlaces(server, `Axe in ${colorScheme}`))) {
        await page.goto(place);
        await expect(page.getByRole("heading").first()).toBeVisible();
        expect(await hindrances(page), place).toEqual([]);
      }
    });

    test("nor have the pages before somebody has signed in", async ({ page, server }) => {
      const token = new URL(server.url + server.link).searchParams.get("token");
      for (const place of [
        "/console/sign-in",
        `/console/setup?token=${token}`,
        "/console/setup",
        "/console/sign-in/oidc?error=access_denied",
      ]) {
        await page.goto(place);
        await expect(page.getByRole("heading").first()).toBeVisible();
        expect(await hindrances(page), place).toEqual([]);
      }
    });

    test("nor has the floor while somebody waits, or a conversation that is opened", async ({
      signedIn: page,
      server,
    }) => {
      const skillId = `axe-${colorScheme}`;
      await server.call("POST", "/api/v1/skills", { id: skillId, name: skillId });
      const skills = [{ skillId }];
      const ada = { id: skillId, name: "Ada", kind: "HUMAN", skills, maxConversations: 1 };
      await server.call("POST", "/api/v1/users", ada);
      const there = { status: "ONLINE", reason: "at work", leaseSeconds: 600 };
      await server.call("PUT", `/api/v1/agents/${skillId}/availability`, there);
      const opened = { skillId, channel: "WEB", message: "Hello" };
      const first = Object(
        await server.call("POST", "/api/v1/conversations", { ...opened, consumerId: "eve" }),
      );
      const note = { text: "Be kind.", audience: "AGENTS_AND_MANAGERS", asAgent: skillId };
      await server.call("POST", "/api/v1/conversations", { ...opened, consumerId: "bob" });
      const take = { agentId: skillId, force: true };
      await server.call("POST", `/api/v1/conversations/${first.id}/take-over`, take);
      await server.call("POST", `/api/v1/conversations/${first.id}/messages`, note);

      await page.goto(`/console/live?skill=${skillId}`);
      await expect(page.getByText("The only agent is full.")).toBeVisible();
      expect(await hindrances(page)).toEqual([]);
      await page.goto(`/console/conversations/${first.id}`);
      await expect(page.getByText("Be kind.")).toBeVisible();
      expect(await hindrances(page)).toEqual([]);
      await page.getByRole("button", { name: "Give to" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await hindrances(page)).toEqual([]);
    });

    test("windows that ask, and secrets that are shown once, shut nobody out", async ({
      signedIn: page,
    }) => {
      await page.goto("/console/consumers/ada");
      await page.getByRole("button", { name: "Erase" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await hindrances(page)).toEqual([]);
      await page.goto("/console/settings/access/new");
      await page.getByRole("textbox", { name: "Name" }).fill(`night bot in ${colorScheme}`);
      await page.getByRole("button", { name: "Make it" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      expect(await hindrances(page)).toEqual([]);
    });
  });
}
