import { describe, expect, test } from "vitest";
import { findingsOf, namesIn } from "./imported";

describe("what is found in an import", () => {
  test("names policies in every form of a file", () => {
    expect(namesIn('[{"name": "a"}, {}]')).toEqual(["a", undefined]);
    expect(namesIn('{"formatVersion": 1, "policies": [{"name": "b"}]}')).toEqual(["b"]);
    expect(namesIn('{"name": "c"}')).toEqual(["c"]);
    expect(namesIn("{")).toEqual([]);
  });

  test("stands at the policy in which it is", () => {
    const message = "expected a number";
    const found = findingsOf(
      [
        { path: "/policies/1/conditions/0/value", message },
        { path: "/0", message },
        { path: "", message },
      ],
      [undefined, "VIPs"],
    );
    expect(found.map(({ policy, where }) => [policy, where])).toEqual([
      ["Policy 2, “VIPs”", "conditions/0/value"],
      ["Policy 1", ""],
      ["The file", ""],
    ]);
  });
});
