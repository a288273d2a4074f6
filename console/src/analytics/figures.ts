/** What figures come to: shares, changes, and the words for them. */
import type { Schemas } from "../api/client";
import { number, percent } from "../lib/format";

export type Figures = Schemas["Figures"];
export type Bucket = Schemas["AnalyticsBucket"];
export type Report = Schemas["Analytics"];

/** Returns a part of a whole from 0 to 1; of nothing there is no part. */
export function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

/** Says how far a number is from what it was before, if that can be said. */
export function change(now: number | undefined, before: number | undefined): string | undefined {
  if (now === undefined || before === undefined || before === 0) return undefined;
  const by = now / before - 1;
  if (Math.abs(by) < 0.005) return "as before";
  return by > 0 ? `${percent(round(by))} more` : `${percent(round(-by))} less`;
}

/** Whole per cents are exact enough for a comparison. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Returns a wait in the unit that a person would say, short enough for a table. */
export function wait(ms: number): string {
  if (ms < 1_000) return `${number(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (ms < 10_000) return `${number(Math.round(ms / 100) / 10)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return unit(minutes, "min", seconds % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return unit(hours, "h", minutes % 60, "min");
  return unit(Math.floor(hours / 24), "d", hours % 24, "h");
}

function unit(large: number, of: string, small: number, and: string): string {
  return small === 0 ? `${number(large)} ${of}` : `${number(large)} ${of} ${small} ${and}`;
}

export function score(value: number): string {
  return number(Math.round(value * 10) / 10);
}

/** Returns how many of those who came back got the agent they had. */
export function returned(figures: Figures): { all: number; share: number | undefined } {
  const all = figures.lastAgent.closed + figures.otherAgent.closed;
  return { all, share: share(figures.lastAgent.closed, all) };
}

/** Why somebody did not get the agent they had, in words. */
const REASONS: Record<string, string> = {
  OUTSIDE_TIME_FRAME: "they came back too late",
  MCS_MISSING: "the previous conversation had no score",
  MCS_NOT_ABOVE_THRESHOLD: "the previous conversation did not score high enough",
  AGENT_OFFLINE: "the agent was offline",
  AGENT_NOT_ONLINE: "the agent was not available",
  AGENT_NOT_SKILLED: "the agent lacks the skill",
  AGENT_AT_CAPACITY: "the agent had no room",
  NOT_TAKEN: "the agent did not accept in time",
};

export function reason(code: string): string {
  return REASONS[code] ?? code;
}

/** Events that are not counted yet and are worth a word: where much happens, a few always are. */
const BEHIND_FAR = 1_000;

/** Whether so much is not counted yet that the figures are far from what happened. */
export function isFarBehind({ behind, total }: Report): boolean {
  return behind >= BEHIND_FAR || (behind > 0 && isEmpty(total.figures));
}

/** Whether nothing at all happened. */
export function isEmpty(figures: Figures): boolean {
  const { conversations, closed, assignments, botAssignments, decisions } = figures;
  return conversations + closed + assignments + botAssignments + (decisions?.runs ?? 0) === 0;
}
