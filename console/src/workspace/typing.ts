/** Who is writing right now: a signal that fades by itself. */
import { useCallback, useEffect, useRef, useState } from "react";
import { textOf } from "../lib/json";
import { numberOf, type Signal } from "../live/frames";

export interface Typing {
  isTyping: (conversationId: string, participantId: string) => boolean;
  take: (signal: Signal) => void;
}

export function useTyping(): Typing {
  const [writers, setWriters] = useState<ReadonlySet<string>>(new Set());
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running.values()) clearTimeout(timer);
    };
  }, []);
  const take = useCallback(({ conversationId, signal }: Signal) => {
    if (signal["type"] !== "TYPING") return;
    const writer = `${conversationId}:${textOf(signal, "participantId")}`;
    setWriters((before) => new Set(before).add(writer));
    clearTimeout(timers.current.get(writer));
    const fade = () => {
      timers.current.delete(writer);
      setWriters((before) => new Set([...before].filter((one) => one !== writer)));
    };
    timers.current.set(writer, setTimeout(fade, 1_000 * numberOf(signal, "untilSeconds")));
  }, []);
  const isTyping = useCallback(
    (conversationId: string, participantId: string) =>
      writers.has(`${conversationId}:${participantId}`),
    [writers],
  );
  return { isTyping, take };
}
