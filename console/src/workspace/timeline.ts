/** A conversation's story, read from its events: what was said, and what happened in between. */
import { type JsonObject, textOf } from "../lib/json";
import type { Happened } from "../live/frames";

export type SenderRole = "CONSUMER" | "AGENT" | "BOT" | "MANAGER" | "SYSTEM";

export interface Message {
  kind: "message";
  sequence: number;
  at: string;
  messageId: string;
  senderId: string;
  role: SenderRole;
  /** Whether the consumer does not see it. */
  isPrivate: boolean;
  text: string;
  /** What its sender calls it. */
  clientMessageId: string;
}

/** Something that happened beside what was said. */
export interface Note {
  kind: "note";
  sequence: number;
  at: string;
  text: string;
}

export type Line = Message | Note;

/** What people call skills and agents. */
export interface Names {
  skill: (id: string) => string;
  agent: (id: string) => string;
}

const ROLES: readonly SenderRole[] = ["CONSUMER", "AGENT", "BOT", "MANAGER", "SYSTEM"];

/** Puts events together, each once, in their order. */
export function merged(known: readonly Happened[], more: readonly Happened[]): Happened[] {
  const bySequence = new Map(known.map((one) => [one.sequence, one]));
  for (const one of more) bySequence.set(one.sequence, one);
  return [...bySequence.values()].sort((one, other) => one.sequence - other.sequence);
}

export function messageOf({ sequence, at, event }: Happened): Message | undefined {
  if (event["type"] !== "MESSAGE_SENT") return undefined;
  const role = ROLES.find((one) => one === event["senderRole"]) ?? "SYSTEM";
  return {
    kind: "message",
    sequence,
    at,
    messageId: textOf(event, "messageId"),
    senderId: textOf(event, "senderId"),
    role,
    isPrivate: event["audience"] === "AGENTS_AND_MANAGERS",
    text: textOf(event, "text"),
    clientMessageId: textOf(event, "clientMessageId"),
  };
}

export function linesOf(events: readonly Happened[], names: Names): Line[] {
  return events.flatMap((happened): Line[] => {
    const message = messageOf(happened);
    if (message) return [message];
    const text = noteOf(happened.event, names);
    return text ? [{ kind: "note", sequence: happened.sequence, at: happened.at, text }] : [];
  });
}

/** Says in a sentence what happened; nothing for what only routing looks at. */
function noteOf(event: JsonObject, names: Names): string | undefined {
  const skill = (key: string) => names.skill(textOf(event, key));
  const agent = (key: string) => names.agent(textOf(event, key));
  switch (event["type"]) {
    case "CONVERSATION_STARTED":
      return textOf(event, "skillId") ? `Began in ${skill("skillId")}` : "Began";
    case "ASSIGNED":
      return `${agent("agentId")} has it now`;
    case "REQUEUED":
      return `Back in the queue of ${skill("skillId")}`;
    case "TRANSFERRED":
      return transferOf(event, skill, agent);
    case "PARTICIPANT_JOINED":
      return `${agent("participantId")} joined`;
    case "PARTICIPANT_LEFT":
      return `${agent("participantId")} left`;
    case "CONSUMER_IDENTIFIED":
      return `The customer turned out to be ${textOf(event, "newConsumerId")}`;
    case "DIALOG_OPENED":
      return event["dialogType"] === "POST_SURVEY" ? "The customer is asked how it was" : undefined;
    case "SURVEY_ANSWERED":
      return `The customer gave ${String(event["csat"])} of 5`;
    case "CONVERSATION_CLOSED":
      return `Closed by ${CLOSERS[textOf(event, "by")] ?? "somebody"}${reasonOf(event)}`;
    default:
      return undefined;
  }
}

const CLOSERS: Record<string, string> = {
  AGENT: "the agent",
  CONSUMER: "the customer",
  SYSTEM: "the system",
};

function reasonOf(event: JsonObject): string {
  const words = textOf(event, "description");
  return words === "" || words === "MANUAL_CLOSE" ? "" : `: ${words}`;
}

function transferOf(
  event: JsonObject,
  skill: (key: string) => string,
  agent: (key: string) => string,
): string {
  const by = textOf(event, "by") ? ` by ${agent("by")}` : "";
  if (event["outcome"] === "TAKEN_OVER") return `Taken over by ${agent("toAgentId")}`;
  if (event["outcome"] === "TRANSFERRED_AGENT") return `Passed on to ${agent("toAgentId")}${by}`;
  return `Passed on to ${skill("toSkillId")}${by}`;
}

/** Returns what the consumer said that the agent has neither read nor answered. */
export function unreadOf(events: readonly Happened[], agentId: string): Message[] {
  const messages = events.flatMap((one) => messageOf(one) ?? []);
  const last = messages.findLast(({ senderId }) => senderId === agentId)?.sequence ?? 0;
  const seen = readUntil(events, messages, ({ readerId }) => readerId === agentId);
  const from = Math.max(last, seen);
  return messages.filter(({ role, sequence }) => role === "CONSUMER" && sequence > from);
}

/** Returns the place of the last message that the consumer has read. */
export function seenByConsumer(events: readonly Happened[]): number {
  const messages = events.flatMap((one) => messageOf(one) ?? []);
  return readUntil(events, messages, ({ readerRole }) => readerRole === "CONSUMER");
}

function readUntil(
  events: readonly Happened[],
  messages: readonly Message[],
  isBy: (reader: { readerId: string; readerRole: string }) => boolean,
): number {
  const read = events.findLast(
    ({ event }) =>
      event["type"] === "MESSAGE_READ" &&
      isBy({ readerId: textOf(event, "readerId"), readerRole: textOf(event, "readerRole") }),
  );
  if (!read) return 0;
  const messageId = textOf(read.event, "messageId");
  return messages.find((message) => message.messageId === messageId)?.sequence ?? 0;
}
