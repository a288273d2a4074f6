/** What is said over the stream, read with care: `docs/guide/stream.md`. */
import { Failure, isProblem } from "../api/client";
import { isJson, isObject, type JsonObject, textOf } from "../lib/json";

/** What to follow. */
export type Scope =
  | { type: "OWN" }
  | { type: "ACCOUNT" }
  | { type: "CONVERSATION"; conversationId: string };

/** Something that happened, with its place among the account's events. */
export interface Happened {
  sequence: number;
  at: string;
  conversationId?: string;
  /** What; its `type` says which kind. */
  event: JsonObject;
}

/** Something that is not kept, and may be lost. */
export interface Signal {
  conversationId: string;
  signal: JsonObject;
}

export type ServerFrame =
  | { type: "READY"; agentId?: string; sequence: number; heartbeatSeconds: number }
  | { type: "SUBSCRIBED"; requestId: string; after: number }
  | { type: "EVENT"; happened: Happened }
  | { type: "SIGNAL"; signal: Signal }
  | { type: "DONE"; requestId: string; result: JsonObject }
  | { type: "FAILED"; requestId: string; failure: Failure }
  | { type: "UNKNOWN" };

/** Reads a frame; one that a newer server says is unknown, and left alone. */
export function readFrame(text: string): ServerFrame {
  const frame: unknown = JSON.parse(text);
  if (!isJson(frame) || !isObject(frame)) return { type: "UNKNOWN" };
  const requestId = textOf(frame, "requestId");
  switch (frame["type"]) {
    case "READY": {
      const agentId = textOf(frame, "agentId");
      return {
        type: "READY",
        sequence: numberOf(frame, "sequence"),
        heartbeatSeconds: numberOf(frame, "heartbeatSeconds"),
        ...(agentId && { agentId }),
      };
    }
    case "SUBSCRIBED":
      return { type: "SUBSCRIBED", requestId, after: numberOf(frame, "after") };
    case "EVENT": {
      const happened = readHappened(frame);
      return happened ? { type: "EVENT", happened } : { type: "UNKNOWN" };
    }
    case "SIGNAL":
      return {
        type: "SIGNAL",
        signal: {
          conversationId: textOf(frame, "conversationId"),
          signal: objectOf(frame, "signal"),
        },
      };
    case "DONE":
      return { type: "DONE", requestId, result: objectOf(frame, "result") };
    case "FAILED": {
      const problem: unknown = frame["problem"];
      const failure = isProblem(problem)
        ? new Failure(problem.detail, problem)
        : new Failure("The server refused it and did not say why.");
      return { type: "FAILED", requestId, failure };
    }
    default:
      return { type: "UNKNOWN" };
  }
}

/** Reads an event as it stands in the stream and in a timeline. */
export function readHappened(value: unknown): Happened | undefined {
  if (!isJson(value) || !isObject(value) || !isObject(value["event"])) return undefined;
  const conversationId = textOf(value, "conversationId");
  return {
    sequence: numberOf(value, "sequence"),
    at: textOf(value, "at"),
    event: value["event"],
    ...(conversationId && { conversationId }),
  };
}

export function numberOf(object: JsonObject, key: string): number {
  const value = object[key];
  return typeof value === "number" ? value : 0;
}

function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}
