/** An agent's status as a colour, beside the word for it. */
import classes from "./StatusDot.module.css";

/** `NONE` is that of somebody whose status nobody knows. */
export function StatusDot({ status }: { status: string }) {
  return <span className={classes.dot} data-status={status} aria-hidden />;
}
