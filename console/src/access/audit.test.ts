import { expect, test } from "vitest";
import { actorName, deedOf, linesOf, nameOf } from "./audit";

const entry = {
  id: "1",
  at: "2026-11-21T12:00:00Z",
  actor: "user/ada",
  requestId: "r",
  action: "policy.update",
  target: "policy/7",
};

test("a deed is said in words, and one that nobody foresaw as it is written", () => {
  expect(deedOf("policy.update")).toBe("changed policy");
  expect(deedOf("dead-letter.discard")).toBe("discarded undelivered event");
  expect(deedOf("new-thing.turn-round")).toBe("turn round new thing");
});

test("a thing is called by its name, also when it is gone, and else by its id", () => {
  expect(nameOf({ ...entry, after: { name: "VIPs" } })).toBe("VIPs");
  expect(nameOf({ ...entry, before: { name: "VIPs" } })).toBe("VIPs");
  expect(nameOf(entry)).toBe("7");
  expect(nameOf({ ...entry, target: "settings" })).toBe("");
});

test("who did it is called by name where that is known", () => {
  const names = new Map([["user/ada", "Ada Lovelace"]]);
  expect(actorName("user/ada", names)).toBe("Ada Lovelace");
  expect(actorName("user/bob", names)).toBe("bob");
  expect(actorName("credential/9", names)).toBe("key 9");
  expect(actorName("operator", names)).toBe("the operator");
});

test("the order of members is no difference", () => {
  expect(linesOf({ b: 1, a: [{ d: 1, c: 2 }] })).toEqual(linesOf({ a: [{ c: 2, d: 1 }], b: 1 }));
  expect(linesOf(undefined)).toEqual([]);
});

test("a text of several lines has several", () => {
  expect(linesOf({ source: 'a "x"\n  b', z: 1 })).toEqual([
    "{",
    '  "source": "a "x"',
    '      b",',
    '  "z": 1',
    "}",
  ]);
  expect(linesOf({ a: "x" })).toEqual(["{", '  "a": "x"', "}"]);
});
