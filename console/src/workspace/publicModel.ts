/** What widgets may know of a conversation, under the names that existing widgets use. */
import type { Schemas } from "../api/client";
import type { Conversation } from "../api/queries";
import { isJson, isObject, type Json, type JsonObject } from "../lib/json";
import type { Happened } from "../live/frames";
import { messageOf, type Names } from "./timeline";

/** What the model is made of. */
export interface Known {
  accountId: string;
  conversation: Conversation;
  events: readonly Happened[];
  /** Who is signed in. */
  agent: { id: string; name: string; email: string; slots: number };
  contact: Schemas["LastContact"] | undefined;
  /** What a bot has learned. */
  context: unknown;
  names: Names;
  theme: "light" | "dark";
}

const SOURCES = {
  CONSUMER: "visitor",
  AGENT: "agent",
  BOT: "agent",
  MANAGER: "agent",
  SYSTEM: "system",
} as const;

export function publicModel(known: Known): JsonObject {
  const { accountId, conversation, events, agent, contact, context, names, theme } = known;
  const assigned = conversation.agentId ?? "";
  const skill = conversation.skillId ? names.skill(conversation.skillId) : null;
  const first = events.find(({ event }) => event["type"] === "ASSIGNED");
  return {
    chatInfo: {
      rtSessionId: conversation.id,
      accountId,
      chatRequestedTime: Date.parse(conversation.startedAt),
      chatStartTime: first ? Date.parse(first.at) : null,
      isMessaging: true,
      chatSkill: skill,
      spectatedEngagement: assigned !== agent.id,
    },
    chattingAgentInfo: {
      agentId: assigned,
      agentName: names.agent(assigned),
      agentNickname: names.agent(assigned),
      agentGroupName: null,
    },
    agentInfo: {
      agentId: agent.id,
      agentName: agent.name,
      agentNickname: agent.name,
      agentEmail: agent.email,
      maxChats: agent.slots,
      accountId,
    },
    chatTranscript: { lines: linesOf(events, names) },
    surveyQuestions: { preChat: { phone: { value: conversation.consumerId } } },
    visitorInfo: {
      visitorId: conversation.consumerId,
      visitorName: conversation.consumerId,
      visitStartTime: Date.parse(conversation.startedAt),
      chattingVisitorState: conversation.state === "CLOSED" ? "ENDED" : "CHATTING",
    },
    engagementInfo: { skill, engagementSkill: skill },
    claimsAndAuthType: { claims: null, acr: conversation.isAuthenticated ? "loa1" : "0" },
    applicationInfo: { theme },
    conversationContext: { orchestrator: asJson(context) },
    lastContact: asJson(contact),
  };
}

function linesOf(events: readonly Happened[], names: Names): Json[] {
  return events.flatMap((happened): Json[] => {
    const message = messageOf(happened);
    // Notes of colleagues are not part of what was said to the customer.
    if (!message || message.isPrivate) return [];
    const { messageId, role, senderId, text, at } = message;
    const by = role === "CONSUMER" ? senderId : names.agent(senderId);
    return [
      {
        id: messageId,
        type: "LINE",
        by,
        source: SOURCES[role],
        text,
        textType: "plain",
        time: Date.parse(at),
      },
    ];
  });
}

function asJson(value: unknown): Json {
  return isJson(value) ? value : null;
}

/** Returns the value at a path such as `chatInfo.rtSessionId`; null if there is none. */
export function lookUp(model: JsonObject, path: string): Json {
  let value: Json = model;
  for (const name of path.split(".")) {
    if (isObject(value) && Object.hasOwn(value, name)) value = value[name] ?? null;
    else if (Array.isArray(value) && /^\d+$/.test(name)) value = value[Number(name)] ?? null;
    else return null;
  }
  return value;
}

/** Returns what is told of a change: of what was said, the new lines alone. */
export function changeOf(path: string, before: Json, after: Json): Json | undefined {
  if (path === "chatTranscript.lines" && Array.isArray(before) && Array.isArray(after)) {
    const isLonger = JSON.stringify(after.slice(0, before.length)) === JSON.stringify(before);
    if (isLonger) return after.length > before.length ? after.slice(before.length) : undefined;
  }
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

/** Returns a widget's address with what it is to say of the conversation. */
export function addressOf(
  { url, parameters = {} }: Pick<Schemas["Widget"], "url" | "parameters">,
  model: JsonObject,
): string {
  const address = new URL(url);
  for (const [name, path] of Object.entries(parameters)) {
    const value = lookUp(model, path);
    if (name === "" || value === null) continue;
    address.searchParams.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return address.href;
}
