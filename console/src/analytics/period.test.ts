import { expect, test } from "vitest";
import { daysBefore, daysBetween, fileOf, periodOf } from "./period";

const NOW = new Date(2026, 4, 4, 12);

test("a span ends today, and a short one goes hour by hour", () => {
  expect(periodOf({}, NOW)).toMatchObject({ from: "2026-04-28", to: "2026-05-04", bucket: "day" });
  expect(periodOf({ span: "today" }, NOW)).toMatchObject({ from: "2026-05-04", bucket: "hour" });
  expect(periodOf({ from: "2026-03-28", to: "2026-03-29" }, NOW).bucket).toBe("hour");
});

test("days are counted across the change of clocks and of years", () => {
  expect(daysBefore("2026-03-30", 2)).toBe("2026-03-28");
  expect(daysBefore("2026-01-01", 1)).toBe("2025-12-31");
  expect(daysBetween("2026-03-28", "2026-03-30")).toBe(2);
});

test("a file has the figures of the page", () => {
  const search = { group: "skill", id: "a&b" } as const;
  const file = fileOf(search, { ...periodOf(search, NOW), timeZone: "UTC" });
  expect(file).toBe(
    "/api/v1/analytics?from=2026-04-28&to=2026-05-04&bucket=day&timeZone=UTC&group=skill&id=a%26b&format=csv",
  );
});
