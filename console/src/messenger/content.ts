/**
 * What stands beside the text of a message: buttons of cards and quick replies, as the published
 * structured content has them. What is not known is left out: the text says it all.
 */
import { isObject, type Json } from "../lib/json";

/** What can be pressed: it says something for the visitor, or leads somewhere. */
export interface Choice {
  title: string;
  says: string | undefined;
  address: string | undefined;
}

const CHOICES_MAX = 20;
const DEPTH_MAX = 8;

/** Returns what can be pressed, in order. */
export function choicesIn(content: Json | undefined, depth = 0): Choice[] {
  if (depth > DEPTH_MAX || content === undefined) return [];
  if (Array.isArray(content)) {
    return content.flatMap((one) => choicesIn(one, depth + 1)).slice(0, CHOICES_MAX);
  }
  if (!isObject(content)) return [];
  if (content["type"] === "button") return choiceOf(content["title"], content["click"]);
  return [content["elements"], content["replies"], content["quickReplies"]]
    .flatMap((part) => choicesIn(part, depth + 1))
    .slice(0, CHOICES_MAX);
}

function choiceOf(title: Json | undefined, click: Json | undefined): Choice[] {
  if (typeof title !== "string" || title === "" || !isObject(click)) return [];
  const actions = Array.isArray(click["actions"]) ? click["actions"].filter(isObject) : [];
  for (const action of actions) {
    const { type, text, uri } = action;
    if (type === "publishText") {
      const says = typeof text === "string" && text !== "" ? text : title;
      return [{ title, says, address: undefined }];
    }
    if (type === "link" && typeof uri === "string" && isOfTheWeb(uri)) {
      return [{ title, says: undefined, address: uri }];
    }
  }
  return [];
}

function isOfTheWeb(uri: string): boolean {
  return URL.canParse(uri) && /^https?:$/.test(new URL(uri).protocol);
}
