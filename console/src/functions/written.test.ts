import { expect, test } from "vitest";
import { asSent, doubled, offsetOf, parsed, writtenOf } from "./written";

const kept = {
  id: "1",
  name: "f",
  description: "",
  source: "function lambda() { return 1; }",
  eventId: "conversational_command",
  skillIds: ["1"],
  environment: { A: "1", B: "2" },
  timeoutMs: 500,
  isTrusted: true,
  schedule: null,
  state: "DRAFT" as const,
  createdAt: "2026-11-21T12:00:00Z",
  updatedAt: "2026-11-21T12:00:00Z",
  updatedBy: "operator",
};

const timed = {
  ...kept,
  eventId: null,
  skillIds: [],
  schedule: { cron: "0 6 * * *", zone: "Europe/Berlin", payload: { a: [1] } },
};

test("what is kept comes back as it was when nothing is typed", () => {
  for (const one of [kept, timed]) {
    const { id: _i, state: _s, createdAt: _c, updatedAt: _u, updatedBy: _b, ...written } = one;
    expect(asSent(writtenOf(one))).toEqual(written);
  }
});

test("a schedule with a payload that is no JSON is not sent", () => {
  expect(asSent({ ...writtenOf(timed), payload: "{" })).toBeUndefined();
  expect(asSent({ ...writtenOf(timed), payload: "{", isScheduled: false })?.schedule).toBeNull();
  // Where an event starts it, nobody asks what the schedule was.
  expect(asSent({ ...writtenOf(kept), payload: "{", isScheduled: true })?.schedule).toBeNull();
  expect(parsed(" ")).toBeNull();
});

test("skills without an event are not sent", () => {
  expect(asSent({ ...writtenOf(kept), eventId: "" })).toMatchObject({
    eventId: null,
    skillIds: [],
  });
});

test("two variables of one name are found", () => {
  const variable = (name: string) => ({ name, value: "" });
  expect(doubled(["A", "B", "A"].map(variable))).toBe("A");
  expect(doubled(["A", "", ""].map(variable))).toBeUndefined();
});

test("a place is a line and a column in characters", () => {
  expect(offsetOf("ab\ncd", 1, 1)).toBe(0);
  expect(offsetOf("ab\ncd", 2, 2)).toBe(4);
  expect(offsetOf("😀b\ncd", 1, 2)).toBe(2);
  expect(offsetOf("ab", 9, 9)).toBe(2);
});
