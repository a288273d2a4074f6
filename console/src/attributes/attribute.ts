/** A custom attribute while it is edited. */
import type { Schemas } from "../api/client";
import { isJson, type Json, shown } from "../lib/json";

export type Type = Schemas["AttributeType"];

export const TYPES: readonly Type[] = ["STRING", "NUMBER", "BOOLEAN", "LIST", "JSON"];

export const TYPE_NAMES: Record<Type, string> = {
  STRING: "text",
  NUMBER: "number",
  BOOLEAN: "yes / no",
  LIST: "list",
  JSON: "JSON",
};

export const KIND_NAMES: Record<string, string> = {
  BUILT_IN: "built in",
  STATIC: "fixed value",
  FUNCTION: "function",
  CONTEXT: "context",
};

/** Returns a value as it is typed: a list has an item in each line. */
export function textOf(type: Type, value: unknown): string {
  if (!isJson(value) || value === null) return "";
  if (type === "LIST" && Array.isArray(value)) return value.map((item) => shown(item)).join("\n");
  return type === "JSON" ? JSON.stringify(value, null, 2) : shown(value);
}

/** Reads what is typed; nothing if it is not of the type. */
export function valueFrom(type: Type, text: string): Json | undefined {
  switch (type) {
    case "STRING":
      return text;
    case "NUMBER": {
      const number = Number(text);
      return text.trim() !== "" && Number.isFinite(number) ? number : undefined;
    }
    case "BOOLEAN":
      return text === "true";
    case "LIST":
      return itemsOf(text);
    case "JSON":
      try {
        const value: unknown = JSON.parse(text);
        return isJson(value) ? value : undefined;
      } catch {
        return undefined;
      }
  }
}

/** Returns the items of a list: one in each line, without empty ones. */
export function itemsOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Returns the first column of a file: a list, or a table exported from elsewhere. */
export function firstColumn(file: string): string[] {
  return itemsOf(file.replace(/^\uFEFF/, "")).map((line) => {
    const quoted = /^"((?:[^"]|"")*)"/.exec(line)?.[1];
    return quoted === undefined
      ? (line.split(/[,;\t]/)[0] ?? "").trim()
      : quoted.replaceAll('""', '"');
  });
}
