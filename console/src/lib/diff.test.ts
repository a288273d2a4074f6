import { expect, test } from "vitest";
import { lineDiff } from "./diff";

const said = (before: string[], after: string[]) =>
  lineDiff(before, after).map(
    ({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`,
  );

test("what stays is found between what changes", () => {
  expect(said(["a", "b", "c"], ["a", "x", "c", "d"])).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(said([], ["a"])).toEqual(["+a"]);
  expect(said(["a", "b"], [])).toEqual(["-a", "-b"]);
  expect(said(["a"], ["a"])).toEqual([" a"]);
});
