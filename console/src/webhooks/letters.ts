/** Dead letters in words. */
import { count, number } from "../lib/format";

/** Says how many there are, as far as they were looked at. */
export function lettersInWords(found: number, hasMore: boolean): string {
  const many = hasMore ? `more than ${number(found)} events` : count(found, "event");
  return `${many} could not be delivered`;
}

/** What a receiver is called. */
export function receiverName(target: string, urls: ReadonlyMap<string, string>): string {
  if (target === "functions") return "functions";
  return urls.get(target) ?? "a webhook that is no more";
}
