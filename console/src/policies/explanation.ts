/** What a run says of one policy: its status, and of each clause the values that were compared. */
import { isObject, type Json, type JsonObject, objectsOf, textOf } from "../lib/json";

export type Status =
  | "TRUE"
  | "FALSE"
  | "ERROR"
  | "INVALID"
  | "DISABLED"
  | "NOT_REACHED"
  | "NOT_EVALUATED";

const STATUSES: readonly Status[] = [
  "TRUE",
  "FALSE",
  "ERROR",
  "INVALID",
  "DISABLED",
  "NOT_REACHED",
  "NOT_EVALUATED",
];

export function statusOf(record: JsonObject): Status {
  return STATUSES.find((status) => status === record["status"]) ?? "NOT_EVALUATED";
}

/** One side of a comparison, as it was when it was compared. */
export interface Side {
  value: Json;
  isMissing: boolean;
}

/** Returns a side of a clause; nothing if it was not compared. */
export function sideOf(clause: JsonObject, side: "left" | "right"): Side | undefined {
  const value = clause[side];
  if (value === undefined) return undefined;
  return { value, isMissing: clause[`${side}Missing`] === true };
}

export interface Guard {
  clauses: JsonObject[];
  expression: JsonObject | undefined;
}

export function guardOf(record: JsonObject): Guard {
  const expression = record["expression"];
  return {
    clauses: objectsOf(record, "conditions"),
    expression: isObject(expression) ? expression : undefined,
  };
}

/** Returns what went wrong with a record, in a sentence. */
export function faultOf(record: JsonObject): string | undefined {
  const error = record["error"];
  if (!isObject(error)) return typeof error === "string" ? error : undefined;
  const message = textOf(error, "message");
  const code = textOf(error, "code");
  return message ? `${message} (${code})` : code;
}

export const STATUS_NAMES: Record<Status, string> = {
  TRUE: "matches",
  FALSE: "does not match",
  ERROR: "could not be judged",
  INVALID: "has mistakes",
  DISABLED: "is switched off",
  NOT_REACHED: "was not reached",
  NOT_EVALUATED: "not looked at",
};
