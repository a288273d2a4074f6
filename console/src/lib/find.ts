/** The search of a list: what is looked for stands in the address. */
import { useNavigate, useSearch } from "@tanstack/react-router";

/** Returns what is looked for, and how to look for something else. */
export function useFind(): [find: string, onFind: (wanted: string) => void] {
  const find = useSearch({ strict: false, select: ({ find }) => find ?? "" });
  const navigate = useNavigate();
  const onFind = (wanted: string) =>
    void navigate({
      to: ".",
      search: ({ find: _, ...others }) => (wanted === "" ? others : { ...others, find: wanted }),
      replace: true,
    });
  return [find, onFind];
}

const names = new Intl.Collator(undefined, { numeric: true });

/** Compares by name, as people do: Desk 2 comes before Desk 10. */
export function byName(one: { name: string }, other: { name: string }): number {
  return names.compare(one.name, other.name);
}

/** Returns the things in whose texts all words stand that are looked for. */
export function found<Item>(
  items: readonly Item[],
  find: string,
  textsOf: (item: Item) => readonly (string | null | undefined)[],
): Item[] {
  const words = find.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    const text = textsOf(item).join(" ").toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}
