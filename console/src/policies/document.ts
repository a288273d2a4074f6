/**
 * A policy while it is edited: one JSON document, of which the form, the expression and the JSON are
 * three views. What a view does not know it leaves alone.
 */
import type { Schemas } from "../api/client";
import type { Policy } from "../api/queries";
import {
  isJson,
  isObject,
  type Json,
  type JsonObject,
  objectsOf,
  textOf,
  withMembers,
} from "../lib/json";

/** What stands beside a policy that is open, as the address names it. */
export const SIDES = ["try", "effect", "versions"] as const;

/** What the server says about a policy and nobody writes; enabling is a step of its own. */
const TOLD = new Set([
  "id",
  "enabled",
  "accountId",
  "position",
  "version",
  "createdAt",
  "updatedAt",
  "updatedBy",
  "check",
]);

/** In which order people read a policy. */
const ORDER = ["name", "description", "mode", "conditions", "expression", "actions", "exception"];

/** Returns what of a policy is written by people. */
export function documentOf(policy: Policy | JsonObject): JsonObject {
  const entries = Object.entries(policy).filter(([key]) => !TOLD.has(key));
  entries.sort(([a], [b]) => rank(a) - rank(b));
  const document: JsonObject = {};
  for (const [key, value] of entries) if (isJson(value)) document[key] = value;
  return document;
}

function rank(key: string): number {
  const at = ORDER.indexOf(key);
  return at < 0 ? ORDER.length : at;
}

export const NEW_POLICY: JsonObject = {
  name: "",
  description: "",
  mode: "CONDITIONS",
  conditions: [{ property: "", type: "EQUAL", value: "" }],
  actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "" } }],
};

export type Mode = "CONDITIONS" | "EXPRESSION";

/** Returns how the guard of a policy or an exception is written. */
export function modeOf(guarded: JsonObject): Mode {
  const mode = textOf(guarded, "mode");
  if (mode === "EXPRESSION" || mode === "CONDITIONS") return mode;
  return textOf(guarded, "expression").trim() === "" ? "CONDITIONS" : "EXPRESSION";
}

/** Returns the exceptions, written as one or as a list. */
export function exceptionsOf(policy: JsonObject): JsonObject[] {
  const written = policy["exception"];
  return isObject(written) ? [written] : objectsOf(policy, "exception");
}

export function withExceptions(policy: JsonObject, exceptions: JsonObject[]): JsonObject {
  return withMembers(policy, { exception: exceptions.length === 0 ? null : exceptions });
}

/** Returns the pointer of an exception: the one that stands alone has no number. */
export function exceptionPointer(policy: JsonObject, index: number): string {
  return isObject(policy["exception"]) ? "/exception" : `/exception/${index}`;
}

export const OPERATORS = [
  { type: "EQUAL", label: "is", isExtra: false },
  { type: "NOT_EQUAL", label: "is not", isExtra: false },
  { type: "LESS_THAN", label: "is less than", isExtra: false },
  { type: "LESS_THAN_OR_EQUAL", label: "is at most", isExtra: false },
  { type: "GREATER_THAN", label: "is greater than", isExtra: false },
  { type: "GREATER_THAN_OR_EQUAL", label: "is at least", isExtra: false },
  { type: "IS_IN", label: "is in", isExtra: false },
  { type: "NOT_IN", label: "is not in", isExtra: true },
  { type: "CONTAINS", label: "contains", isExtra: false },
  { type: "NOT_CONTAINS", label: "does not contain", isExtra: true },
  { type: "EXISTS", label: "is known", isExtra: true },
  { type: "NOT_EXISTS", label: "is not known", isExtra: true },
  { type: "STARTS_WITH", label: "starts with", isExtra: true },
  { type: "ENDS_WITH", label: "ends with", isExtra: true },
  { type: "MATCHES", label: "matches", isExtra: true },
] as const;

export function operatorLabel(type: string): string {
  return OPERATORS.find((operator) => operator.type === type)?.label ?? type;
}

export function hasValue(type: string): boolean {
  return type !== "EXISTS" && type !== "NOT_EXISTS";
}

export const VALUE_TYPES = ["STRING", "NUMBER", "BOOLEAN", "LIST", "ATTRIBUTE", "CHANNEL"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** Which types of value an operator takes (the matrix of the form). */
export function typesFor(operator: string): readonly ValueType[] {
  switch (operator) {
    case "EQUAL":
    case "NOT_EQUAL":
      return ["STRING", "NUMBER", "BOOLEAN", "ATTRIBUTE", "CHANNEL"];
    case "LESS_THAN":
    case "LESS_THAN_OR_EQUAL":
    case "GREATER_THAN":
    case "GREATER_THAN_OR_EQUAL":
      return ["NUMBER", "ATTRIBUTE"];
    case "IS_IN":
    case "NOT_IN":
      return ["LIST", "ATTRIBUTE"];
    default:
      return ["STRING", "ATTRIBUTE"];
  }
}

const TEMPLATE = /^\{\{\s*([^{}]*?)\s*\}\}$/;

/** Returns the attribute that a value is, if it is nothing else. */
export function attributeOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? TEMPLATE.exec(value)?.[1] : undefined;
}

/** Returns the type of a row's value: as declared, or as its JSON tells. */
export function valueTypeOf(row: JsonObject): ValueType {
  const declared = VALUE_TYPES.find((type) => type === row["valueType"]);
  if (declared) return declared;
  const value = row["value"];
  if (attributeOf(value) !== undefined) return "ATTRIBUTE";
  if (Array.isArray(value)) return "LIST";
  if (typeof value === "number") return "NUMBER";
  if (typeof value === "boolean") return "BOOLEAN";
  return "STRING";
}

/** Returns a row with another operator, its value kept where the operator takes it. */
export function withOperator(row: JsonObject, type: string): JsonObject {
  if (!hasValue(type)) return withMembers(row, { type, value: undefined, valueType: undefined });
  const types = typesFor(type);
  const before = valueTypeOf(row);
  const next = withMembers(row, { type });
  if (hasValue(textOf(row, "type")) && types.includes(before)) return next;
  return withValueType(next, types[0] ?? "STRING");
}

/** Returns a row with a value of another type, as near to the present one as can be. */
export function withValueType(row: JsonObject, type: ValueType): JsonObject {
  const old = row["value"];
  const text = Array.isArray(old) ? shownItem(old[0]) : shownItem(old);
  const value = valueAs(type, old, text);
  const isTold = type === "CHANNEL" || row["valueType"] !== undefined;
  return withMembers(row, { value, valueType: isTold ? type : undefined });
}

function valueAs(type: ValueType, old: Json | undefined, text: string): Json {
  switch (type) {
    case "STRING":
    case "CHANNEL":
      return attributeOf(old) ?? text;
    case "NUMBER":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : "";
    case "BOOLEAN":
      return text.toLowerCase() !== "false";
    case "LIST":
      if (Array.isArray(old)) return old;
      return text === "" || attributeOf(old) !== undefined ? [] : [text];
    case "ATTRIBUTE":
      return attributeOf(old) !== undefined ? text : `{{${text.includes(".") ? text : ""}}}`;
  }
}

function shownItem(value: Json | undefined): string {
  return typeof value === "string"
    ? value
    : value === undefined || value === null
      ? ""
      : JSON.stringify(value);
}

export const ACTIONS = [
  { type: "TRANSFER_TO_SKILL", label: "Transfer to skill", payload: { skillId: "" } },
  { type: "TRANSFER_TO_AGENT", label: "Transfer to agent", payload: { userId: "" } },
  { type: "SEND_MESSAGE", label: "Send message", payload: { message: "" } },
] as const;

export function actionLabel(type: string): string {
  return ACTIONS.find((action) => action.type === type)?.label ?? type;
}

/** Returns a document as the API takes it. */
export function asWritten(document: JsonObject): Schemas["PolicyDocument"] {
  return { ...document, name: textOf(document, "name"), actions: objectsOf(document, "actions") };
}
