/**
 * What the messenger remembers on this browser: a visitor's own token and conversation, and every
 * message that the server has not acknowledged. Each unsent message has a key of its own, so that
 * two tabs never write over each other's.
 */
import { isJson, isObject, type JsonObject, textOf } from "../lib/json";

/** As much of the browser's storage as is used. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** Where somebody came in. */
export interface Entry {
  account: string;
  engagement: string;
  skill: string;
}

/** A visitor whom nobody vouches for. */
export interface Visitor {
  consumerId: string;
  accessToken: string;
  /** In milliseconds since 1970. */
  expiresAt: number;
  /** From when on another token is asked for. */
  renewAt: number;
}

/** A message that the server has not acknowledged. */
export interface Unsent {
  clientMessageId: string;
  at: string;
  text: string;
  /** What a conversation is opened with by this message; said again word by word if it must be. */
  opening: JsonObject | undefined;
}

export class Memory {
  readonly #shelf: Shelf;
  readonly #prefix: string;

  constructor(entry: Entry, shelf: Shelf) {
    this.#shelf = shelf;
    const place = entry.engagement ? `e:${entry.engagement}` : `s:${entry.skill}`;
    this.#prefix = `usher:${entry.account}:${place}:`;
  }

  get visitor(): Visitor | undefined {
    const kept = this.#read("visitor");
    const expiresAt = kept?.["expiresAt"];
    const renewAt = kept?.["renewAt"];
    if (!kept || typeof expiresAt !== "number") return undefined;
    return {
      consumerId: textOf(kept, "consumerId"),
      accessToken: textOf(kept, "accessToken"),
      expiresAt,
      renewAt: typeof renewAt === "number" ? renewAt : 0,
    };
  }

  set visitor(visitor: Visitor | undefined) {
    this.#write("visitor", visitor && { ...visitor });
  }

  /** The conversation of somebody, and up to where they have seen it. */
  conversationOf(consumerId: string): { id: string; seen: number } | undefined {
    const kept = this.#read(`conversation:${consumerId}`);
    if (!kept) return undefined;
    const seen = kept["seen"];
    return { id: textOf(kept, "id"), seen: typeof seen === "number" ? seen : 0 };
  }

  keepConversation(consumerId: string, conversation: { id: string; seen: number } | undefined) {
    this.#write(`conversation:${consumerId}`, conversation && { ...conversation });
  }

  get draft(): string {
    return textOf(this.#read("draft") ?? {}, "text");
  }

  set draft(text: string) {
    this.#write("draft", text === "" ? undefined : { text });
  }

  /** Everything that is not sent yet, in the order in which it was written. */
  get unsent(): Unsent[] {
    const prefix = `${this.#prefix}unsent:`;
    const keys: string[] = [];
    for (let index = 0; index < this.#shelf.length; index += 1) {
      const key = this.#shelf.key(index);
      if (key?.startsWith(prefix)) keys.push(key.slice(this.#prefix.length));
    }
    return keys
      .flatMap((key) => {
        const kept = this.#read(key);
        if (!kept) return [];
        const opening = kept["opening"];
        return [
          {
            clientMessageId: textOf(kept, "clientMessageId"),
            at: textOf(kept, "at"),
            text: textOf(kept, "text"),
            opening: isObject(opening) ? opening : undefined,
          },
        ];
      })
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  keepUnsent(message: Unsent): void {
    const { opening, ...rest } = message;
    this.#write(`unsent:${message.clientMessageId}`, { ...rest, ...(opening && { opening }) });
  }

  dropUnsent(clientMessageId: string): void {
    this.#write(`unsent:${clientMessageId}`, undefined);
  }

  /** Whether a key of the browser's storage is this memory's visitor or conversation. */
  isAboutWho(key: string | null): boolean {
    return (
      key === null ||
      key.startsWith(`${this.#prefix}visitor`) ||
      key.startsWith(`${this.#prefix}conversation`)
    );
  }

  #read(key: string): JsonObject | undefined {
    try {
      const value: unknown = JSON.parse(this.#shelf.getItem(this.#prefix + key) ?? "null");
      return isJson(value) && isObject(value) ? value : undefined;
    } catch {
      // A storage that is blocked or was meddled with: the messenger works, and remembers nothing.
      return undefined;
    }
  }

  #write(key: string, value: JsonObject | undefined): void {
    try {
      if (value) this.#shelf.setItem(this.#prefix + key, JSON.stringify(value));
      else this.#shelf.removeItem(this.#prefix + key);
    } catch {
      // As above: what is written lives as long as the page.
    }
  }
}

/** Returns a shelf that forgets everything with the page. */
export function shortLived(): Shelf {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

/** Returns the browser's storage, or one for this page where the browser gives none. */
export function longLived(): Shelf {
  try {
    const { localStorage } = window;
    localStorage.getItem("usher");
    return localStorage;
  } catch {
    return shortLived();
  }
}
