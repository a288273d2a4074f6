/** Asks before an attribute is left that was typed and not saved. */
import { useBlocker } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Json } from "../lib/json";

interface Unsaved {
  isChanged: boolean;
  /** Takes what is typed as kept, or as given up: it may be left. */
  settle: () => void;
}

export function useUnsaved(typed: Json): Unsaved {
  const text = JSON.stringify(typed);
  const kept = useRef(text);
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  }, [text]);
  const isLost = () => latest.current !== kept.current;
  useBlocker({
    shouldBlockFn: () =>
      isLost() && !window.confirm("What you typed in this attribute is not saved. Leave it?"),
    enableBeforeUnload: isLost,
  });
  return {
    isChanged: text !== kept.current,
    settle: () => {
      kept.current = latest.current;
    },
  };
}
