/** What changed between two texts, line by line, with a little of what is around it. */
import { Text } from "@mantine/core";
import { type DiffLine, lineDiff } from "../lib/diff";
import classes from "./Diff.module.css";

interface Props {
  before: readonly string[];
  after: readonly string[];
}

export function Diff({ before, after }: Props) {
  const lines = lineDiff(before, after);
  if (lines.every((line) => line.kind === "same")) {
    return (
      <Text size="sm" className="quiet">
        Nothing that is written changed.
      </Text>
    );
  }
  return (
    <pre className={classes.diff}>
      {near(lines).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name, and are not moved here
        <span key={index} className={classes.line} data-kind={line.kind}>
          {line.kind === "added" ? "+ " : line.kind === "removed" ? "− " : "  "}
          {line.text}
        </span>
      ))}
    </pre>
  );
}

/** Lines around a change that are shown with it. */
const CONTEXT = 2;

/** Leaves out what is far from any change. */
function near(lines: readonly DiffLine[]): DiffLine[] {
  return lines.filter((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => line.kind !== "same"),
  );
}
