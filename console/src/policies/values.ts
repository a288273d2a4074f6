/**
 * What attributes are known to be: intents, types of customers, channels. Nobody keeps a list of
 * them; they are what policies compare with already, what is in lists that policies name, and what
 * the first documents of context hold.
 */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { documentsQuery } from "../api/context";
import { attributesQuery, type Policy, policiesQuery } from "../api/queries";
import { isObject, type Json, type JsonObject, objectsOf, textOf } from "../lib/json";
import { attributeOf, documentOf, exceptionsOf, modeOf } from "./document";
import { readRows } from "./expression";

type Attribute = Schemas["Attribute"];
export type Values = ReadonlyMap<string, readonly string[]>;

/** What has more values than these is no choice among a few: a name, an address. */
const VALUES_MAX = 50;

/** Returns what policies compare each attribute with, and what the lists hold that they name. */
export function comparedWith(
  policies: readonly Policy[],
  attributes: readonly Attribute[],
): Values {
  const lists = new Map(attributes.map(({ name, value }) => [name, textsOf(value)]));
  const values = new Map<string, Set<string>>();
  for (const policy of policies) {
    for (const { property, value } of rowsOf(documentOf(policy))) {
      const list = attributeOf(value);
      const known = values.get(property) ?? new Set();
      for (const text of list === undefined ? textsOf(value) : (lists.get(list) ?? [])) {
        if (!text.includes("{{")) known.add(text);
      }
      values.set(property, known);
    }
  }
  return new Map([...values].map(([name, texts]) => [name, [...texts].sort()]));
}

interface Row {
  property: string;
  value: Json | undefined;
}

/** Returns the rows of a policy and of its exceptions, also of expressions that are nothing else. */
function rowsOf(guarded: JsonObject): Row[] {
  const rows =
    modeOf(guarded) === "EXPRESSION"
      ? (readRows(textOf(guarded, "expression")) ?? [])
      : objectsOf(guarded, "conditions");
  return [
    ...rows.flatMap((row) => ("any" in row ? objectsOf(row, "any") : [row])).map(asRow),
    ...exceptionsOf(guarded).flatMap(rowsOf),
  ];
}

function asRow(row: JsonObject): Row {
  return { property: textOf(row, "property"), value: row["value"] };
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one): one is string => typeof one === "string" && one !== "");
}

/** Returns what documents have under a path: `intent`, `order.state`. */
export function seenIn(documents: readonly { properties: object }[], path: string): string[] {
  const steps = path.split(".");
  const seen = documents.flatMap(({ properties }) => {
    let value: unknown = properties;
    for (const step of steps) value = isObject(value) ? value[step] : undefined;
    return textsOf(value);
  });
  return [...new Set(seen)];
}

/** Returns what policies compare attributes with. */
export function useCompared(): Values {
  const policies = useQuery(policiesQuery).data;
  const attributes = useQuery(attributesQuery).data;
  return useMemo(() => comparedWith(policies ?? [], attributes ?? []), [policies, attributes]);
}

/** Returns what an attribute is known to be, for whoever writes a policy. */
export function useValues(name: string): readonly string[] {
  const compared = useCompared().get(name);
  const attribute = useQuery(attributesQuery).data?.find((one) => one.name === name);
  const [namespace = ""] = name.split(".", 1);
  const path = name.slice(namespace.length + 1);
  const documents = useInfiniteQuery({
    ...documentsQuery(namespace),
    enabled: attribute?.kind === "CONTEXT" && !attribute.sensitive,
  }).data;
  return useMemo(() => {
    const items = documents?.pages.flatMap((page) => page.items) ?? [];
    const seen = seenIn(items, path);
    const few = seen.length > VALUES_MAX ? [] : seen;
    return [...new Set([...(compared ?? []), ...few])].sort();
  }, [compared, documents, path]);
}
