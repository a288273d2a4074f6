/** What the address of a page may say; what it may not is left out. */

/** Returns the text under a key of an address, if there is any. */
export function text(search: Record<string, unknown>, key: string): string | undefined {
  const value = search[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Returns the word under a key of an address if it is one of a few. */
export function word<Word extends string>(
  search: Record<string, unknown>,
  key: string,
  words: readonly Word[],
): Word | undefined {
  return words.find((one) => one === search[key]);
}

/** Returns the day under a key of an address, if it is one: `2026-11-21`. */
export function day(search: Record<string, unknown>, key: string): string | undefined {
  const value = text(search, key);
  return value && !Number.isNaN(Date.parse(`${value}T00:00:00`)) ? value : undefined;
}

/** Leaves out what is not there. */
export function present<T extends object>(
  search: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const kept: { [Key in keyof T]?: Exclude<T[Key], undefined> } = {};
  for (const key in search) {
    const value = search[key];
    if (value !== undefined) Object.assign(kept, { [key]: value });
  }
  return kept;
}
