/** How often policies decided, and which can no longer match. */
import type { Schemas } from "../api/client";
import type { Policy } from "../api/queries";
import { textOf } from "../lib/json";
import { documentOf, modeOf } from "./document";

export interface Use {
  matches: number;
  /** Of the most used policy's matches, from 0 to 1. */
  share: number;
  lastMatchedAt: string | undefined;
}

export function usesOf(usage: Schemas["Usage"]): Map<string, Use> {
  const most = Math.max(1, ...usage.policies.map((policy) => policy.matches));
  return new Map(
    usage.policies.map(({ id, matches, lastMatchedAt }) => [
      id,
      { matches, share: matches / most, lastMatchedAt: lastMatchedAt ?? undefined },
    ]),
  );
}

/** Returns, for each policy below one that always matches, the name of that one. */
export function shadowsOf(policies: readonly Policy[]): Map<string, string> {
  const shadows = new Map<string, string>();
  let always: string | undefined;
  for (const policy of policies) {
    if (always !== undefined) shadows.set(policy.id, always);
    else if (policy.enabled && isAlways(policy)) always = policy.name;
  }
  return shadows;
}

function isAlways(policy: Policy): boolean {
  const document = documentOf(policy);
  return (
    modeOf(document) === "EXPRESSION" &&
    /^\s*\(*\s*true\s*\)*\s*$/i.test(textOf(document, "expression"))
  );
}
