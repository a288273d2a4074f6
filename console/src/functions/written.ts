/** A function while it is edited: what is typed, and what of it is kept. */
import type { UsherFunction, WrittenFunction } from "../api/functions";
import { isJson } from "../lib/json";

export interface Variable {
  name: string;
  value: string;
}

export interface Written {
  name: string;
  description: string;
  source: string;
  eventId: string;
  skillIds: string[];
  environment: Variable[];
  timeoutMs: number;
  isTrusted: boolean;
  isScheduled: boolean;
  cron: string;
  zone: string;
  /** What a scheduled run is given, as JSON. */
  payload: string;
}

export const TEMPLATE = `// What it is given: { headers, payload }. What it returns is its answer.
async function lambda(input) {
  const { payload } = input;
  console.info("asked", payload);
  return payload;
}
`;

export const TIMEOUT_MAX = 30_000;

export function writtenOf(it: UsherFunction | undefined): Written {
  const schedule = it?.schedule;
  const payload = schedule?.payload;
  return {
    name: it?.name ?? "",
    description: it?.description ?? "",
    source: it?.source ?? TEMPLATE,
    eventId: it?.eventId ?? "",
    skillIds: it?.skillIds ?? [],
    environment: Object.entries(it?.environment ?? {}).map(([name, value]) => ({ name, value })),
    timeoutMs: it?.timeoutMs ?? TIMEOUT_MAX,
    isTrusted: it?.isTrusted ?? false,
    isScheduled: schedule != null,
    cron: schedule?.cron ?? "0 * * * *",
    zone: schedule?.zone ?? "UTC",
    payload: isJson(payload) && payload !== null ? JSON.stringify(payload, null, 2) : "",
  };
}

/** Returns what is sent; with a payload that is no JSON, nothing. */
export function asSent(written: Written): WrittenFunction | undefined {
  const payload = parsed(written.payload);
  // An event starts a function, or time does.
  const isByTime = written.isScheduled && written.eventId === "";
  if (isByTime && payload === undefined) return undefined;
  const { eventId, environment, isScheduled: _i, cron, zone, payload: _p, ...others } = written;
  const named = environment.filter(({ name }) => name !== "");
  return {
    ...others,
    name: written.name.trim(),
    eventId: eventId || null,
    skillIds: eventId ? written.skillIds : [],
    environment: Object.fromEntries(named.map(({ name, value }) => [name, value])),
    schedule: isByTime ? { cron, zone, payload } : null,
  };
}

/** Reads JSON that somebody typed; nothing typed is null, and what is no JSON is undefined. */
export function parsed(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the name that two variables have, if any do. */
export function doubled(environment: readonly Variable[]): string | undefined {
  const names = environment.map(({ name }) => name).filter((name) => name !== "");
  return names.find((name, at) => names.indexOf(name) !== at);
}

/** Returns where a line and a column, both from 1, are in a text. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  // Columns count characters, an editor counts units of two bytes.
  const before = [...text.slice(start)].slice(0, column - 1).join("");
  return Math.min(start + before.length, text.length);
}
