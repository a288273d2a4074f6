import { expect, test } from "vitest";
import { firstColumn, textOf, valueFrom } from "./attribute";

test("a value is typed and read back as what it was", () => {
  for (const [type, value] of [
    ["STRING", "a\nb"],
    ["NUMBER", -1.5],
    ["BOOLEAN", false],
    ["LIST", ["a, b", "c"]],
    ["JSON", { a: [1, null] }],
  ] as const) {
    expect(valueFrom(type, textOf(type, value))).toEqual(value);
  }
});

test("what is not of its type is no value", () => {
  expect(valueFrom("NUMBER", "")).toBeUndefined();
  expect(valueFrom("NUMBER", "1x")).toBeUndefined();
  expect(valueFrom("JSON", "{")).toBeUndefined();
});

test("a file gives the items of its first column", () => {
  expect(firstColumn('\uFEFFada@example.com;1\r\n\r\n"Lovelace, ""Ada""",2\nplain\n')).toEqual([
    "ada@example.com",
    'Lovelace, "Ada"',
    "plain",
  ]);
});
