/** How long something has lasted, counted on. */
import { clock, instant } from "../lib/format";
import { useNow } from "../lib/now";

export function Since({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={`since ${instant(at)}`} className="number">
      {clock((now - new Date(at).getTime()) / 1_000)}
    </time>
  );
}

/** How long something will last, counted down. */
export function Until({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={`until ${instant(at)}`} className="number">
      {clock((new Date(at).getTime() - now) / 1_000)}
    </time>
  );
}
