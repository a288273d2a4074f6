import { describe, expect, test } from "vitest";
import type { JsonObject } from "../lib/json";
import { readRows, written } from "./expression";

const ROWS: [string, JsonObject[]][] = [
  ["a.b == 'x'", [{ property: "a.b", type: "EQUAL", value: "x" }]],
  ["a.b != true", [{ property: "a.b", type: "NOT_EQUAL", value: true }]],
  ["a.b <= 14.5", [{ property: "a.b", type: "LESS_THAN_OR_EQUAL", value: 14.5 }]],
  ["a.b in custom.list", [{ property: "a.b", type: "IS_IN", value: "{{custom.list}}" }]],
  ["a.b in ['x', 2]", [{ property: "a.b", type: "IS_IN", value: ["x", 2] }]],
  ["a.b == 'it\\'s \\\\'", [{ property: "a.b", type: "EQUAL", value: "it's \\" }]],
  [
    "a.b > 1 and (a.c == 'x' or a.c == 'y')",
    [
      { property: "a.b", type: "GREATER_THAN", value: 1 },
      {
        any: [
          { property: "a.c", type: "EQUAL", value: "x" },
          { property: "a.c", type: "EQUAL", value: "y" },
        ],
      },
    ],
  ],
];

describe("rows and expressions say the same", () => {
  test.each(ROWS)("%s", (text, rows) => {
    expect(written(rows)).toBe(text);
    expect(readRows(text)).toEqual(rows);
  });
});

test("an expression that says more than rows stays one", () => {
  for (const text of [
    "",
    "not a.b == 1",
    "a.b == 1 or a.b == 2",
    "a.b + 1 == 2",
    "isTimeRange('08:00:00', '20:00:00', 'Europe/Berlin')",
    "a.b == -1",
    "a.b in 'x'",
    "a.b == [1]",
    "a.b == '{{c.d}}'",
    "a.b ==",
    "(a.b == 1",
    "a.b == 1)",
    "a.b == 'x",
  ]) {
    expect(readRows(text), text).toBeUndefined();
  }
});

test("rows that no expression says stay rows", () => {
  const row = (type: string, value?: string | number | string[], property = "a.b") =>
    written([value === undefined ? { property, type } : { property, type, value }]);
  expect(row("EXISTS")).toBeUndefined();
  expect(row("CONTAINS", "x")).toBeUndefined();
  expect(row("EQUAL", "Hi {{a.b}}")).toBeUndefined();
  expect(row("EQUAL", -1)).toBeUndefined();
  expect(row("IS_IN", "x")).toBeUndefined();
  expect(row("EQUAL", "x", "a.b-c")).toBeUndefined();
  expect(written([])).toBeUndefined();
});
