/** What is edited, and the state it began from: nobody's change is overwritten unseen. */
import { useEffect, useState } from "react";
import { isJson, isSame } from "./json";

export interface Draft<T> {
  value: T;
  change: (members: Partial<T>) => void;
  isChanged: boolean;
  /** Whether somebody else saved meanwhile. */
  isOvertaken: boolean;
  /** The state that may be overwritten. */
  tag: string;
  /** Goes back to what is kept. */
  discard: () => void;
  /** Goes on with what is typed, though somebody else saved. */
  keepMine: () => void;
  /** Takes what was saved just now as what is kept. */
  take: (kept: T, tag: string) => void;
}

function same(a: unknown, b: unknown): boolean {
  return isJson(a) && isJson(b) && isSame(a, b);
}

/** Edits what is kept under a tag; what others save is taken up at once where nobody has typed. */
export function useDraft<T extends object>(kept: T, tag: string): Draft<T> {
  const [base, setBase] = useState({ kept, tag });
  const [value, setValue] = useState(kept);
  const isChanged = !same(value, base.kept);
  const isNewer = tag !== base.tag;
  const take = (next: T, nextTag: string) => {
    setBase({ kept: next, tag: nextTag });
    setValue(next);
  };
  const isTakenUp = isNewer && (!isChanged || same(value, kept));
  useEffect(() => {
    if (!isTakenUp) return;
    setBase({ kept, tag });
    setValue(kept);
  }, [isTakenUp, kept, tag]);
  return {
    value,
    change: (members) => setValue((before) => ({ ...before, ...members })),
    isChanged: isChanged && !isTakenUp,
    isOvertaken: isNewer && !isTakenUp,
    tag: base.tag,
    discard: () => take(kept, tag),
    keepMine: () => setBase({ kept, tag }),
    take,
  };
}
