/**
 * What happens, as it happens. Pages that follow the same share one socket, which lives from the
 * first of them to the last.
 */
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { Failure } from "../api/client";
import { askSession } from "../api/session";
import type { JsonObject } from "../lib/json";
import { useSession } from "../lib/permissions";
import { Connection, type Listener, type LiveState } from "./connection";
import type { Scope } from "./frames";

/** How long a socket outlives its last follower: the next page may follow the same. */
const LINGER_MS = 1_000;

interface Shared {
  connection: Connection;
  followers: number;
}

const shared = new Map<string, Shared>();

function open(): WebSocket {
  return new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/stream`);
}

function acquire(key: string, scope: Scope): Connection {
  const known = shared.get(key);
  const one = known ?? {
    connection: new Connection(scope, {
      open,
      onRefused: () => void askSession(),
      random: Math.random,
    }),
    followers: 0,
  };
  shared.set(key, one);
  one.followers += 1;
  return one.connection;
}

function release(key: string): void {
  const one = shared.get(key);
  if (!one) return;
  one.followers -= 1;
  setTimeout(() => {
    if (one.followers > 0 || shared.get(key) !== one) return;
    shared.delete(key);
    one.connection.end();
  }, LINGER_MS);
}

// A network that comes back, or a lid that opens, is no reason to wait any longer.
window.addEventListener("online", () => every((connection) => connection.hurry()));
window.addEventListener("offline", () => every((connection) => connection.interrupt()));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") every((connection) => connection.hurry());
});

function every(each: (connection: Connection) => void): void {
  for (const { connection } of shared.values()) each(connection);
}

function held(key: string | undefined): Connection | undefined {
  return key === undefined ? undefined : shared.get(key)?.connection;
}

const CONNECTING: LiveState = { is: "CONNECTING" };

export interface Live {
  state: LiveState;
  /** Does a command of the stream, in the order in which they are given. */
  command: (type: string, fields: JsonObject) => Promise<JsonObject>;
  /** Tries to connect now instead of later. */
  hurry: () => void;
}

/**
 * Follows what happens in a scope for as long as the component is there; without a scope, nothing.
 *
 * `onStart` is where a page reads what it shows: from then on every event comes once, in order.
 */
export function useLive(scope: Scope | undefined, listener: Listener = {}): Live {
  const session = useSession();
  const key = scope ? JSON.stringify([session.account, session.user?.id, scope]) : undefined;
  const latest = useRef(listener);
  const current = useRef(scope);
  const connection = useRef<Connection>(undefined);
  useEffect(() => {
    latest.current = listener;
    current.current = scope;
  });
  useEffect(() => {
    if (key === undefined || !current.current) return;
    const followed = acquire(key, current.current);
    connection.current = followed;
    const stop = followed.listen({
      onStart: () => latest.current.onStart?.(),
      onEvent: (happened) => latest.current.onEvent?.(happened),
      onSignal: (signal) => latest.current.onSignal?.(signal),
    });
    return () => {
      stop();
      connection.current = undefined;
      release(key);
    };
  }, [key]);
  const watch = useCallback(
    (watcher: () => void) => held(key)?.watch(watcher) ?? (() => {}),
    [key],
  );
  const state = useSyncExternalStore(watch, () => held(key)?.state ?? CONNECTING);
  return {
    state,
    command: (type, fields) =>
      connection.current?.command(type, fields) ??
      Promise.reject(new Failure("There is no connection to the server right now.")),
    hurry: () => connection.current?.hurry(),
  };
}
