/** People who answer, by the API: what a test of the consumer's side needs of the other one. */
import type { Browser } from "@playwright/test";
import { expect, type Server } from "./server";

let floors = 0;

export interface Floor {
  skillId: string;
  agentId: string;
  nickname: string;
}

/** Makes a skill of its own with a survey, and an agent who is there but not online yet. */
export async function floor(server: Server): Promise<Floor> {
  floors += 1;
  const [skillId, agentId] = [`desk-${floors}`, `mia-${floors}`];
  const nickname = `Mia ${floors}`;
  await server.call("POST", "/api/v1/skills", {
    id: skillId,
    name: `Desk ${floors}`,
    survey: { question: "How was it?", thanks: "Thank you.", timeoutSeconds: 3600 },
  });
  await server.call("POST", "/api/v1/users", {
    id: agentId,
    name: "Mia Example",
    nickname,
    kind: "HUMAN",
    maxConversations: -1,
    skills: [{ skillId }],
  });
  return { skillId, agentId, nickname };
}

/** The agent comes, and takes what rings until the conversation is theirs. */
export async function answer(server: Server, { agentId }: Floor, id: string): Promise<void> {
  const path = `/api/v1/agents/${agentId}`;
  await server.call("PUT", `${path}/availability`, { status: "ONLINE", leaseSeconds: 3600 });
  const accept = async () => {
    const { items } = Object(await server.call("GET", `${path}/offers`));
    for (const offer of items) {
      await server.call("POST", `/api/v1/offers/${offer.id}/accept`, { asAgent: agentId });
    }
    return Object(await server.call("GET", `/api/v1/conversations/${id}`)).state;
  };
  await expect.poll(accept).toBe("ASSIGNED");
}

export const sayAsAgent = (server: Server, { agentId }: Floor, id: string, text: string) =>
  server.call("POST", `/api/v1/conversations/${id}/messages`, { text, asAgent: agentId });

/** The agent types, on the stream. */
export async function type(browser: Browser, server: Server, { agentId }: Floor, id: string) {
  const made = await server.call("POST", "/api/v1/credentials", {
    name: `key of ${agentId}`,
    role: "agent",
    userId: agentId,
  });
  const page = await browser.newPage();
  const address = `${server.url.replace(/^http/, "ws")}/api/v1/stream`;
  await page.evaluate(
    ({ address, token, conversationId }) =>
      new Promise<void>((done, failed) => {
        const socket = new WebSocket(address);
        const say = (frame: object) => socket.send(JSON.stringify(frame));
        socket.onopen = () => say({ type: "AUTHENTICATE", token });
        socket.onclose = ({ reason }) => failed(new Error(reason));
        socket.onmessage = ({ data }) => {
          const { type } = JSON.parse(data);
          const command = { type: "TYPING", conversationId };
          if (type === "READY") say({ type: "COMMAND", requestId: "1", command });
          if (type === "DONE") done();
        };
      }),
    { address, token: Object(made).apiKey, conversationId: id },
  );
  await page.close();
}

/** The newest conversation of a skill. */
export async function newest(server: Server, { skillId }: Floor): Promise<string> {
  const find = async () => {
    const found = await server.call("GET", `/api/v1/conversations?skillId=${skillId}&limit=1`);
    return String(Object(found).items[0]?.id ?? "");
  };
  await expect.poll(find).not.toBe("");
  return find();
}

/** What was said in a conversation, as the server has it. */
export async function saidIn(server: Server, id: string): Promise<string[]> {
  const timeline = await server.call("GET", `/api/v1/conversations/${id}/timeline?limit=1000`);
  const items: { event: { type: string; text?: string } }[] = Object(timeline).items;
  return items.flatMap(({ event }) => (event.type === "MESSAGE_SENT" ? (event.text ?? "") : []));
}
