/** How a credential is, and until when. */
import type { Credential } from "../api/access";

export type Condition = "works" | "ends soon" | "has ended";

const SOON = 7 * 86_400_000;

export function conditionOf(credential: Credential, now: number): Condition {
  if (!credential.expiresAt) return "works";
  const left = Date.parse(credential.expiresAt) - now;
  if (left <= 0) return "has ended";
  return left <= SOON ? "ends soon" : "works";
}

/** Whether the secrets before the last rotation still work. */
export function isOverlapping(credential: Credential, now: number): boolean {
  return credential.previousUntil != null && Date.parse(credential.previousUntil) > now;
}

/** How long the present secrets may work on when new ones are made. */
export const OVERLAPS = [
  { seconds: 0, label: "not at all: they stop at once" },
  { seconds: 3_600, label: "for an hour" },
  { seconds: 86_400, label: "for a day" },
  { seconds: 604_800, label: "for a week" },
  { seconds: 2_592_000, label: "for 30 days" },
] as const;

/** How long a new credential may work. */
export const LIVES = [
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "a year" },
  { days: 0, label: "until it is revoked" },
] as const;

/** Returns from when on a credential does not work that lives so many days. */
export function endOf(days: number, now: number): string | undefined {
  return days === 0 ? undefined : new Date(now + days * 86_400_000).toISOString();
}
