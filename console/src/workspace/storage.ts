/** What the workspace keeps in the browser: what was typed, and what makes a sound. */
import { isJson, type Json } from "../lib/json";

const PREFIX = "usher:workspace:";

/** Returns what was kept under a key, by this page or another one of the same browser. */
export function kept(key: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(PREFIX + key) ?? "");
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a text that is JSON, or forgets what was there. */
export function keep(key: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, text);
  } catch {
    // A browser that keeps nothing still has it on the page.
  }
}

/** Calls back when another page of the same browser has changed what is kept. */
export function whenKept(key: string, then: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === PREFIX + key) then();
  };
  window.addEventListener("storage", listener);
  return () => window.removeEventListener("storage", listener);
}

/** Forgets everything: what somebody typed is not for whoever signs in next. */
export function forgetAll(): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  }
}
