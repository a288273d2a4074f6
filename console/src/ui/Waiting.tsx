/** Keeps the place of rows that are on their way. */
import { Skeleton } from "@mantine/core";
import classes from "./Waiting.module.css";

/** As many as are seen before one scrolls. */
const ROWS = 10;

export function Waiting({ rowHeight }: { rowHeight: number }) {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: ROWS }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.row} style={{ height: rowHeight }}>
          <Skeleton height={12} width={`${60 - (index % 3) * 10}%`} />
        </div>
      ))}
    </div>
  );
}
