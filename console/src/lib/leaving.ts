/** What is not saved is not left without a question. */
import { useBlocker } from "@tanstack/react-router";
import { useRef } from "react";

/** Asks before a page is left whose changes are not saved; returns how to leave without a question. */
export function useUnsaved(isChanged: boolean): () => void {
  const isLeaving = useRef(false);
  useBlocker({
    shouldBlockFn: ({ current, next }) => {
      // What the address says beside the page is no way out of it.
      if (!isChanged || isLeaving.current || current.pathname === next.pathname) return false;
      return !window.confirm("What you changed here is not saved. Leave it?");
    },
    enableBeforeUnload: () => isChanged && !isLeaving.current,
  });
  return () => {
    isLeaving.current = true;
  };
}
