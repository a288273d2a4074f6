/**
 * The expression language as far as rows say the same: rows are written as an expression, and an
 * expression that is nothing but rows is read back. Everything else stays an expression.
 */
import { isObject, type Json, type JsonObject, textOf } from "../lib/json";
import { attributeOf } from "./document";

const COMPARED: Record<string, string> = {
  EQUAL: "==",
  NOT_EQUAL: "!=",
  LESS_THAN: "<",
  LESS_THAN_OR_EQUAL: "<=",
  GREATER_THAN: ">",
  GREATER_THAN_OR_EQUAL: ">=",
  IS_IN: "in",
};
const OPERATOR_OF = new Map(Object.entries(COMPARED).map(([type, sign]) => [sign, type]));
const KEYWORDS = new Set(["and", "or", "not", "in", "true", "false", "sqrt"]);
const ATTRIBUTE = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;

/** Writes rows as an expression; nothing if some row says what no expression does. */
export function written(conditions: readonly Json[]): string | undefined {
  const parts: string[] = [];
  for (const condition of conditions) {
    const part = writtenCondition(condition);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join(" and ");
}

function writtenCondition(condition: Json): string | undefined {
  if (!isObject(condition)) return undefined;
  const group = condition["any"];
  if (!Array.isArray(group)) return writtenRow(condition);
  const rows = group.map((row) => (isObject(row) ? writtenRow(row) : undefined));
  if (rows.length === 0 || rows.includes(undefined)) return undefined;
  return rows.length === 1 ? rows[0] : `(${rows.join(" or ")})`;
}

function writtenRow(row: JsonObject): string | undefined {
  const property = textOf(row, "property");
  const sign = COMPARED[textOf(row, "type")];
  const value = writtenValue(row["value"]);
  if (sign === undefined || value === undefined || !isAttribute(property)) return undefined;
  const isList = Array.isArray(row["value"]) || attributeOf(row["value"]) !== undefined;
  if (sign === "in" && !isList) return undefined;
  return `${property} ${sign} ${value}`;
}

function isAttribute(name: string): boolean {
  return ATTRIBUTE.test(name);
}

function writtenValue(value: Json | undefined): string | undefined {
  const attribute = attributeOf(value);
  if (attribute !== undefined) return isAttribute(attribute) ? attribute : undefined;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number")
    return /^\d+(\.\d+)?$/.test(String(value)) ? String(value) : undefined;
  // A template within a longer text has no equal in expressions.
  if (typeof value === "string") return value.includes("{{") ? undefined : quoted(value);
  if (!Array.isArray(value)) return undefined;
  const items = value.map(writtenValue);
  return items.includes(undefined) || value.some(Array.isArray)
    ? undefined
    : `[${items.join(", ")}]`;
}

function quoted(text: string): string {
  return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
}

interface Token {
  kind: "name" | "number" | "string" | "sign";
  text: string;
}

const TOKEN =
  /\s*(?:([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(\d+(?:\.\d+)?)|'((?:[^'\\]|\\['\\])*)'|(==|!=|<=|>=|<|>|[()[\],]))/y;

function tokens(text: string): Token[] | undefined {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== "") {
    const match = TOKEN.exec(text);
    if (!match) return undefined;
    const [, name, number, string, sign] = match;
    if (name !== undefined) found.push({ kind: "name", text: name });
    else if (number !== undefined) found.push({ kind: "number", text: number });
    else if (string !== undefined) {
      found.push({ kind: "string", text: string.replace(/\\(['\\])/g, "$1") });
    } else found.push({ kind: "sign", text: sign ?? "" });
  }
  return found;
}

/** Reads an expression as rows; nothing if it says more than rows can. */
export function readRows(text: string): JsonObject[] | undefined {
  const found = tokens(text);
  if (!found || found.length === 0) return undefined;
  const reader = new RowReader(found);
  const rows = reader.conjunction();
  return reader.isAtEnd ? rows : undefined;
}

class RowReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  #take(kind: Token["kind"], text?: string): Token | undefined {
    const token = this.#tokens[this.#at];
    if (!token || token.kind !== kind) return undefined;
    if (text !== undefined && token.text.toLowerCase() !== text) return undefined;
    this.#at += 1;
    return token;
  }

  conjunction(): JsonObject[] | undefined {
    const rows: JsonObject[] = [];
    do {
      const row = this.#take("sign", "(") ? this.#group() : this.#row();
      if (!row) return undefined;
      rows.push(row);
    } while (this.#take("name", "and"));
    return rows;
  }

  /** Reads what follows `(`: one row, or several of which one must hold. */
  #group(): JsonObject | undefined {
    const rows: JsonObject[] = [];
    do {
      const row = this.#row();
      if (!row) return undefined;
      rows.push(row);
    } while (this.#take("name", "or"));
    if (!this.#take("sign", ")")) return undefined;
    const [first] = rows;
    return rows.length === 1 ? first : { any: rows };
  }

  #row(): JsonObject | undefined {
    const property = this.#attribute();
    const sign = this.#take("sign") ?? this.#take("name", "in");
    const type = sign && OPERATOR_OF.get(sign.text.toLowerCase());
    if (property === undefined || type === undefined) return undefined;
    const isList = this.#tokens[this.#at]?.text === "[";
    const value = this.#value();
    if (value === undefined) return undefined;
    if (type === "IS_IN" && !isList && attributeOf(value) === undefined) return undefined;
    if (type !== "IS_IN" && isList) return undefined;
    return { property, type, value };
  }

  #attribute(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "name" || !isAttribute(token.text)) return undefined;
    this.#at += 1;
    return token.text;
  }

  #value(): Json | undefined {
    const attribute = this.#attribute();
    if (attribute !== undefined) return `{{${attribute}}}`;
    if (!this.#take("sign", "[")) return this.#constant();
    const items: Json[] = [];
    if (this.#take("sign", "]")) return items;
    do {
      const item = this.#constant();
      if (item === undefined) return undefined;
      items.push(item);
    } while (this.#take("sign", ","));
    return this.#take("sign", "]") ? items : undefined;
  }

  #constant(): Json | undefined {
    const string = this.#take("string");
    // Such a text would be a template in a row.
    if (string) return string.text.includes("{{") ? undefined : string.text;
    const number = this.#take("number");
    if (number) return Number(number.text);
    if (this.#take("name", "true")) return true;
    if (this.#take("name", "false")) return false;
    return undefined;
  }
}

export function isKeyword(word: string): boolean {
  return KEYWORDS.has(word.toLowerCase());
}
