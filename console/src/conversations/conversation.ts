/** Conversations in words. */
import type { Schemas } from "../api/client";
import { count, duration } from "../lib/format";

export type Conversation = Schemas["Conversation"];

export const STATES = ["QUEUED", "OFFERED", "ASSIGNED", "BOT", "CLOSED"] as const;
type State = (typeof STATES)[number];

export const STATE_NAMES: Record<State, string> = {
  QUEUED: "waits",
  OFFERED: "rings",
  ASSIGNED: "with an agent",
  BOT: "with a bot",
  CLOSED: "closed",
};

export function isState(state: string): state is State {
  return state in STATE_NAMES;
}

export function stateName(state: string): string {
  return isState(state) ? STATE_NAMES[state] : state;
}

/** Why an agent does not get a conversation, said of the agent. */
const EXCLUSIONS: Record<string, string> = {
  DISABLED: "switched off",
  NOT_SKILLED: "not good enough at it",
  OFFLINE: "offline",
  LEASE_EXPIRED: "silent",
  AWAY: "away",
  OCCUPIED: "for transfers only",
  AT_CAPACITY: "full",
  SKIPPED: "not asked again yet",
  NOT_SUGGESTED: "not the one it is kept for",
  SKILL_CLOSED: "outside business hours",
  BUSY: "being given something else",
};

export function exclusionName(code: string): string {
  return EXCLUSIONS[code] ?? code.toLowerCase().replaceAll("_", " ");
}

const DOWNGRADES: Record<string, string> = {
  AGENT_OFFLINE: "is not there",
  AGENT_NOT_ONLINE: "is away",
  AGENT_NOT_SKILLED: "lacks the skill",
  AGENT_AT_CAPACITY: "is full",
};

/** Says why an agent who was named did not get a conversation. */
export function downgradeName(code: string): string {
  return DOWNGRADES[code] ?? "is not available";
}

/** Says in one line why a conversation waits. */
export function obstacleLine(
  obstacles: Schemas["Obstacles"],
  agentName: (agentId: string) => string,
): string {
  const { isOpen, suggestedAgentId, reachable, excluded } = obstacles;
  if (suggestedAgentId) return `It is kept for ${agentName(suggestedAgentId)}.`;
  if (!isOpen) return "The skill is closed or switched off.";
  if (reachable > 0) return `${count(reachable, "agent")} can have it: it is about to ring.`;
  const reasons = Object.entries(excluded).sort(([, a], [, b]) => b - a);
  const all = reasons.reduce((sum, [, number]) => sum + number, 0);
  const [first] = reasons;
  if (!first) return "Nobody has the skill.";
  if (reasons.length === 1) {
    return all === 1
      ? `The only agent is ${exclusionName(first[0])}.`
      : `All ${all} agents are ${exclusionName(first[0])}.`;
  }
  const said = reasons.map(([code, number]) => `${number} ${exclusionName(code)}`);
  return `Of ${all} agents ${said.join(", ")}.`;
}

/** Says how long somebody will probably wait. */
export function expectedLine(wait: Schemas["ExpectedWait"]): string {
  return `about ${roughly(wait.likely)}`;
}

/** A length of time as people guess it. */
export function roughly(seconds: number): string {
  if (seconds < 60) return duration(Math.max(5, Math.round(seconds / 5) * 5));
  if (seconds < 3_600) return duration(Math.round(seconds / 60) * 60);
  return duration(Math.round(seconds / 900) * 900);
}
