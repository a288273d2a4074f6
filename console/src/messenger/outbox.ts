/**
 * Messages on their way to the server: kept until it has acknowledged them, sent in the order in
 * which they were written, each once however often the connection breaks.
 */
import { Failure } from "../api/client";
import type { JsonObject } from "../lib/json";
import type { Memory, Unsent } from "./memory";

/** How far a message has come. */
export type Fate =
  | { is: "SENDING" }
  /** It is tried again. */
  | { is: "KEPT" }
  /** The server has it; its event is on the way. */
  | { is: "SENT" }
  | { is: "REFUSED"; why: string };

export interface Outgoing extends Unsent {
  fate: Fate;
}

/** What an outbox needs of its surroundings. */
export interface Surroundings {
  memory: Memory;
  deliver: (message: Unsent) => Promise<void>;
  onChange: () => void;
  /** Told when the server knows the visitor no more; the message is kept. */
  onStranger: () => void;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

export class Outbox {
  readonly #around: Surroundings;
  #messages: readonly Outgoing[];
  #isSending = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#messages = around.memory.unsent.map((one) => ({ ...one, fate: { is: "KEPT" } }));
  }

  get messages(): readonly Outgoing[] {
    return this.#messages;
  }

  get isEmpty(): boolean {
    return this.#messages.every(({ fate }) => fate.is === "SENT");
  }

  add(text: string): void {
    const message: Unsent = {
      clientMessageId: mint(),
      at: new Date().toISOString(),
      text,
      opening: undefined,
    };
    this.#around.memory.keepUnsent(message);
    this.#put([...this.#messages, { ...message, fate: { is: "SENDING" } }]);
    this.flush();
  }

  /** Notes what a message opens its conversation with, before that is sent. */
  opensWith(clientMessageId: string, opening: JsonObject): void {
    this.#messages = this.#messages.map((one) =>
      one.clientMessageId === clientMessageId ? { ...one, opening } : one,
    );
    const message = this.#messages.find((one) => one.clientMessageId === clientMessageId);
    if (message) this.#around.memory.keepUnsent(unsent(message));
  }

  /** Takes out what stands in the conversation now. */
  settle(told: ReadonlySet<string>): void {
    const left = this.#messages.filter(({ clientMessageId }) => !told.has(clientMessageId));
    if (left.length < this.#messages.length) this.#put(left);
  }

  /** Takes a message out that the server refuses; returns its text. */
  takeBack(clientMessageId: string): string {
    const message = this.#messages.find((one) => one.clientMessageId === clientMessageId);
    this.#around.memory.dropUnsent(clientMessageId);
    this.#put(this.#messages.filter((one) => one !== message));
    return message?.text ?? "";
  }

  clear(): void {
    clearTimeout(this.#retry);
    for (const { clientMessageId } of this.#messages) {
      this.#around.memory.dropUnsent(clientMessageId);
    }
    this.#put([]);
  }

  /** Sends what is not sent yet, now instead of later. */
  flush(): void {
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    clearTimeout(this.#retry);
    this.#isSending = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) {
        this.#fate(next, { is: "SENDING" });
        await this.#around.deliver(unsent(next));
        this.#failures = 0;
        this.#around.memory.dropUnsent(next.clientMessageId);
        this.#fate(next, { is: "SENT" });
      }
    } catch (failure) {
      this.#failed(failure);
    } finally {
      this.#isSending = false;
    }
  }

  #next(): Outgoing | undefined {
    return this.#messages.find(({ fate }) => fate.is === "SENDING" || fate.is === "KEPT");
  }

  #failed(failure: unknown): void {
    const message = this.#next();
    if (!message) return;
    const status = failure instanceof Failure ? failure.status : 0;
    const isForNow = status === 0 || status === 429 || status >= 500;
    if (status === 401) {
      this.#fate(message, { is: "KEPT" });
      this.#around.onStranger();
    } else if (isForNow) {
      this.#put(
        this.#messages.map((one) =>
          one.fate.is === "SENDING" ? { ...one, fate: { is: "KEPT" } } : one,
        ),
      );
      const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures);
      this.#failures += 1;
      this.#retry = setTimeout(() => this.flush(), wait * (0.5 + Math.random() / 2));
    } else {
      const why = failure instanceof Error ? failure.message : "The server refused it.";
      this.#fate(message, { is: "REFUSED", why });
      this.#retry = setTimeout(() => this.flush(), 0);
    }
  }

  #fate(message: Outgoing, fate: Fate): void {
    this.#put(
      this.#messages.map((one) =>
        one.clientMessageId === message.clientMessageId ? { ...one, fate } : one,
      ),
    );
  }

  #put(messages: readonly Outgoing[]): void {
    this.#messages = messages;
    this.#around.onChange();
  }
}

function unsent({ clientMessageId, at, text, opening }: Outgoing): Unsent {
  return { clientMessageId, at, text, opening };
}

/** Returns a name that nobody else gives; `randomUUID` is for encrypted pages only. */
function mint(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Date.now().toString(36)}-${digits}`;
}
