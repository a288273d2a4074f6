/** The words of the workspace for what the server says in codes. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { agentsQuery, type Conversation, skillsQuery } from "../api/queries";
import { isJson, isObject, textOf } from "../lib/json";
import type { Names } from "./timeline";

export const STATUSES = [
  { value: "ONLINE", name: "Online", gets: "new conversations and transfers" },
  { value: "OCCUPIED", name: "Occupied", gets: "transfers only" },
  { value: "AWAY", name: "Away", gets: "nothing new" },
  { value: "OFFLINE", name: "Offline", gets: "nothing" },
] as const;

export type AgentStatusName = (typeof STATUSES)[number]["value"];

export function statusOf(value: string | undefined): (typeof STATUSES)[number] {
  return STATUSES.find((one) => one.value === value) ?? STATUSES[3];
}

/** How long a name counts as known: people seldom change theirs. */
const NAMES_MS = 300_000;

/** Returns what people call skills and agents; the id where nobody knows. */
export function useNames(): Names {
  const skills = useQuery(skillsQuery).data;
  const agents = useQuery({ ...agentsQuery, staleTime: NAMES_MS }).data;
  return useMemo(() => {
    const skillNames = new Map(skills?.map(({ id, name }) => [id, name]));
    const agentNames = new Map(agents?.map(({ id, name }) => [id, name]));
    return {
      skill: (id) => (id === "" ? "no skill" : (skillNames.get(id) ?? id)),
      agent: (id) => (id === "" ? "nobody" : (agentNames.get(id) ?? id)),
    };
  }, [skills, agents]);
}

/** Returns what to call a consumer: a name, the id the brand knows, or a visitor. */
export function consumerOf(conversation: Conversation): string {
  const { attributes, consumerId, isAuthenticated } = conversation;
  const name = isJson(attributes) && isObject(attributes) ? textOf(attributes, "name") : "";
  if (name) return name;
  return isAuthenticated || consumerId.length < 24 ? consumerId : `Visitor ${consumerId.slice(-4)}`;
}
