import { expect, test } from "vitest";
import type { Happened } from "../live/frames";
import { nextOf, type Unsent } from "./outbox";
import { linesOf, merged, seenByConsumer, unreadOf } from "./timeline";

const NAMES = { skill: (id: string) => `skill ${id}`, agent: (id: string) => `agent ${id}` };

function happened(sequence: number, event: Happened["event"]): Happened {
  return { sequence, at: "2026-05-01T10:00:00Z", conversationId: "c", event };
}

function said(sequence: number, senderRole: string, senderId: string, text = "hi"): Happened {
  const messageId = `m-${sequence}`;
  return happened(sequence, { type: "MESSAGE_SENT", messageId, senderRole, senderId, text });
}

const read = (sequence: number, messageId: string, readerId: string, readerRole: string) =>
  happened(sequence, { type: "MESSAGE_READ", messageId, readerId, readerRole });

test("what is read and what is heard become one story, each event once", () => {
  const [one, two, three] = [
    said(1, "CONSUMER", "eve"),
    said(2, "AGENT", "ada"),
    said(5, "BOT", "b"),
  ];
  expect(merged([one, three], [three, two]).map(({ sequence }) => sequence)).toEqual([1, 2, 5]);
});

test("unread is what the customer said after the agent last read or said something", () => {
  const events = [said(1, "CONSUMER", "eve"), said(2, "CONSUMER", "eve")];
  expect(unreadOf(events, "ada")).toHaveLength(2);
  expect(unreadOf([...events, read(3, "m-1", "ada", "AGENT")], "ada")).toHaveLength(1);
  expect(unreadOf([...events, read(3, "m-2", "bob", "AGENT")], "ada")).toHaveLength(2);
  expect(unreadOf([...events, said(3, "AGENT", "ada")], "ada")).toHaveLength(0);
});

test("what the customer has read is told by the customer alone", () => {
  const events = [said(1, "AGENT", "ada"), read(2, "m-1", "bob", "AGENT")];
  expect(seenByConsumer(events)).toBe(0);
  expect(seenByConsumer([...events, read(3, "m-1", "eve", "CONSUMER")])).toBe(1);
});

test("a story has what was said and what happened, and not how routing came to it", () => {
  const lines = linesOf(
    [
      happened(1, { type: "CONVERSATION_STARTED", skillId: "12" }),
      happened(2, { type: "OFFERED", agentId: "ada" }),
      happened(3, { type: "ASSIGNED", agentId: "ada" }),
      said(4, "CONSUMER", "eve", "Hello"),
      happened(5, {
        type: "TRANSFERRED",
        outcome: "TRANSFERRED_SKILL",
        toSkillId: "13",
        by: "ada",
      }),
      happened(6, { type: "CONVERSATION_CLOSED", by: "AGENT", description: "solved" }),
    ],
    NAMES,
  );
  expect(lines.map(({ text }) => text)).toEqual([
    "Began in skill 12",
    "agent ada has it now",
    "Hello",
    "Passed on to skill 13 by agent ada",
    "Closed by the agent: solved",
  ]);
});

test("of each conversation the first message goes next that neither went nor was refused", () => {
  const unsent = (clientMessageId: string, conversationId: string, rest: Partial<Unsent> = {}) => ({
    clientMessageId,
    conversationId,
    text: "x",
    isPrivate: false,
    at: "",
    isSent: false,
    ...rest,
  });
  const next = nextOf([
    unsent("a", "one", { isSent: true }),
    unsent("b", "one", { refusal: "too long" }),
    unsent("c", "one"),
    unsent("d", "two"),
    unsent("e", "one"),
  ]);
  expect(next.map(({ clientMessageId }) => clientMessageId)).toEqual(["c", "d"]);
});
