/** What is shown of the floor is read anew when something happened on it, and only then. */
import { useEffect, useRef } from "react";
import { useRefusal } from "../lib/permissions";
import type { Happened } from "../live/frames";
import { type Live, useLive } from "../live/live";

/** A second of a busy floor is read once. */
const PAUSE_MS = 1_000;

/** What changes nothing but the conversation it stands in. */
const QUIET = new Set(["MESSAGE_READ", "NOTICED", "DECIDED", "LAST_AGENT_CONSIDERED"]);

/**
 * Calls back when what is known of the account's conversations and agents is stale: at once after
 * a quiet time, at most once a second on a busy floor.
 */
export function useStaleness(onStale: () => unknown, isOn = true): Live {
  const canFollow = useRefusal("ConversationsReadAll") === undefined;
  const latest = useRef(onStale);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const readAt = useRef(0);
  useEffect(() => {
    latest.current = onStale;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const mark = () => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, readAt.current + PAUSE_MS - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      readAt.current = Date.now();
      latest.current();
    }, wait);
  };
  return useLive(isOn && canFollow ? { type: "ACCOUNT" } : undefined, {
    onStart: mark,
    onEvent: ({ event }: Happened) => {
      const { type } = event;
      if (!(typeof type === "string" && QUIET.has(type))) mark();
    },
  });
}
