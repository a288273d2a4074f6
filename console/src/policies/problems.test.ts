import { expect, test } from "vitest";
import { characterAt, isUnfilled, mended, type Problem, told, within } from "./problems";

const problem = (path: string, more: Partial<Problem> = {}): Problem => ({
  severity: "ERROR",
  code: "UNKNOWN_ATTRIBUTE",
  path,
  message: "found `a.c`",
  ...more,
});

test("bytes become characters beyond ASCII", () => {
  expect(characterAt("'ü€😀' x", 1 + 2 + 3 + 4)).toBe(5);
});

test("a suggestion takes the place of what it is about, and of nothing else", () => {
  const document = { expression: "'ü' == a.c", actions: [{ payload: { "a/b": "x" } }] };
  const span = { start: 8, end: 11 };
  expect(mended(document, problem("/expression", { suggestion: "a.b", span }))).toEqual({
    ...document,
    expression: "'ü' == a.b",
  });
  expect(mended(document, problem("/actions/0/payload/a~1b", { suggestion: "y" }))).toEqual({
    ...document,
    actions: [{ payload: { "a/b": "y" } }],
  });
});

test("a part has its own problems and not those of a part with a longer number", () => {
  const all = [problem("/conditions/1/value"), problem("/conditions/10/value")];
  expect(within(all, "/conditions/1")).toEqual([all[0]]);
});

test("what is not filled in yet is told from what is wrong", () => {
  const document = { name: "", conditions: [{ property: "a.c" }] };
  expect(isUnfilled(document, problem("/name"))).toBe(true);
  expect(isUnfilled(document, problem("/conditions/0/value"))).toBe(true);
  expect(isUnfilled(document, problem("/conditions/0/property"))).toBe(false);
});

test("a problem is said in a sentence", () => {
  expect(told(problem("/name", { expected: "a name" }))).toBe("Found `a.c`; expected a name.");
  expect(told(problem("/name", { suggestion: "a.b" }))).toBe("Found `a.c`; did you mean `a.b`?");
});
