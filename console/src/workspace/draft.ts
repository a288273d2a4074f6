/** What is being typed in a conversation, kept with every key. */
import { useEffect, useState } from "react";
import { isObject, textOf } from "../lib/json";
import { keep, kept } from "./storage";

export interface Draft {
  text: string;
  /** Whether it is a note that the consumer will not see. */
  isPrivate: boolean;
}

const EMPTY: Draft = { text: "", isPrivate: false };

/** Those who show a draft, told when a widget adds to it. */
const shown = new Map<string, (text: string) => void>();

/** Returns the draft of a conversation and how it is changed; use it under a key of both. */
export function useDraft(owner: string, conversationId: string): [Draft, (draft: Draft) => void] {
  const key = keyOf(owner, conversationId);
  const [draft, setDraft] = useState(() => read(key));
  useEffect(() => {
    shown.set(key, (text) =>
      setDraft((before) => {
        const next = { ...before, text: joined(before.text, text) };
        write(key, next);
        return next;
      }),
    );
    return () => {
      shown.delete(key);
    };
  }, [key]);
  const change = (next: Draft) => {
    setDraft(next);
    write(key, next);
  };
  return [draft, change];
}

/** Adds a text to what is being typed; the agent decides whether to send it. */
export function addToDraft(owner: string, conversationId: string, text: string): void {
  const key = keyOf(owner, conversationId);
  const add = shown.get(key);
  if (add) add(text);
  else write(key, { ...read(key), text: joined(read(key).text, text) });
}

function joined(before: string, text: string): string {
  return before.trim() === "" ? text : `${before.trimEnd()} ${text}`;
}

function keyOf(owner: string, conversationId: string): string {
  return `draft:${owner}:${conversationId}`;
}

function read(key: string): Draft {
  const found = kept(key);
  if (!isObject(found)) return EMPTY;
  return { text: textOf(found, "text"), isPrivate: found["isPrivate"] === true };
}

function write(key: string, draft: Draft): void {
  const isEmpty = draft.text === "" && !draft.isPrivate;
  keep(key, isEmpty ? undefined : JSON.stringify(draft));
}
