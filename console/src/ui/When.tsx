/** An instant as people say it, with the exact one on hover. */
import { Tooltip } from "@mantine/core";
import { ago, instant } from "../lib/format";

export function When({ at }: { at: string }) {
  return (
    <Tooltip label={instant(at)}>
      <time dateTime={at} className="number">
        {ago(at, Date.now())}
      </time>
    </Tooltip>
  );
}
