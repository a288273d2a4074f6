/** A state in a word, with a colour that says how it is: good, to be watched, wrong, or none. */
import classes from "./Tag.module.css";

export type Tone = "good" | "warn" | "bad" | "quiet";

export function Tag({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      {children}
    </span>
  );
}
