/** What is being typed in a conversation, kept with every key. */
import { useState } from "react";
import { isObject, textOf } from "../lib/json";
import { keep, kept } from "./storage";

export interface Draft {
  text: string;
  /** Whether it is a note that the consumer will not see. */
  isPrivate: boolean;
}

const EMPTY: Draft = { text: "", isPrivate: false };

/** Returns the draft of a conversation and how it is changed; use it under a key of both. */
export function useDraft(owner: string, conversationId: string): [Draft, (draft: Draft) => void] {
  const key = `draft:${owner}:${conversationId}`;
  const [draft, setDraft] = useState(() => read(key));
  const change = (next: Draft) => {
    setDraft(next);
    const isEmpty = next.text === "" && !next.isPrivate;
    keep(key, isEmpty ? undefined : JSON.stringify(next));
  };
  return [draft, change];
}

function read(key: string): Draft {
  const found = kept(key);
  if (!isObject(found)) return EMPTY;
  return { text: textOf(found, "text"), isPrivate: found["isPrivate"] === true };
}
