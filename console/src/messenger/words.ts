/** What the messenger says by itself. */
import { count } from "../lib/format";
import type { Place, View } from "./view";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});

export function timeOf(at: string): string {
  return clock.format(new Date(at));
}

/** Returns the day of an instant: today, or its name. */
export function dayOf(at: string): string {
  const name = day.format(new Date(at));
  return name === day.format(new Date()) ? "Today" : name;
}

/** Where one stands in line, and for how long. */
export function waitingWords({ ahead, isAtLeast, likelySeconds }: Place): string {
  const line =
    ahead === 0
      ? "You are next"
      : `${isAtLeast ? "More than " : ""}${count(ahead, "person is", "people are")} before you`;
  if (likelySeconds === undefined) return `${line}.`;
  const minutes = Math.round(likelySeconds / 60);
  const wait = minutes < 1 ? "less than a minute" : `about ${count(minutes, "minute")}`;
  return `${line} · ${wait}`;
}

/** Where the conversation stands, in a line. */
export function standingWords(view: View): string {
  if (!view.isConnected) {
    return "No connection. What you write is kept, and sent when it is back.";
  }
  switch (view.stage) {
    case "NEW":
      return view.look.isEnabled ? "Write to us, we answer here" : "";
    case "WAITING":
      return view.place ? waitingWords(view.place) : "You are in line.";
    case "ANSWERED": {
      const { answering } = view;
      if (!answering) return "";
      const name = answering.nickname || (answering.isBot ? "A bot" : "An agent");
      return answering.isBot ? `${name} answers automatically` : `${name} answers you`;
    }
    case "SURVEY":
      return "One question before you go";
    case "OVER":
      return "This conversation has ended";
  }
}
