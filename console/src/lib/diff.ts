/** Which lines were added and removed between two texts. */

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
}

/** Lines beyond which whole texts are shown as replaced: the table would not fit. */
const LINES_MAX = 3_000;

export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length > LINES_MAX || after.length > LINES_MAX) {
    return [...before.map(removed), ...after.map(added)];
  }
  // The length of the longest common rest, from each pair of lines on.
  const width = after.length + 1;
  const rests = new Uint16Array((before.length + 1) * width);
  const rest = (i: number, j: number) => rests[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      rests[i * width + j] =
        before[i] === after[j] ? rest(i + 1, j + 1) + 1 : Math.max(rest(i + 1, j), rest(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, next] = [before[i], after[j]];
    if (old !== undefined && old === next) {
      lines.push({ kind: "same", text: old });
      i += 1;
      j += 1;
    } else if (next === undefined || (old !== undefined && rest(i + 1, j) >= rest(i, j + 1))) {
      lines.push(removed(old ?? ""));
      i += 1;
    } else {
      lines.push(added(next));
      j += 1;
    }
  }
  return lines;
}

const added = (text: string): DiffLine => ({ kind: "added", text });
const removed = (text: string): DiffLine => ({ kind: "removed", text });
