/** Entries of the audit log in words. */
import type { AuditEntry } from "../api/access";
import { isJson, isObject, type Json, textOf } from "../lib/json";

/** What the log speaks of, by the word that actions begin with. */
export const NOUNS: Record<string, string> = {
  policy: "policy",
  attribute: "attribute",
  settings: "settings",
  skill: "skill",
  user: "user",
  "agent-group": "group of agents",
  engagement: "engagement",
  credential: "credential",
  "consumer-identity": "consumer identity",
  consumer: "consumer",
  function: "function",
  secret: "secret",
  webhook: "webhook",
  "dead-letter": "undelivered event",
};

const VERBS: Record<string, string> = {
  create: "added",
  update: "changed",
  delete: "removed",
  enable: "switched on",
  disable: "switched off",
  move: "moved",
  revert: "brought back",
  import: "imported",
  rotate: "rotated",
  revoke: "revoked",
  erase: "erased",
  deploy: "deployed",
  fail: "could not deploy",
  undeploy: "undeployed",
  rollback: "rolled back",
  allow: "set the domains of",
  put: "set",
  redeliver: "redelivered",
  discard: "discarded",
  link: "made a sign-in link for",
  password: "set the password of",
  "set-up": "set up",
};

/** Returns what was done, as a person would say it: `changed policy`. */
export function deedOf(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  return `${VERBS[verb] ?? verb.replaceAll("-", " ")} ${NOUNS[noun] ?? noun.replaceAll("-", " ")}`.trim();
}

/** Returns what people call the thing, or else its id. */
export function nameOf(entry: AuditEntry): string {
  for (const side of [entry.after, entry.before]) {
    if (isJson(side) && isObject(side)) {
      const name = textOf(side, "name") || textOf(side, "url");
      if (name !== "") return name;
    }
  }
  return idOf(entry.target);
}

/** Returns the part of `policy/3f0c…` that is the id; nothing if there is only one of its kind. */
export function idOf(target: string): string {
  return target.includes("/") ? target.slice(target.indexOf("/") + 1) : "";
}

/** Returns who did it; an id that is known by a name is called so. */
export function actorName(actor: string, names: ReadonlyMap<string, string>): string {
  const [kind, id] = [actor.split("/")[0] ?? actor, idOf(actor)];
  const name = names.get(actor) ?? id;
  if (id === "") return actor === "operator" ? "the operator" : actor;
  return kind === "credential" ? `key ${name}` : name;
}

/** Writes a side of a change in lines; members stand in the order of their names. */
export function linesOf(side: unknown): string[] {
  if (!isJson(side) || side === null) return [];
  return JSON.stringify(sorted(side), null, 2).split("\n").flatMap(unfolded);
}

/** A line of JSON that is a text, under a name or without one. */
const TEXT = /^(\s*)((?:"(?:[^"\\]|\\.)*": )?)("(?:[^"\\]|\\.)*")(,?)$/;

/** Lets a text of several lines have several: a source is compared line by line. */
function unfolded(line: string): string[] {
  const [, indent = "", name = "", text = '""', comma = ""] = TEXT.exec(line) ?? [];
  const value: unknown = JSON.parse(text);
  if (typeof value !== "string" || !value.includes("\n")) return [line];
  const [first = "", ...others] = value.split("\n");
  const lines = others.map((other) => `${indent}  ${other}`);
  return [`${indent}${name}"${first}`, ...lines.slice(0, -1), `${lines.at(-1)}"${comma}`];
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, sorted(member)] as const);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}
