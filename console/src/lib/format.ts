/** Numbers, times and durations in the words of whoever reads. */

const numbers = new Intl.NumberFormat();
const percents = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Number.POSITIVE_INFINITY],
];

export function number(value: number): string {
  return numbers.format(value);
}

export function percent(share: number): string {
  return percents.format(share);
}

const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Returns the day of an instant, here. */
export function day(at: string): string {
  return days.format(new Date(at));
}

const short = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** Returns an instant without its year, for lines of a log. */
export function shortInstant(at: string): string {
  return short.format(new Date(at));
}

export function instant(at: string): string {
  return absolute.format(new Date(at));
}

const today = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const before = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Returns the time of day, with the day if that is another one. */
export function time(at: string): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? today : before).format(date);
}

/** Returns how long ago an instant was, or how far off it is. */
export function ago(at: string, now: number): string {
  let value = (new Date(at).getTime() - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(value) < length) return relative.format(Math.round(value), unit);
    value /= length;
  }
  return instant(at);
}

/** Returns a duration in the unit that a person would say. */
export function microseconds(us: number): string {
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${numbers.format(Math.round(us / 100) / 10)} ms`;
  return `${numbers.format(Math.round(us / 100_000) / 10)} s`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${numbers.format(value)} ${value === 1 ? one : many}`;
}

const UNITS = [
  { seconds: 86_400, unit: "day" },
  { seconds: 3_600, unit: "hour" },
  { seconds: 60, unit: "minute" },
  { seconds: 1, unit: "second" },
] as const;

/** Returns a length of time in words: the largest unit, and the next if something is left. */
export function duration(seconds: number): string {
  const parts: string[] = [];
  let left = Math.round(seconds);
  for (const { seconds: length, unit } of UNITS) {
    const whole = Math.floor(left / length);
    left -= whole * length;
    if (whole > 0 && parts.length < 2) parts.push(count(whole, unit));
  }
  return parts.join(" ") || count(0, "second");
}

/** Returns a length of time that is counted on the screen, short and of one width: `4:09`, `2 h 05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86_400)
    return `${Math.floor(whole / 3_600)} h ${two(Math.floor((whole % 3_600) / 60))}`;
  return count(Math.floor(whole / 86_400), "day");
}

/** Returns a text as a sentence begins. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
