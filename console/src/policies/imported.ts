/** What is found in policies that are imported, by the policy in which it stands. */
import { isObject } from "../lib/json";

export interface Found {
  /** Which policy, as people know it. */
  policy: string;
  /** Where in it. */
  where: string;
  message: string;
}

/** Returns the names of the policies in a text, in order; none if it cannot be read. */
export function namesIn(text: string): (string | undefined)[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return [];
  }
  const list = isObject(read) && Array.isArray(read["policies"]) ? read["policies"] : read;
  const policies: unknown[] = Array.isArray(list) ? list : [list];
  return policies.map((policy) => {
    const name = isObject(policy) ? policy["name"] : undefined;
    return typeof name === "string" ? name : undefined;
  });
}

/** Says of each problem in which policy it is. */
export function findingsOf(
  problems: readonly { path: string; message: string }[],
  names: readonly (string | undefined)[],
): Found[] {
  return problems.map(({ path, message }) => {
    const [, at, where = ""] = /^(?:\/policies)?\/(\d+)(?:\/(.*))?$/.exec(path) ?? [];
    if (at === undefined) return { policy: "The file", where: path.replace(/^\//, ""), message };
    const name = names[Number(at)];
    const place = `Policy ${Number(at) + 1}`;
    return { policy: name ? `${place}, “${name}”` : place, where, message };
  });
}
