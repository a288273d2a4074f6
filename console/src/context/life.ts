/** How long a document has left, and how long one gives it. */
import { duration } from "../lib/format";

/** Returns the whole seconds that are left until an instant. */
export function secondsLeft(expiresAt: string, now: number): number {
  return Math.max(0, Math.round((Date.parse(expiresAt) - now) / 1000));
}

/** Says how long a document has left: the largest unit is enough. */
export function leftInWords(expiresAt: string, now: number): string {
  const seconds = secondsLeft(expiresAt, now);
  if (seconds === 0) return "expired";
  const largest = /^\S+ \S+/.exec(duration(seconds))?.[0] ?? "";
  return `${largest} left`;
}

/** The longest life there is stands for what has no end of its own. */
export const LONGEST = 0;

export const LIVES = [
  { seconds: 3_600, label: "an hour from now" },
  { seconds: 86_400, label: "a day from now" },
  { seconds: 604_800, label: "a week from now" },
  { seconds: 2_592_000, label: "30 days from now" },
  { seconds: LONGEST, label: "as long as can be: 13 months" },
] as const;
