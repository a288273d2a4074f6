import { describe, expect, test } from "vitest";
import type { JsonObject } from "../lib/json";
import { choicesIn } from "./content";

const button = (title: string, action: JsonObject): JsonObject => ({
  type: "button",
  title,
  click: { actions: [{ type: "somethingElse" }, action] },
});

describe("what can be pressed in a message", () => {
  test("is found in cards and quick replies, in order", () => {
    const content: JsonObject = {
      type: "vertical",
      elements: [
        { type: "text", text: "Which one?" },
        {
          type: "horizontal",
          elements: [button("Blue", { type: "publishText", text: "the blue one" })],
        },
        button("Look at it", { type: "link", uri: "https://brand.example/blue" }),
      ],
      quickReplies: {
        type: "quickReplies",
        replies: [button("Neither", { type: "publishText" })],
      },
    };
    expect(choicesIn(content)).toEqual([
      { title: "Blue", says: "the blue one", address: undefined },
      { title: "Look at it", says: undefined, address: "https://brand.example/blue" },
      { title: "Neither", says: "Neither", address: undefined },
    ]);
  });

  test("is never a script, nothing without a name, and bounded", () => {
    const script = ["java", "script:alert(1)"].join("");
    expect(choicesIn(button("Press me", { type: "link", uri: script }))).toEqual([]);
    expect(choicesIn(button("", { type: "publishText", text: "x" }))).toEqual([]);
    expect(choicesIn("text")).toEqual([]);
    const many = Array.from({ length: 100 }, (_, at) => button(`${at}`, { type: "publishText" }));
    expect(choicesIn({ elements: many })).toHaveLength(20);
  });
});
