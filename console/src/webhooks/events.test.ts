import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { choicesWith, EVENT_GROUPS, eventsInWords } from "./events";

test("every type that the guide names can be chosen, and no other", () => {
  const guide = readFileSync(new URL("../../../docs/guide/events.md", import.meta.url), "utf8");
  const table = guide.slice(guide.indexOf("## The types"), guide.indexOf("The words of the"));
  const named = [...table.matchAll(/`([a-z]+\.[a-z_]+)`/g)].map((match) => match[1]);
  const offered = EVENT_GROUPS.flatMap(({ items }) => [...items]).filter(
    (type) => !type.endsWith("*"),
  );
  expect([...offered].sort()).toEqual([...new Set(named)].sort());
});

test("a type that nobody foresaw stays chosen", () => {
  expect(choicesWith(["conversation.new_thing"]).at(-1)).toEqual({
    group: "Others",
    items: ["conversation.new_thing"],
  });
  expect(choicesWith(["message.*"])).toHaveLength(EVENT_GROUPS.length);
});

test("no types are all of them", () => {
  expect(eventsInWords([])).toBe("every event");
  expect(eventsInWords(["a.b", "c.*"])).toBe("a.b, c.*");
  expect(eventsInWords(["a.b", "c.*", "d.e"])).toBe("3 types of events");
});
