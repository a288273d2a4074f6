import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Visitor } from "./memory";
import { Renewal, visitorOf } from "./renewal";

const HOUR = 3_600_000;
const issued = (accessToken: string) => ({
  consumerId: "eve",
  isIdentified: false,
  accessToken,
  expiresInSeconds: 86_400,
});

describe("a visitor's token", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function visit(answers: (() => Promise<ReturnType<typeof issued>>)[]) {
    const memory: { visitor: Visitor | undefined } = { visitor: undefined };
    const asked: string[] = [];
    const known: string[] = [];
    const renewal = new Renewal({
      memory,
      renew: (accessToken) => {
        asked.push(accessToken);
        return answers.shift()?.() ?? Promise.reject(new Error("not asked for"));
      },
      onKnown: (visitor) => known.push(visitor.accessToken),
    });
    memory.visitor = visitorOf(issued("first"), Date.now());
    renewal.keep();
    return { memory, asked, known, renewal };
  }

  test("is renewed in the middle of its life, again and again", async () => {
    const { memory, asked, known } = visit([
      async () => issued("second"),
      async () => issued("third"),
    ]);
    await vi.advanceTimersByTimeAsync(11 * HOUR);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1 * HOUR);
    expect(known.at(-1)).toBe("second");
    expect(memory.visitor?.expiresAt).toBeGreaterThan(Date.now() + 23 * HOUR);
    await vi.advanceTimersByTimeAsync(12 * HOUR);
    expect(asked).toEqual(["first", "second"]);
    expect(known.at(-1)).toBe("third");
  });

  test("is asked for again after a failure, for as long as the old one works", async () => {
    const fails = async () => Promise.reject(new Error("no network"));
    const { memory, asked, known } = visit([fails, async () => issued("second")]);
    await vi.advanceTimersByTimeAsync(12 * HOUR + 61_000);
    expect(asked).toEqual(["first", "first"]);
    expect(known.at(-1)).toBe("second");
    expect(memory.visitor?.accessToken).toBe("second");
  });

  test("is taken over from another tab that has renewed it", async () => {
    const { memory, asked, known, renewal } = visit([]);
    memory.visitor = visitorOf(issued("theirs"), Date.now());
    renewal.keep();
    expect(known.at(-1)).toBe("theirs");
    expect(asked).toEqual([]);
  });

  test("is not brought back for somebody who has gone while it was asked for", async () => {
    let answer: (token: ReturnType<typeof issued>) => void = () => {};
    const asks = () => new Promise<ReturnType<typeof issued>>((resolve) => (answer = resolve));
    const { memory, known } = visit([asks]);
    await vi.advanceTimersByTimeAsync(12 * HOUR);
    memory.visitor = undefined;
    answer(issued("second"));
    await vi.advanceTimersByTimeAsync(48 * HOUR);
    expect(known).toEqual(["first", "first"]);
    expect(memory.visitor).toBeUndefined();
  });
});
