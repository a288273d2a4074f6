/**
 * Keeps the token of a visitor whom nobody vouches for from ending while a page is open, or between
 * two visits. Whom the brand vouches for is as long known as the brand says.
 */
import type { Memory, Visitor } from "./memory";
import type { Token } from "./service";

/** A token is not used in the last minute of its life. */
const SPARE_MS = 60_000;
/** How long it takes to try again when the server cannot be reached. */
const RETRY_MS = 60_000;
/** What timers can wait for. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/** Returns what is remembered of a visitor with a new token: it is renewed in the middle of its life. */
export function visitorOf(issued: Token, now: number): Visitor {
  const life = issued.expiresInSeconds * 1_000;
  return {
    consumerId: issued.consumerId,
    accessToken: issued.accessToken,
    expiresAt: now + life - SPARE_MS,
    renewAt: now + life / 2,
  };
}

interface Surroundings {
  memory: Pick<Memory, "visitor">;
  renew: (accessToken: string) => Promise<Token>;
  /** Told which token works, also when another tab has renewed it. */
  onKnown: (visitor: Visitor) => void;
}

export class Renewal {
  readonly #around: Surroundings;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Sees to it that the visitor whom this browser remembers stays known. */
  keep(): void {
    clearTimeout(this.#timer);
    const { visitor } = this.#around.memory;
    if (!visitor) return;
    const now = Date.now();
    if (visitor.expiresAt <= now) return;
    this.#around.onKnown(visitor);
    if (visitor.renewAt <= now) void this.#renew(visitor);
    else this.#later(visitor.renewAt - now);
  }

  async #renew(visitor: Visitor): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const issued = await this.#around.renew(visitor.accessToken);
      // Meanwhile the visitor may have signed in, or gone.
      if (this.#around.memory.visitor?.consumerId !== visitor.consumerId) return;
      this.#around.memory.visitor = visitorOf(issued, Date.now());
      this.keep();
    } catch {
      // The old one works on for a while.
      this.#later(RETRY_MS);
    } finally {
      this.#isAsking = false;
    }
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.keep(), Math.min(Math.max(wait, 0), WAIT_MS_MAX));
  }
}
