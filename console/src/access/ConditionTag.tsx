/** Whether a credential works, at a glance. */
import type { Credential } from "../api/access";
import { Tag, type Tone } from "../ui/Tag";
import { type Condition, conditionOf } from "./credential";

const TONES: Record<Condition, Tone> = {
  works: "good",
  "ends soon": "warn",
  "has ended": "bad",
};

export function ConditionTag({ credential }: { credential: Credential }) {
  const condition = conditionOf(credential, Date.now());
  return <Tag tone={TONES[condition]}>{condition}</Tag>;
}
