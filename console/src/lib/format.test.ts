import { expect, test } from "vitest";
import { ago, duration, microseconds } from "./format";

test("a length of time is said as a person would", () => {
  expect(duration(3_600)).toBe("1 hour");
  expect(duration(5_400)).toBe("1 hour 30 minutes");
  expect(duration(90_061)).toBe("1 day 1 hour");
  expect(duration(0)).toBe("0 seconds");
  expect(microseconds(999)).toBe("999 µs");
  expect(microseconds(1_550)).toBe("1.6 ms");
});

test("an instant is told from now on", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T11:59:30Z", now)).toContain("30");
  expect(ago("2026-11-20T12:00:00Z", now)).toBe("yesterday");
});
