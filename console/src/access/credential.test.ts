import { expect, test } from "vitest";
import { conditionOf, endOf } from "./credential";

const now = Date.parse("2026-11-21T12:00:00Z");
const made = {
  id: "1",
  name: "bot",
  role: "bot",
  clientId: "c",
  createdAt: "2026-01-01T00:00:00Z",
  createdBy: "operator",
};

test("a credential says how much of its life is left", () => {
  expect(conditionOf(made, now)).toBe("works");
  expect(conditionOf({ ...made, expiresAt: "2026-11-28T12:00:01Z" }, now)).toBe("works");
  expect(conditionOf({ ...made, expiresAt: "2026-11-28T12:00:00Z" }, now)).toBe("ends soon");
  expect(conditionOf({ ...made, expiresAt: "2026-11-21T12:00:00Z" }, now)).toBe("has ended");
});

test("no days are no end", () => {
  expect(endOf(0, now)).toBeUndefined();
  expect(endOf(30, now)).toBe("2026-12-21T12:00:00.000Z");
});
