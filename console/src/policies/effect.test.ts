import { describe, expect, test } from "vitest";
import { inWords, turned, wayOf } from "./effect";

const [orders, vips] = [
  { id: "1", name: "Orders" },
  { id: "2", name: "VIPs" },
];
const move = { from: orders, to: vips, decisions: 3, example: "d" };

describe("what an edit changes", () => {
  test("is counted over all ways", () => {
    const moves = [move, { from: null, to: vips, decisions: 2, example: "e" }];
    expect(inWords({ decisions: 200, unknown: 0, moves })).toBe(
      "5 of the last 200 decisions would go elsewhere",
    );
    expect(inWords({ decisions: 1, unknown: 0, moves: [] })).toBe(
      "the last decision would go the same way",
    );
    expect(inWords({ decisions: 0, unknown: 0, moves: [] })).toContain("nobody knows yet");
  });

  test("says from where to where", () => {
    expect(wayOf(move)).toBe("“Orders” → “VIPs”");
    expect(wayOf({ ...move, to: orders })).toBe("“Orders” decides, and does something else");
    expect(wayOf({ ...move, from: null })).toBe("nothing matched → “VIPs”");
    expect(wayOf({ ...move, to: null })).toBe("“Orders” → nothing matches");
  });

  test("is the other way round of what taking it back would change", () => {
    expect(turned({ decisions: 3, unknown: 0, moves: [move] }).moves[0]).toMatchObject({
      from: vips,
      to: orders,
    });
  });
});
