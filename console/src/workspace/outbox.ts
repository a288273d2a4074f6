/**
 * What was written and is not known to be sent: kept in the browser until the server has it, so that
 * neither a reload nor a broken connection loses it. The name that the browser gives a message makes
 * it one message however often it is sent.
 */
import { isObject, objectsOf, textOf } from "../lib/json";
import { keep, kept, whenKept } from "./storage";

export interface Unsent {
  clientMessageId: string;
  conversationId: string;
  text: string;
  isPrivate: boolean;
  at: string;
  /** Whether the server has it; it stays until it is seen in the conversation. */
  isSent: boolean;
  /** Why the server does not want it; it is not tried again by itself. */
  refusal?: string;
}

const NONE: readonly Unsent[] = [];

/** The messages of one person that are on their way. */
export class Outbox {
  readonly #key: string;
  readonly #watchers = new Set<() => void>();
  #messages: readonly Unsent[];

  constructor(owner: string) {
    this.#key = `outbox:${owner}`;
    // What the server has was seen to be there by now.
    this.#messages = read(this.#key).filter(({ isSent }) => !isSent);
    whenKept(this.#key, () => this.#become(read(this.#key)));
  }

  get messages(): readonly Unsent[] {
    return this.#messages;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  add(message: Pick<Unsent, "conversationId" | "text" | "isPrivate">): void {
    const clientMessageId = crypto.randomUUID();
    const at = new Date().toISOString();
    this.#write([...this.#messages, { ...message, clientMessageId, at, isSent: false }]);
  }

  change(clientMessageId: string, change: Pick<Partial<Unsent>, "isSent" | "refusal">): void {
    this.#write(
      this.#messages.map((one) =>
        one.clientMessageId === clientMessageId ? { ...one, ...change } : one,
      ),
    );
  }

  /** Tries a message again that was refused. */
  retry(clientMessageId: string): void {
    this.#write(
      this.#messages.map(({ refusal, ...one }) =>
        refusal === undefined || one.clientMessageId === clientMessageId
          ? one
          : { ...one, refusal },
      ),
    );
  }

  remove(clientMessageIds: ReadonlySet<string>): void {
    if (!this.#messages.some((one) => clientMessageIds.has(one.clientMessageId))) return;
    this.#write(this.#messages.filter((one) => !clientMessageIds.has(one.clientMessageId)));
  }

  #write(messages: readonly Unsent[]): void {
    keep(this.#key, messages.length > 0 ? JSON.stringify({ messages }) : undefined);
    this.#become(messages);
  }

  #become(messages: readonly Unsent[]): void {
    this.#messages = messages.length > 0 ? messages : NONE;
    for (const watcher of this.#watchers) watcher();
  }
}

/** Returns the next message of each conversation: one after the other, as they were written. */
export function nextOf(messages: readonly Unsent[]): Unsent[] {
  const seen = new Set<string>();
  return messages.filter(({ conversationId, isSent, refusal }) => {
    if (isSent || refusal !== undefined || seen.has(conversationId)) return false;
    seen.add(conversationId);
    return true;
  });
}

function read(key: string): Unsent[] {
  const found = kept(key);
  if (!isObject(found)) return [];
  return objectsOf(found, "messages").map((one) => ({
    clientMessageId: textOf(one, "clientMessageId"),
    conversationId: textOf(one, "conversationId"),
    text: textOf(one, "text"),
    isPrivate: one["isPrivate"] === true,
    at: textOf(one, "at"),
    isSent: one["isSent"] === true,
    ...(textOf(one, "refusal") && { refusal: textOf(one, "refusal") }),
  }));
}
