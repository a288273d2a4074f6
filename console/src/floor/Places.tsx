/** An agent's places as they fill: a conversation that waits for the consumer fills less of one. */
import type { Agent } from "../users/agent";
import classes from "./Live.module.css";

/** Places that are drawn one by one; more become one bar. */
const DRAWN_MAX = 8;
const WIDTH = 12;
const GAP = 2;
const HEIGHT = 12;

export function Places({ agent }: { agent: Agent }) {
  const { slots, loadPercent } = agent;
  if (slots === null || slots === undefined || slots === 0) return null;
  const drawn = slots > DRAWN_MAX ? 1 : slots;
  const width = slots > DRAWN_MAX ? DRAWN_MAX * (WIDTH + GAP) - GAP : WIDTH;
  const full = (loadPercent / 100) * drawn;
  const total = drawn * (width + GAP) - GAP;
  return (
    <svg
      className={classes.places}
      width={total}
      height={HEIGHT}
      data-full={loadPercent >= 100 || undefined}
      aria-hidden="true"
    >
      {Array.from({ length: drawn }, (_, index) => {
        const share = Math.min(1, Math.max(0, full - index));
        const x = index * (width + GAP);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a place has no name
          <g key={index}>
            <rect x={x} width={width} height={HEIGHT} rx={3} className={classes.place} />
            {share > 0 && (
              <rect x={x} width={width * share} height={HEIGHT} rx={3} className={classes.taken} />
            )}
          </g>
        );
      })}
    </svg>
  );
}
