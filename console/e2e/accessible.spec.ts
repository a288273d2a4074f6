import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./server";

const PLACES = [
  "/console/workspace",
  "/console/policies",
  "/console/policies/new",
  "/console/policies/new?view=expression",
  "/console/policies/new?view=json",
  "/console/decisions",
  "/console/attributes",
  "/console/analytics",
  "/console/analytics?group=skill&show=tables",
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
  "/console/users?dialog=groups",
  "/console/bots",
  "/console/bots/new",
  "/console/bots?dialog=front",
  "/console/attributes/custom.vipList",
  "/console/attributes/new?kind=function",
];

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme });

    for (const place of PLACES) {
      test(`${place} has nothing that shuts somebody out`, async ({ signedIn: page }) => {
        await page.goto(place);
        await expect(page.getByRole("heading").first()).toBeVisible();
        await page.waitForLoadState("networkidle");
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`),
        ).toEqual([]);
      });
    }
  });
}
