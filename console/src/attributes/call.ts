/** What a function is asked for an attribute, while it is edited. */
import type { Schemas } from "../api/client";
import { isJson, type Json } from "../lib/json";
import type { Attribute } from "./changes";

export interface Parameter {
  /** Empty: it has none. */
  name: string;
  source: "CONSTANT" | "ATTRIBUTE";
  /** The attribute's name, or the constant: JSON, or else a text as it is. */
  value: string;
}

export interface Call {
  functionId: string;
  parameters: Parameter[];
  timeoutMs: number;
  cacheSeconds: number;
}

export const TIMEOUT_MS = 3_000;

export function callOf(attribute: Attribute | undefined): Call {
  return {
    functionId: attribute?.functionId ?? "",
    parameters: (attribute?.parameters ?? []).map(({ name, source, value }) => ({
      name: name ?? "",
      source: source ?? "CONSTANT",
      value: source === "ATTRIBUTE" && typeof value === "string" ? value : typed(value),
    })),
    timeoutMs: attribute?.timeoutMs ?? TIMEOUT_MS,
    cacheSeconds: attribute?.cacheSeconds ?? 0,
  };
}

/** Writes a constant so that reading it gives the same: a text that reads as JSON is quoted. */
function typed(value: unknown): string {
  if (typeof value === "string" && constantOf(value) === value) return value;
  return JSON.stringify(value ?? null);
}

/** Reads a constant that somebody typed: JSON if it is, or else the text. */
export function constantOf(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : text;
  } catch {
    return text;
  }
}

export function asSent(parameters: readonly Parameter[]): Schemas["AttributeParameter"][] {
  return parameters.map(({ name, source, value }) => ({
    ...(name !== "" && { name }),
    source,
    value: source === "ATTRIBUTE" ? value.trim() : constantOf(value),
  }));
}

/** Returns what is wrong with the parameters, if anything is. */
export function faultOf(parameters: readonly Parameter[]): string | undefined {
  const named = parameters.filter(({ name }) => name !== "");
  if (named.length > 0 && named.length < parameters.length)
    return "Give every parameter a name, or none.";
  if (new Set(named.map(({ name }) => name)).size < named.length)
    return "Two parameters have the same name.";
  if (parameters.some(({ source, value }) => source === "ATTRIBUTE" && value.trim() === ""))
    return "Say which attribute each parameter has.";
  return undefined;
}

/** Returns the payload that the function is given, with the values of attributes as they are told. */
export function payloadOf(
  parameters: readonly Parameter[],
  known: (attribute: string) => Json,
): Json {
  const values = parameters.map(({ source, value }) =>
    source === "ATTRIBUTE" ? known(value.trim()) : constantOf(value),
  );
  if (values.length === 0) return null;
  if (parameters.every(({ name }) => name !== "")) {
    return Object.fromEntries(parameters.map(({ name }, at) => [name, values[at] ?? null]));
  }
  return values.length === 1 ? (values[0] ?? null) : values;
}
