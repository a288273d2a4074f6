/**
 * The end of something long: it is followed while one reads there, and what came before is drawn a
 * piece at a time, so that a year of talk is as fast as a minute of it.
 */
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

/** Lines of a piece. */
const PIECE = 200;
/** How near to its end a reader is taken to follow what comes. */
const NEAR_PX = 48;

interface Tail<Box extends HTMLElement, Content extends HTMLElement> {
  scroller: RefObject<Box | null>;
  content: RefObject<Content | null>;
  onScroll: () => void;
  /** The first line that is drawn. */
  from: number;
  onMore: () => void;
}

/** `size` is another one whenever something else than a line came or went. */
export function useTail<Box extends HTMLElement, Content extends HTMLElement>(
  lines: number | undefined,
  beginsAtEnd: boolean,
  size = "",
): Tail<Box, Content> {
  const [pieces, setPieces] = useState(1);
  const scroller = useRef<Box>(null);
  const content = useRef<Content>(null);
  const isAtEnd = useRef(beginsAtEnd);
  /** How far above the end the reader is, while more is put before. */
  const above = useRef<number>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever reads the end follows it
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    if (above.current !== undefined) box.scrollTop = box.scrollHeight - above.current;
    else if (isAtEnd.current) box.scrollTop = box.scrollHeight;
    above.current = undefined;
  }, [lines, pieces, size]);
  const isThere = lines !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is inside is another thing then
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    // What stands below grows and shrinks, and lines that come into sight turn out higher.
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    if (content.current) observer.observe(content.current);
    return () => observer.disconnect();
  }, [isThere]);
  return {
    scroller,
    content,
    onScroll: () => {
      const box = scroller.current;
      if (!box) return;
      isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    },
    from: Math.max(0, (lines ?? 0) - pieces * PIECE),
    onMore: () => {
      const box = scroller.current;
      if (box) above.current = box.scrollHeight - box.scrollTop;
      setPieces(pieces + 1);
    },
  };
}
