/** To whom a conversation can go, with how they are doing now. */
import type { Schemas } from "../api/client";
import { byName } from "../lib/find";
import { count, number } from "../lib/format";
import { type Agent, loadOf, STATUS_NAMES } from "../users/agent";

/** Who hands it over: a supervisor decides, an agent asks somebody who has time. */
export type By = "agent" | "supervisor";

export interface Target {
  id: string;
  name: string;
  /** How it is doing. */
  state: string;
  /** Whether it could have the conversation at once. */
  isFree: boolean;
  /** Whether only a supervisor who insists gets it there. */
  isFull: boolean;
  /** Why it cannot be chosen. */
  reason?: string;
}

/** Where the conversation is now. */
export interface From {
  skillId: string | undefined;
  agentId: string | undefined;
}

const STATUS_ORDER = ["ONLINE", "OCCUPIED", "AWAY", "OFFLINE"];

/** Returns agents, those first who have the skill, are there, and have room. */
export function agentTargets(agents: readonly Agent[], from: From, by: By): Target[] {
  const lacks = (agent: Agent) => agent.skills.every((skill) => skill.id !== from.skillId);
  const status = (agent: Agent) => STATUS_ORDER.indexOf(agent.status);
  return agents
    .filter(({ id, isEnabled, kind, slots }) => {
      const takesAny = by === "supervisor" ? kind === "HUMAN" : slots !== 0;
      return isEnabled && takesAny && id !== from.agentId;
    })
    .sort(
      (a, b) =>
        Number(lacks(a)) - Number(lacks(b)) ||
        status(a) - status(b) ||
        a.loadPercent - b.loadPercent ||
        byName(a, b),
    )
    .map((agent) => {
      const isThere = agent.status === "ONLINE" || agent.status === "OCCUPIED";
      const isFull = agent.loadPercent >= 100;
      const parts = [
        lacks(agent) && "lacks the skill",
        STATUS_NAMES[agent.status] ?? agent.status,
        loadOf(agent),
        isFull && "full",
      ];
      const isOut = by === "agent" && (!isThere || isFull);
      return {
        id: agent.id,
        name: agent.name,
        state: parts.filter(Boolean).join(" · "),
        isFree: isThere && !isFull,
        isFull,
        ...(isOut && { reason: `${agent.name} is ${isThere ? "full" : "not there"}.` }),
      };
    });
}

/** Returns the other skills, by name. */
export function skillTargets(queues: readonly Schemas["Queue"][], from: From): Target[] {
  return queues
    .filter(({ skillId, isEnabled }) => skillId && isEnabled && skillId !== from.skillId)
    .sort(byName)
    .map((queue) => {
      const { skillId, name, waiting, agentsOnline, freeSlots, isOpen } = queue;
      const parts = [
        !isOpen && "closed now",
        `${number(waiting)} waiting`,
        agentsOnline === 0 ? "nobody online" : `${count(agentsOnline, "agent")} online`,
      ];
      return {
        id: skillId ?? "",
        name,
        state: parts.filter(Boolean).join(" · "),
        isFree: isOpen && agentsOnline > 0 && freeSlots > 0,
        isFull: false,
      };
    });
}
