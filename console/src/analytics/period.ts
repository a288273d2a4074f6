/** The period of a report, as its address says it. */

export const SPANS = { today: 1, week: 7, month: 30, quarter: 90 } as const;
export type Span = keyof typeof SPANS;

export const GROUPS = ["skill", "agent", "channel"] as const;
export type Grouping = (typeof GROUPS)[number];

/** What the address of the page says; the server knows the same words. */
export interface AnalyticsSearch {
  span?: Span;
  from?: string;
  to?: string;
  group?: Grouping;
  id?: string;
  sort?: string;
  show?: "tables";
}

export interface Period {
  from: string;
  to: string;
  bucket: "hour" | "day";
  timeZone: string;
}

/** Days up to which a report goes hour by hour: a chart of more has too many bars to tell apart. */
const HOURLY_DAYS = 2;

/** Returns the whole days that an address asks for, in the reader's time zone. */
export function periodOf(search: AnalyticsSearch, now: Date): Period {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const to = search.to ?? isoDay(now);
  const from = search.from ?? daysBefore(to, SPANS[search.span ?? "week"] - 1);
  const bucket = daysBetween(from, to) < HOURLY_DAYS ? "hour" : "day";
  return { from, to, bucket, timeZone };
}

/** Returns the day of an instant where the reader is: `2026-05-01`. */
export function isoDay(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function daysBefore(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() - days);
  return Number.isNaN(at.getTime()) ? day : at.toISOString().slice(0, 10);
}

/** Returns how many days lie between two, 0 if they are the same. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}

/** Returns what an address asks the server for. */
export function queryOf(search: AnalyticsSearch, period: Period) {
  return {
    ...period,
    ...(search.group && { group: search.group }),
    ...(search.group && search.id !== undefined && { id: search.id }),
  };
}

/** Returns where the same figures are to be had as a file. */
export function fileOf(search: AnalyticsSearch, period: Period): string {
  const query = new URLSearchParams({ ...queryOf(search, period), format: "csv" });
  return `/api/v1/analytics?${query.toString()}`;
}
