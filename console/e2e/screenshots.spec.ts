/** Every page in both themes and both widths, to be looked at: `npm run screenshots`. */
import { test } from "./server";

const PLACES: Record<string, string> = {
  workspace: "/console/workspace",
  policies: "/console/policies",
  "policies-none": "/console/policies?find=nothing",
  "policy-new": "/console/policies/new",
  "policy-expression": "/console/policies/new?view=expression",
  "policy-json": "/console/policies/new?view=json",
  attributes: "/console/attributes",
  "last-agent": "/console/settings/last-agent",
  attribute: "/console/attributes/custom.vipList",
  decisions: "/console/decisions",
  "decisions-none": "/console/decisions?consumer=nobody",
};

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 1920]) {
    test.describe(`${colorScheme} ${width}`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });

      for (const [name, place] of Object.entries(PLACES)) {
        test(name, async ({ signedIn: page, server }) => {
          await server.call("POST", "/api/v1/decisions", { conversationId: "demo-order" });
          await page.goto(place);
          await page.waitForLoadState("networkidle");
          await page.screenshot({
            path: `e2e/results/screenshots/${name}-${colorScheme}-${width}.png`,
          });
        });
      }
    });
  }
}
