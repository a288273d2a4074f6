/** Where somebody wanted to go before they had to sign in. */

const KEY = "usher.way-back";

/** Returns the place in the console; never one of another site. */
export function wayBack(to: string | null | undefined): string {
  return to?.startsWith("/") ? `/console${to.replace(/^\/console/, "")}` : "/console/";
}

/** Keeps it while the browser is at the identity provider. */
export function keepWayBack(to: string | undefined): void {
  sessionStorage.setItem(KEY, to ?? "");
}

/** Returns what was kept, once. */
export function keptWayBack(): string {
  const to = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return wayBack(to);
}
