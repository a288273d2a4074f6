/** An instant as people say it, with the exact one on hover. */
import { ago, instant } from "../lib/format";

export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={instant(at)} className="number">
      {ago(at, Date.now())}
    </time>
  );
}
