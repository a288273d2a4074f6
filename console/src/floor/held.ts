/** Lists that stand still while somebody points at them. */
import { useEffect, useRef } from "react";

export interface Held<Item> {
  item: Item;
  /** It is no longer in the list, and stays until nobody points at it. */
  isGone: boolean;
}

/** Returns what is there now in the places where it was: what is new comes last, what is gone stays. */
export function merged<Item>(
  before: readonly Held<Item>[],
  items: readonly Item[],
  keyOf: (item: Item) => string,
): Held<Item>[] {
  const fresh = new Map(items.map((item) => [keyOf(item), item]));
  const kept = before.map(({ item }) => {
    const key = keyOf(item);
    const now = fresh.get(key);
    fresh.delete(key);
    return now === undefined ? { item, isGone: true } : { item: now, isGone: false };
  });
  return [...kept, ...[...fresh.values()].map((item) => ({ item, isGone: false }))];
}

/** Keeps the places of a list for as long as it is held. */
export function useHeld<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  isHeld: boolean,
): Held<Item>[] {
  const before = useRef<Held<Item>[]>([]);
  const now = isHeld
    ? merged(before.current, items, keyOf)
    : items.map((item) => ({ item, isGone: false }));
  useEffect(() => {
    before.current = now;
  });
  return now;
}
