/** Where a function is in its life, at a glance. */
import type { UsherFunction } from "../api/functions";
import { Tag } from "../ui/Tag";
import { STATE_NAMES, STATE_TONES } from "./state";

export function StateTag({ it }: { it: UsherFunction }) {
  return <Tag tone={STATE_TONES[it.state]}>{STATE_NAMES[it.state]}</Tag>;
}
