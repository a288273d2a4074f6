/** Agents as they work, in words. */
import type { Schemas } from "../api/client";
import { count, number } from "../lib/format";

export type Agent = Schemas["AgentStatus"];

export const STATUS_NAMES: Record<string, string> = {
  ONLINE: "online",
  OCCUPIED: "occupied",
  AWAY: "away",
  OFFLINE: "offline",
};

/** Says how full an agent is. */
export function loadOf({ assigned, slots }: Agent): string {
  if (slots === 0 && assigned === 0) return "takes no conversations";
  if (slots === null || slots === undefined) return count(assigned, "conversation");
  return `${number(assigned)} of ${count(slots, "place")}`;
}
