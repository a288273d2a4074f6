import { expect, test } from "vitest";
import { merged } from "./held";

const keyOf = (item: { id: string }) => item.id;
const list = (...ids: string[]) => ids.map((id) => ({ id }));
const said = (held: ReturnType<typeof merged<{ id: string }>>) =>
  held.map(({ item, isGone }) => (isGone ? `(${item.id})` : item.id)).join(" ");

test("what is held stays in its place, what is gone stays to be seen, what is new comes last", () => {
  const before = merged([], list("a", "b", "c"), keyOf);
  const then = merged(before, list("c", "new", "a"), keyOf);
  expect(said(then)).toBe("a (b) c new");
  expect(said(merged(then, list("b", "new"), keyOf))).toBe("(a) b (c) new");
});
