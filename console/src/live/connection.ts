/**
 * One socket of the stream, kept open for as long as somebody follows it: it connects again by
 * itself and goes on after the last event, so that nobody misses or repeats one.
 */
import { Failure } from "../api/client";
import type { JsonObject } from "../lib/json";
import { type Happened, readFrame, type Scope, type ServerFrame, type Signal } from "./frames";

export type LiveState =
  | { is: "CONNECTING" }
  | { is: "LIVE" }
  /** It is tried again at an instant. */
  | { is: "WAITING"; until: number }
  /** It is not tried again: nobody is signed in, or they may not follow this. */
  | { is: "ENDED"; why: string };

export interface Listener {
  /** Events come from here on: read anew what is shown, nobody knows what came before. */
  onStart?: () => void;
  /** Something happened; every event comes once, in order, however often the socket breaks. */
  onEvent?: (happened: Happened) => void;
  /** Something that is not kept. */
  onSignal?: (signal: Signal) => void;
}

/** As much of a WebSocket as is used. */
export interface Socket {
  send(text: string): void;
  close(): void;
  addEventListener(type: "message", then: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", then: (event: { code: number; reason: string }) => void): void;
}

/** What a connection needs of its surroundings. */
export interface Surroundings {
  open: () => Socket;
  /** Told when a socket ended before it was of use: perhaps nobody is signed in any more. */
  onRefused: () => void;
  /** From 0 to 1, so that not all clients of a node that stopped come back at once. */
  random: () => number;
}

interface Asked {
  resolve: (result: JsonObject) => void;
  reject: (failure: Failure) => void;
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** How long the server may take to answer, before the socket counts as dead. */
const ANSWER_MS_MAX = 15_000;

const BROKEN = "The connection broke before the server answered.";

export class Connection {
  readonly #scope: Scope;
  readonly #around: Surroundings;
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<() => void>();
  readonly #asked = new Map<string, Asked>();
  #state: LiveState = { is: "CONNECTING" };
  #socket: Socket | undefined;
  /** The last event that was seen; nothing before the first subscription. */
  #cursor: number | undefined;
  #attempts = 0;
  #requests = 0;
  #heartbeatMs = 15_000;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(scope: Scope, around: Surroundings) {
    this.#scope = scope;
    this.#around = around;
    this.#connect();
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Calls back when the state has changed. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#cursor !== undefined) listener.onStart?.();
    return () => this.#listeners.delete(listener);
  }

  /** Does a command, and returns what REST would have answered. */
  command(type: string, fields: JsonObject): Promise<JsonObject> {
    const socket = this.#socket;
    if (!socket || this.#state.is !== "LIVE") {
      return Promise.reject(new Failure("There is no connection to the server right now."));
    }
    this.#requests += 1;
    const requestId = String(this.#requests);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#drop(socket), ANSWER_MS_MAX);
      this.#asked.set(requestId, {
        resolve: (result) => {
          clearTimeout(late);
          resolve(result);
        },
        reject: (failure) => {
          clearTimeout(late);
          reject(failure);
        },
      });
      say(socket, { type: "COMMAND", requestId, command: { ...fields, type } });
    });
  }

  /** Tries at once what would be tried later. */
  hurry(): void {
    if (this.#state.is === "WAITING") this.#connect();
    else if (this.#state.is === "LIVE") this.#probe();
  }

  /** Lets go of a socket whose network is known to be gone. */
  interrupt(): void {
    if (this.#socket) this.#drop(this.#socket);
  }

  end(): void {
    this.#finish("Nobody follows it any more.");
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#become({ is: "CONNECTING" });
    const socket = this.#around.open();
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket && typeof data === "string") this.#take(socket, readFrame(data));
    });
    socket.addEventListener("close", ({ code, reason }) => this.#closed(socket, code, reason));
    this.#expect(socket);
  }

  #take(socket: Socket, frame: ServerFrame): void {
    // Whoever speaks is alive; after two heartbeats of silence it is asked.
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#probe(), 2 * this.#heartbeatMs);
    switch (frame.type) {
      case "READY":
        this.#heartbeatMs = frame.heartbeatSeconds * 1_000;
        this.#subscribe(socket);
        this.#expect(socket);
        return;
      case "SUBSCRIBED": {
        this.#attempts = 0;
        const isFirst = this.#cursor === undefined;
        this.#cursor ??= frame.after;
        this.#become({ is: "LIVE" });
        if (isFirst) for (const listener of this.#listeners) listener.onStart?.();
        return;
      }
      case "EVENT":
        if (frame.happened.sequence <= (this.#cursor ?? 0)) return;
        this.#cursor = frame.happened.sequence;
        for (const listener of this.#listeners) listener.onEvent?.(frame.happened);
        return;
      case "SIGNAL":
        for (const listener of this.#listeners) listener.onSignal?.(frame.signal);
        return;
      case "DONE":
        this.#answered(frame.requestId)?.resolve(frame.result);
        return;
      case "FAILED":
        this.#answered(frame.requestId)?.reject(frame.failure);
        return;
    }
  }

  #subscribe(socket: Socket): void {
    const after = this.#cursor;
    say(socket, {
      type: "SUBSCRIBE",
      requestId: "subscribe",
      scope: { ...this.#scope },
      ...(after !== undefined && { after }),
    });
  }

  /** Asks whether the server is still there: to subscribe anew after the last event changes nothing. */
  #probe(): void {
    const socket = this.#socket;
    if (!socket || this.#state.is !== "LIVE") return;
    this.#subscribe(socket);
    this.#expect(socket);
  }

  /** Waits for a word of the server; without one the socket is dead, whatever the network says. */
  #expect(socket: Socket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#drop(socket), ANSWER_MS_MAX);
  }

  #answered(requestId: string): Asked | undefined {
    const asked = this.#asked.get(requestId);
    this.#asked.delete(requestId);
    return asked;
  }

  /** Gives a socket up without waiting for its goodbye, which may take minutes. */
  #drop(socket: Socket): void {
    socket.close();
    this.#closed(socket, 1006, "");
  }

  #closed(socket: Socket, code: number, reason: string): void {
    if (this.#socket !== socket) return;
    const wasLive = this.#state.is === "LIVE";
    this.#forget();
    if (code === 4401 || !wasLive) this.#around.onRefused();
    if (code === 4400 || code === 4401 || code === 4403) {
      this.#finish(reason);
      return;
    }
    const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#attempts);
    this.#attempts += 1;
    // A node that stops is soon followed by another; one that says "too fast" wants a second.
    const wait = (code === 4429 ? RETRY_MS_MIN : 0) + longest * this.#around.random();
    this.#become({ is: "WAITING", until: Date.now() + wait });
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #finish(why: string): void {
    const socket = this.#socket;
    this.#forget();
    socket?.close();
    clearTimeout(this.#retry);
    this.#become({ is: "ENDED", why });
  }

  /** Lets go of a socket; what it was asked for and has not answered may or may not be done. */
  #forget(): void {
    this.#socket = undefined;
    clearTimeout(this.#silence);
    for (const asked of this.#asked.values()) asked.reject(new Failure(BROKEN));
    this.#asked.clear();
  }

  #become(state: LiveState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }
}

function say(socket: Socket, frame: JsonObject): void {
  socket.send(JSON.stringify(frame));
}
