/** Every page in both themes and both widths, to be looked at: `npm run screenshots`. */
import type { Page } from "@playwright/test";
import { answer, sayAsAgent } from "./floor";
import { madePlaces } from "./places";
import { type Server, signInAgent, test } from "./server";

const PLACES: Record<string, string> = {
  workspace: "/console/workspace",
  "replies-and-widgets": "/console/settings/workspace",
  policies: "/console/policies",
  "policies-none": "/console/policies?find=nothing",
  "policy-new": "/console/policies/new",
  "policy-expression": "/console/policies/new?view=expression",
  "policy-json": "/console/policies/new?view=json",
  "policies-import": "/console/policies?dialog=import",
  attributes: "/console/attributes",
  analytics: "/console/analytics",
  "analytics-skills": "/console/analytics?group=skill",
  "analytics-tables": "/console/analytics?show=tables",
  "analytics-none": "/console/analytics?from=2020-01-01&to=2020-01-03",
  engagements: "/console/engagements",
  "engagement-new": "/console/engagements/new",
  emulator: "/console/emulator",
  messenger: "/messenger?account=demo",
  "last-agent": "/console/settings/last-agent",
  access: "/console/settings/access",
  "access-new": "/console/settings/access/new",
  audit: "/console/settings/audit",
  webhooks: "/console/webhooks",
  "webhook-new": "/console/webhooks/new",
  "dead-letters": "/console/dead-letters",
  functions: "/console/functions",
  "function-new": "/console/functions/new",
  "function-settings": "/console/functions/new?tab=settings",
  secrets: "/console/functions/secrets",
  domains: "/console/functions/domains",
  context: "/console/context",
  namespace: "/console/context/orchestrator",
  document: "/console/context/orchestrator/demo-order",
  consumer: "/console/consumers/ada",
  live: "/console/live",
  "live-skill": "/console/live?skill=1001&sort=idle",
  conversations: "/console/conversations",
  "conversations-none": "/console/conversations?consumer=nobody",
  skills: "/console/skills",
  "skills-none": "/console/skills?find=nothing",
  "skills-import": "/console/skills?import=yes",
  skill: "/console/skills/1001",
  "skill-new": "/console/skills/new",
  users: "/console/users",
  "user-new": "/console/users/new",
  bots: "/console/bots",
  "bot-new": "/console/bots/new",
  attribute: "/console/attributes/custom.vipList",
  "attribute-function": "/console/attributes/new?kind=function",
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

      test("places of their own", async ({ signedIn: page, server }) => {
        test.setTimeout(180_000);
        const made = await madePlaces(server, `Function for ${colorScheme} at ${width}`);
        for (const [name, place] of Object.entries(made)) {
          await page.goto(place);
          await page.waitForLoadState("networkidle");
          await page.screenshot({
            path: `e2e/results/screenshots/${name}-${colorScheme}-${width}.png`,
          });
        }
      });

      test("workspace-at-work", async ({ page, server }) => {
        const agentId = `mia-${colorScheme}-${width}`;
        const [first, beside] = await deskAtWork(page, server, agentId);
        await page.goto(`/console/workspace/${first}?beside=${beside}`);
        await page.getByRole("button", { name: "Accept" }).waitFor();
        await page.waitForLoadState("networkidle");
        await page.screenshot({
          path: `e2e/results/screenshots/workspace-at-work-${colorScheme}-${width}.png`,
        });
      });
    });
  }
}

/** An agent with two conversations, one of somebody they know, and a third that rings. */
async function deskAtWork(page: Page, server: Server, agentId: string): Promise<string[]> {
  const skillId = `desk-of-${agentId}`;
  const agent = { skillId, agentId, nickname: "Mia" };
  await server.call("POST", "/api/v1/skills", { id: skillId, name: `Orders of ${agentId}` });
  await signInAgent(page, server, { id: agentId, name: "Mia Example", skills: [skillId] });
  const begin = async (consumerId: string, message: string) => {
    const opening = { skillId, consumerId, isAuthenticated: true, message };
    return String(Object(await server.call("POST", "/api/v1/conversations", opening)).id);
  };
  const talk = async (consumerId: string, question: string, reply: string) => {
    const id = await begin(consumerId, question);
    await answer(server, agent, id);
    await sayAsAgent(server, agent, id, reply);
    return id;
  };
  // Nobody whom another agent has had before, to whom they would go back.
  const grace = `grace-of-${agentId}`;
  const before = await talk(grace, "Where is my parcel?", "It is on its way, until Friday.");
  await server.call("POST", `/api/v1/conversations/${before}/close`);
  const known = await talk(grace, "It is Friday, and nothing came.", "Let me see what happened.");
  const other = await talk(
    "somebody-with-a-name-that-is-too-long-for-any-column",
    "Can I change the address of an order that is paid?",
    "Yes, until it leaves us.",
  );
  await begin("linus", "The invoice has the wrong name on it.");
  return [known, other];
}
