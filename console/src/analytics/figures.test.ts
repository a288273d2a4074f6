import { expect, test } from "vitest";
import { change, reason, wait } from "./figures";

test("a wait is said in the unit that a person would say", () => {
  expect([0, 850, 1_000, 9_940, 24_000, 60_000, 125_000].map(wait)).toEqual([
    "0 ms",
    "850 ms",
    "1 s",
    "9.9 s",
    "24 s",
    "1 min",
    "2 min 5 s",
  ]);
  expect([3_600_000, 5_400_000, 180_000_000].map(wait)).toEqual(["1 h", "1 h 30 min", "2 d 2 h"]);
});

test("a change from nothing is none, and a small one is no news", () => {
  expect(change(120, 100)).toBe("20% more");
  expect(change(50, 100)).toBe("50% less");
  expect(change(1_001, 1_000)).toBe("as before");
  expect(change(5, 0)).toBeUndefined();
  expect(change(undefined, 5)).toBeUndefined();
});

test("a reason of a newer server is shown as it is", () => {
  expect(reason("AGENT_OFFLINE")).toBe("the agent was offline");
  expect(reason("ON_VACATION")).toBe("ON_VACATION");
});
