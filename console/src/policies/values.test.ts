import { describe, expect, test } from "vitest";
import type { Policy } from "../api/queries";
import { comparedWith, seenIn } from "./values";

const policy = (document: object): Policy => ({
  id: "1",
  name: "p",
  actions: [],
  position: 0,
  version: 1,
  enabled: true,
  createdAt: "",
  updatedAt: "",
  updatedBy: "",
  check: { status: "OK", problems: [] },
  ...document,
});
const row = (property: string, value: unknown) => ({ property, type: "EQUAL", value });

describe("what attributes are known to be", () => {
  test("is what policies compare with, in rows, choices, exceptions and expressions", () => {
    const policies = [
      policy({
        conditions: [row("o.intent", "order"), { any: [row("o.channel", "SMS"), row("o.age", 3)] }],
        exception: { conditions: [row("o.intent", ["outage", "order"])] },
      }),
      policy({ mode: "EXPRESSION", expression: "o.intent == 'refund' and o.tier in ['gold']" }),
      policy({ mode: "EXPRESSION", expression: "isTimeRange('a', 'b', 'c')" }),
    ];
    const known = comparedWith(policies, []);
    expect(known.get("o.intent")).toEqual(["order", "outage", "refund"]);
    expect(known.get("o.channel")).toEqual(["SMS"]);
    expect(known.get("o.tier")).toEqual(["gold"]);
    expect(known.get("o.age")).toEqual([]);
  });

  test("is what a list holds that a policy names", () => {
    const list = { name: "custom.orders", value: ["status", "scheduling"] };
    const attribute = { ...list, description: "", kind: "STATIC", policies: [], sensitive: false };
    const policies = [policy({ conditions: [row("o.intent", "{{custom.orders}}")] })];
    expect(comparedWith(policies, [attribute]).get("o.intent")).toEqual(["scheduling", "status"]);
  });

  test("is what context holds, however deep", () => {
    const documents = [
      { properties: { intent: "a", order: { state: "open" } } },
      { properties: { intent: "b", order: 1 } },
      { properties: { intent: "a" } },
    ];
    expect(seenIn(documents, "intent")).toEqual(["a", "b"]);
    expect(seenIn(documents, "order.state")).toEqual(["open"]);
  });
});
