/** Places that are somebody's own: what they show has to be made first. */
import type { Server } from "./server";

/** Makes one of each that has an address of its own. */
export async function madePlaces(server: Server, name: string): Promise<Record<string, string>> {
  const make = async (path: string, body: object) =>
    Object(await server.call("POST", `/api/v1/${path}`, body));
  const first = async (path: string) =>
    Object(await server.call("GET", `/api/v1/${path}`)).items[0];
  const { decisionId } = await make("decisions", { conversationId: "demo-vip", consumerId: "ada" });
  const { id: policy } = await first("policies");
  const source = "function lambda() { console.warn('odd', { a: 1 }); return 1; }";
  const { id: it } = await make("functions", { name: name, source });
  await server.call("POST", `/api/v1/functions/${it}/deploy`);
  await server.call("POST", `/api/account/demo/lambdas/${it}/invoke?v=1&externalSystem=t`, {});
  const { id: webhook } = await make("webhooks", { url: "https://example.com/hook" });
  const { id: credential } = await make("credentials", { name: name, role: "bot" });
  const { id: audit } = await first("audit");
  const users: { id: string; hostedBot?: unknown }[] = Object(
    await server.call("GET", "/api/v1/users"),
  ).items;
  const bot = users.find(({ hostedBot }) => hostedBot)?.id;
  const { id: conversation } = await first("conversations");
  return {
    "policy-try": `/console/policies/${policy}?side=try`,
    "policy-effect": `/console/policies/${policy}?side=effect`,
    "policy-versions": `/console/policies/${policy}?side=versions`,
    decision: `/console/decisions/${decisionId}`,
    "function-run": `/console/functions/${it}?tab=run`,
    "function-made-settings": `/console/functions/${it}?tab=settings`,
    // A page that follows a log is never idle.
    "function-logs": `/console/functions/${it}?tab=logs&follow=no`,
    "function-usage": `/console/functions/${it}?tab=usage`,
    "function-versions": `/console/functions/${it}?tab=versions`,
    webhook: `/console/webhooks/${webhook}`,
    credential: `/console/settings/access/${credential}`,
    "audit-entry": `/console/settings/audit/${audit}`,
    bot: `/console/bots/${bot}`,
    conversation: `/console/conversations/${conversation}`,
    "emulator-visit": `/console/emulator?engagement=shop&conversation=${conversation}`,
  };
}
