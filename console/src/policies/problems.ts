/** What the check says, put where it belongs: at a field, in an expression, in the JSON. */
import { syntaxTree } from "@codemirror/language";
import type { Diagnostic } from "@codemirror/lint";
import type { EditorState } from "@codemirror/state";
import type { Schemas } from "../api/client";
import { isObject, type Json, type JsonObject, replaced } from "../lib/json";

export type Problem = Schemas["PolicyProblem"];

const SEVERITIES: Record<string, Diagnostic["severity"]> = {
  ERROR: "error",
  WARNING: "warning",
  NOTICE: "info",
};

export function severityOf(problem: Problem): Diagnostic["severity"] {
  return SEVERITIES[problem.severity] ?? "error";
}

/** Returns the problems of a part of the document. */
export function within(problems: readonly Problem[], pointer: string): Problem[] {
  return problems.filter(({ path }) => path === pointer || path.startsWith(`${pointer}/`));
}

/** Says a problem in a sentence. */
export function told(problem: Problem): string {
  const parts = [problem.message];
  if (problem.expected) parts.push(`expected ${problem.expected}`);
  if (problem.suggestion) parts.push(`did you mean \`${problem.suggestion}\``);
  const [first = "", ...rest] = parts;
  const text = [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join("; ");
  return problem.suggestion ? `${text}?` : `${text}.`;
}

/** Returns where a place in a text's bytes is in its characters. */
export function characterAt(text: string, byte: number): number {
  const bytes = new TextEncoder().encode(text).slice(0, byte);
  return new TextDecoder().decode(bytes).length;
}

/** Returns the mistakes of a text that stands at a pointer. */
export function inText(problems: readonly Problem[], pointer: string, text: string): Diagnostic[] {
  return within(problems, pointer).map((problem) => ({
    from: problem.span ? characterAt(text, problem.span.start) : 0,
    to: problem.span ? characterAt(text, problem.span.end) : text.length,
    severity: severityOf(problem),
    message: told(problem),
  }));
}

/** Returns the mistakes of a document where they are in its JSON. */
export function inJson(problems: readonly Problem[], state: EditorState): Diagnostic[] {
  return problems.map((problem) => ({
    ...placeOf(state, problem.path),
    severity: severityOf(problem),
    message: told(problem),
  }));
}

/** Returns where in a JSON text the value of a pointer is; of one that is not there, where its parent is. */
function placeOf(state: EditorState, pointer: string): { from: number; to: number } {
  let node = syntaxTree(state).topNode.firstChild;
  for (const key of keysOf(pointer)) {
    const next =
      node?.name === "Array" ? elementsOf(node)[Number(key)] : node && memberOf(state, node, key);
    if (!next) break;
    node = next;
  }
  return node ? { from: node.from, to: node.to } : { from: 0, to: 0 };
}

type Node = NonNullable<ReturnType<typeof syntaxTree>["topNode"]["firstChild"]>;

function elementsOf(node: Node): Node[] {
  const elements: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!["[", "]", ","].includes(child.name)) elements.push(child);
  }
  return elements;
}

function memberOf(state: EditorState, node: Node, key: string): Node | undefined {
  for (const property of node.getChildren("Property")) {
    const name = property.getChild("PropertyName");
    if (name && state.sliceDoc(name.from, name.to) === JSON.stringify(key)) {
      return property.lastChild ?? undefined;
    }
  }
  return undefined;
}

/** Whether what a problem is about is not filled in yet: then it is no mistake, but work to do. */
export function isUnfilled(document: JsonObject, problem: Problem): boolean {
  let value: Json | undefined = document;
  for (const key of keysOf(problem.path)) {
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isObject(value) ? value[key] : undefined;
  }
  return value === undefined || value === null || value === "" || value === "{{}}";
}

function keysOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Returns a document with what the check suggests in place of what it found. */
export function mended(document: JsonObject, problem: Problem): JsonObject {
  const suggestion = problem.suggestion;
  if (!suggestion) return document;
  const next = changed(document, keysOf(problem.path), (old) => {
    if (typeof old !== "string") return suggestion;
    if (!problem.span) return suggestion;
    const [from, to] = [problem.span.start, problem.span.end].map((at) => characterAt(old, at));
    return `${old.slice(0, from)}${suggestion}${old.slice(to)}`;
  });
  return isObject(next) ? next : document;
}

function changed(
  value: Json | undefined,
  [key, ...rest]: string[],
  change: (old: Json | undefined) => Json,
): Json {
  if (key === undefined) return change(value);
  if (Array.isArray(value))
    return replaced(value, Number(key), changed(value[Number(key)], rest, change));
  if (isObject(value)) return { ...value, [key]: changed(value[key], rest, change) };
  return value ?? null;
}
