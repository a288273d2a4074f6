/** What was said in a conversation, told by its events. */

import { type JsonObject, textOf } from "../lib/json";
import type { Happened } from "../live/frames";
import { type Choice, choicesIn } from "./content";

export interface Message {
  id: string;
  sequence: number;
  at: string;
  /** Whose: the visitor's, of somebody who answers, or of the server itself. */
  side: "MINE" | "THEIRS" | "OURS";
  senderId: string;
  text: string;
  /** What can be pressed beside the text. */
  choices: readonly Choice[];
  clientMessageId: string;
}

export interface Story {
  messages: readonly Message[];
  /** The last message of the visitor's that somebody has read, and those before it. */
  readByThem: string | undefined;
}

export const EMPTY: Story = { messages: [], readByThem: undefined };

/** Returns the story with one more event; one that it has already changes nothing. */
export function withEvent(story: Story, { sequence, at, event }: Happened): Story {
  switch (event["type"]) {
    case "MESSAGE_SENT": {
      const message = messageOf(sequence, at, event);
      if (story.messages.some(({ id }) => id === message.id)) return story;
      const messages = [...story.messages, message].sort((a, b) => a.sequence - b.sequence);
      return { ...story, messages };
    }
    case "MESSAGE_READ":
      if (event["readerRole"] === "CONSUMER") return story;
      return { ...story, readByThem: textOf(event, "messageId") };
    default:
      return story;
  }
}

function messageOf(sequence: number, at: string, event: JsonObject): Message {
  const senderId = textOf(event, "senderId");
  return {
    id: textOf(event, "messageId"),
    sequence,
    at,
    side: event["senderRole"] === "CONSUMER" ? "MINE" : senderId === "" ? "OURS" : "THEIRS",
    senderId,
    text: textOf(event, "text"),
    choices: choicesIn(event["content"]),
    clientMessageId: textOf(event, "clientMessageId"),
  };
}

/** Returns up to which sequence the visitor's messages have been read. */
export function readUpTo({ messages, readByThem }: Story): number {
  return messages.find(({ id }) => id === readByThem)?.sequence ?? 0;
}

/** Counts what was said to the visitor after a message that they have seen. */
export function unreadAfter({ messages }: Story, seen: number): number {
  return messages.filter(({ side, sequence }) => side !== "MINE" && sequence > seen).length;
}
