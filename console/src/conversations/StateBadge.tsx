/** Where a conversation is, in a word. */
import { Tag, type Tone } from "../ui/Tag";
import { stateName } from "./conversation";

const TONES: Record<string, Tone> = {
  QUEUED: "warn",
  OFFERED: "warn",
  ASSIGNED: "good",
  BOT: "good",
};

export function StateBadge({ state }: { state: string }) {
  return <Tag tone={TONES[state] ?? "quiet"}>{stateName(state)}</Tag>;
}
