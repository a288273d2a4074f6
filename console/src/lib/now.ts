/** The present, for what counts seconds: one clock for all that is on the screen. */
import { useSyncExternalStore } from "react";

const watchers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const one of watchers) one();
    }, 1_000);
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const asleep = () => () => {};

/** Returns the time, anew every second for as long as it matters. */
export function useNow(isNeeded = true): number {
  return useSyncExternalStore(isNeeded ? watch : asleep, () => now);
}
