/** Who did something, by name where whoever looks may know it. */
import { actorName } from "./audit";
import { useActorNames } from "./names";

export function Actor({ actor }: { actor: string }) {
  const names = useActorNames();
  return <span title={actor}>{actorName(actor, names)}</span>;
}
