/** A decision as the log tells it, made ready to be shown. */
import { isJson, isObject, type JsonObject, objectsOf } from "../lib/json";

/** Returns what of a list is JSON objects: all of it, from a server of ours. */
export function asObjects(items: readonly unknown[]): JsonObject[] {
  return items.filter((item): item is JsonObject => isJson(item) && isObject(item));
}

/** Returns what an explanation says of each policy, in order. */
export function policiesOf(explanation: unknown): JsonObject[] {
  return isJson(explanation) && isObject(explanation) ? objectsOf(explanation, "policies") : [];
}
