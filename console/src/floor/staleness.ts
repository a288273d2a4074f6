/** What is shown of the floor is read anew when something happened on it, and only then. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { agentsQuery } from "../api/queries";
import { useMay } from "../lib/permissions";
import type { Happened } from "../live/frames";
import { type Live, useLive } from "../live/live";

/** A second of a busy floor is read once. */
const PAUSE_MS = 1_000;
/** Where reading is slow, most of the time is left to others. */
const REST_SHARE = 4;

/** What changes nothing but the conversation it stands in. */
const QUIET = new Set(["MESSAGE_READ", "NOTICED", "DECIDED", "LAST_AGENT_CONSIDERED"]);

/**
 * Has read anew what is known of the account's conversations and agents when it is stale: at once
 * after a quiet time, at most once a second on a busy floor, and more rarely where that takes long.
 */
export function useStaleness(read: () => Promise<unknown>, isOn = true): Live {
  const canFollow = useMay("ConversationsReadAll");
  const latest = useRef(read);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const nextAt = useRef(0);
  useEffect(() => {
    latest.current = read;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const mark = () => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, nextAt.current - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const began = Date.now();
      nextAt.current = began + PAUSE_MS;
      void latest.current().finally(() => {
        nextAt.current = began + Math.max(PAUSE_MS, REST_SHARE * (Date.now() - began));
      });
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

/** Keeps the queues and the agents fresh; `isFollowed` says whether one's role may hear of them. */
export function useFloor() {
  const queries = useQueryClient();
  const read = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["queues"] }),
      queries.invalidateQueries({ queryKey: agentsQuery.queryKey, exact: true }),
    ]);
  const live = useStaleness(read);
  return { live, isFollowed: useMay("ConversationsReadAll"), lookAgain: () => void read() };
}
