import { expect, test } from "vitest";
import { ago, clock, duration, microseconds } from "./format";

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

test("a time that is counted is short", () => {
  expect(clock(-3)).toBe("0 s");
  expect(clock(41.9)).toBe("41 s");
  expect(clock(249)).toBe("4:09");
  expect(clock(7_500)).toBe("2 h 05");
  expect(clock(200_000)).toBe("2 days");
});
