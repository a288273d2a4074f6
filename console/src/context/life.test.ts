import { expect, test } from "vitest";
import { leftInWords, secondsLeft } from "./life";

const now = Date.parse("2026-11-21T12:00:00Z");

test("what is left is said in its largest unit", () => {
  expect(leftInWords("2026-11-23T14:00:00Z", now)).toBe("2 days left");
  expect(leftInWords("2026-11-21T12:00:59Z", now)).toBe("59 seconds left");
  expect(leftInWords("2026-11-21T12:00:00Z", now)).toBe("expired");
  expect(secondsLeft("2026-11-21T11:00:00Z", now)).toBe(0);
});
