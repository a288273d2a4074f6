import { expect, test } from "vitest";
import { addressOf, changeOf, lookUp } from "./publicModel";

const MODEL = {
  chatInfo: { rtSessionId: "c-1" },
  visitorInfo: { visitorId: "ada & co" },
  chatTranscript: { lines: [{ id: "m-1" }] },
};

test("a path leads to its value, and to null where there is none", () => {
  expect(lookUp(MODEL, "chatInfo.rtSessionId")).toBe("c-1");
  expect(lookUp(MODEL, "chatInfo")).toEqual({ rtSessionId: "c-1" });
  expect(lookUp(MODEL, "chatTranscript.lines.0.id")).toBe("m-1");
  for (const path of [
    "city",
    "chatInfo.city",
    "chatInfo.constructor",
    "",
    "chatTranscript.lines.9",
  ])
    expect(lookUp(MODEL, path)).toBeNull();
});

test("of a transcript only the new lines are told, of the rest what it is now", () => {
  const one = { id: "m-1" };
  const two = { id: "m-2" };
  expect(changeOf("chatTranscript.lines", [one], [one, two])).toEqual([two]);
  expect(changeOf("chatTranscript.lines", [one], [one])).toBeUndefined();
  // Another conversation has another transcript.
  expect(changeOf("chatTranscript.lines", [one], [two])).toEqual([two]);
  expect(changeOf("chatInfo", { a: 1 }, { a: 2 })).toEqual({ a: 2 });
  expect(changeOf("chatInfo", { a: 1 }, { a: 1 })).toBeUndefined();
});

test("an address says what it was told to, in a form that a query can have", () => {
  const url = "https://crm.example.com/w?a=1#top";
  const parameters = { who: "visitorInfo.visitorId", city: "city" };
  expect(addressOf({ url, parameters }, MODEL)).toBe(
    "https://crm.example.com/w?a=1&who=ada+%26+co#top",
  );
});
