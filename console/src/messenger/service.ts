/** What the messenger asks of the server: plain REST, in the name of one consumer. */
import { body, clientThat, type Schemas } from "../api/client";
import type { JsonObject } from "../lib/json";
import { type Happened, readHappened } from "../live/frames";
import { type Look, PLAIN } from "./frame";
import type { Entry } from "./memory";

export type Conversation = Schemas["Conversation"];
export type Token = Schemas["ConsumerToken"];

/** Events that are read at once. */
const PAGE = 500;
/** Conversations among which the one that is open is looked for. */
const RECENT = 10;

export class Service {
  /** Who asks; nobody at first. */
  accessToken: string | undefined;

  readonly #entry: Entry;
  readonly #api = clientThat({
    onRequest: ({ request }) => {
      if (this.accessToken) request.headers.set("authorization", `Bearer ${this.accessToken}`);
    },
  });

  constructor(entry: Entry) {
    this.#entry = entry;
  }

  /** Returns how the messenger looks where the visitor came in. */
  async look(): Promise<Look> {
    const { account, engagement } = this.#entry;
    if (!engagement) return PLAIN;
    const params = { path: { engagementId: engagement }, query: { account } };
    const path = "/api/v1/engagements/{engagementId}/messenger";
    const found = body(await this.#api.GET(path, { params }));
    return {
      isEnabled: found.isEnabled,
      title: found.title ?? PLAIN.title,
      greeting: found.greeting ?? PLAIN.greeting,
      color: found.color ?? PLAIN.color,
    };
  }

  /** Returns a token: of whom the brand's token names or, without one, of somebody new. */
  async token(identityToken?: string): Promise<Token> {
    const { account } = this.#entry;
    const wanted = { account, ...(identityToken && { identityToken }) };
    return body(await this.#api.POST("/api/v1/consumer-tokens", { body: wanted }));
  }

  /** Returns another token of the one whose token this is. */
  async renewed(accessToken: string): Promise<Token> {
    const { account } = this.#entry;
    const wanted = { account, accessToken };
    return body(await this.#api.POST("/api/v1/consumer-tokens", { body: wanted }));
  }

  /** Opens a conversation; sent twice under one name, it is one. */
  async open(name: string, opening: JsonObject): Promise<Conversation> {
    const { engagement, skill } = this.#entry;
    const wanted = {
      ...opening,
      ...(engagement ? { engagementId: engagement } : skill && { skillId: skill }),
    };
    const headers = { "idempotency-key": name };
    return body(await this.#api.POST("/api/v1/conversations", { body: wanted, headers }));
  }

  async say(conversationId: string, clientMessageId: string, text: string): Promise<void> {
    const params = { path: { conversationId } };
    const message = { text, clientMessageId };
    const path = "/api/v1/conversations/{conversationId}/messages";
    await this.#api.POST(path, { params, body: message });
  }

  async conversation(conversationId: string): Promise<Conversation> {
    const params = { path: { conversationId } };
    return body(await this.#api.GET("/api/v1/conversations/{conversationId}", { params }));
  }

  /** Returns the newest of one's conversations if it goes on. */
  async ongoing(): Promise<Conversation | undefined> {
    const params = { query: { limit: RECENT } };
    const { items } = body(await this.#api.GET("/api/v1/conversations", { params }));
    return items.find(({ closed }) => !closed);
  }

  async timeline(conversationId: string): Promise<Happened[]> {
    const events: Happened[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const params = { path: { conversationId }, query: { after, limit: PAGE } };
      const path = "/api/v1/conversations/{conversationId}/timeline";
      const page: Schemas["Timeline"] = body(await this.#api.GET(path, { params }));
      events.push(...page.items.flatMap((item) => readHappened(item) ?? []));
      after = page.nextAfter ?? undefined;
    }
    return events;
  }

  async read(conversationId: string, messageId: string): Promise<void> {
    const params = { path: { conversationId } };
    const path = "/api/v1/conversations/{conversationId}/read";
    await this.#api.POST(path, { params, body: { messageId } });
  }

  /** Ends what is talked about; the server asks how it was, if it is to be asked. */
  async end({ id, dialogs }: Conversation): Promise<Conversation> {
    const open = dialogs.find(({ closed }) => !closed);
    const params = { path: { conversationId: id, dialogId: open?.id ?? id } };
    const path = "/api/v1/conversations/{conversationId}/dialogs/{dialogId}/close";
    return body(await this.#api.POST(path, { params, body: {} }));
  }

  async rate(conversationId: string, csat: number): Promise<Conversation> {
    const params = { path: { conversationId } };
    const path = "/api/v1/conversations/{conversationId}/survey";
    return body(await this.#api.POST(path, { params, body: { csat } }));
  }

  async identify(conversationId: string, identityToken: string): Promise<void> {
    const params = { path: { conversationId } };
    const path = "/api/v1/conversations/{conversationId}/identify";
    await this.#api.POST(path, { params, body: { identityToken } });
  }

  /** Opens the stream, which is told by its first frame who it is. */
  socket(): WebSocket {
    const address = `${location.origin.replace(/^http/, "ws")}/api/v1/stream?credential=frame`;
    const socket = new WebSocket(address);
    const token = this.accessToken ?? "";
    socket.addEventListener("open", () =>
      socket.send(JSON.stringify({ type: "AUTHENTICATE", token })),
    );
    return socket;
  }
}
