/** All that the messenger shows, and what is shown of where a conversation stands. */
import type { Failure } from "../api/client";
import { type Look, PLAIN } from "./frame";
import type { Outgoing } from "./outbox";
import type { Conversation } from "./service";
import { EMPTY, type Story } from "./story";

/** Where a conversation stands. */
export type Stage = "NEW" | "WAITING" | "ANSWERED" | "SURVEY" | "OVER";

export interface Place {
  ahead: number;
  isAtLeast: boolean;
  /** How long it will probably take. */
  likelySeconds: number | undefined;
}

export interface View {
  look: Look;
  stage: Stage;
  story: Story;
  outgoing: readonly Outgoing[];
  /** Who answers, and whether that is a program. */
  answering: { id: string; nickname: string; isBot: boolean } | undefined;
  nicknames: ReadonlyMap<string, string>;
  place: Place | undefined;
  isTyping: boolean;
  isConnected: boolean;
  unread: number;
  csat: number | undefined;
  /** Why nothing can be shown. */
  failure: Failure | undefined;
  isReady: boolean;
}

/** What is shown while there is no conversation. */
export const NO_CONVERSATION = {
  stage: "NEW",
  story: EMPTY,
  answering: undefined,
  place: undefined,
  isTyping: false,
  isConnected: true,
  csat: undefined,
  failure: undefined,
} satisfies Partial<View>;

export const BEGINNING: View = {
  ...NO_CONVERSATION,
  look: PLAIN,
  outgoing: [],
  nicknames: new Map(),
  unread: 0,
  isReady: false,
};

export function stageOf({ state, closed, dialogs }: Conversation): Stage {
  if (closed) return "OVER";
  if (dialogs.some((dialog) => dialog.type === "POST_SURVEY" && !dialog.closed)) return "SURVEY";
  if (state === "CLOSED") return "OVER";
  return state === "ASSIGNED" || state === "BOT" ? "ANSWERED" : "WAITING";
}

/** Returns what is shown of where a conversation stands. */
export function standingOf(conversation: Conversation): Partial<View> {
  const { participants, agentId, state, position, expectedWaitSeconds, csat } = conversation;
  const nicknames = new Map(participants.map(({ id, nickname }) => [id, nickname ?? ""]));
  const stage = stageOf(conversation);
  const isHeld = state === "ASSIGNED" || state === "BOT";
  return {
    stage,
    nicknames,
    answering:
      agentId && isHeld
        ? { id: agentId, nickname: nicknames.get(agentId) ?? "", isBot: state === "BOT" }
        : undefined,
    place:
      stage === "WAITING" && position
        ? { ...position, likelySeconds: expectedWaitSeconds?.likely }
        : undefined,
    csat: csat ?? undefined,
  };
}
