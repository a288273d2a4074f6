/** The answer first: how the period went, and against the one before. */
import { count, number, percent } from "../lib/format";
import classes from "./Analytics.module.css";
import { change, type Figures, isFarBehind, type Report, score, share, wait } from "./figures";

export function Sentence({ report, of }: { report: Report; of: string | undefined }) {
  const { total, before } = report;
  const [now, then] = [total.figures, before.figures];
  const isQuiet = now.conversations === 0 && now.closed === 0;
  return (
    <p className={classes.sentence} role="status">
      {isQuiet ? <>No conversation began or ended. </> : <Began now={now} then={then} of={of} />}
      {(!isQuiet || now.waits) && <Waits now={now} then={then} />}
      <GaveUp now={now} then={then} />
      <Scores now={now} then={then} />
      {isQuiet && <Decisions now={now} then={then} />}
      <br />
      <small>
        Compared with as many days before
        {Date.parse(total.to) > Date.now() ? ", up to the same time" : ""}.
        {isFarBehind(report) &&
          ` ${number(report.behind)} events that happened are still being counted.`}
      </small>
    </p>
  );
}

function Began({ now, then, of }: { now: Figures; then: Figures; of: string | undefined }) {
  return (
    <>
      <b>{count(now.conversations, "conversation")}</b>
      {of !== undefined && <> with {of}</>}
      <Change now={now.conversations} then={then.conversations} />.{" "}
    </>
  );
}

function Change({ now, then }: { now: number | undefined; then: number | undefined }) {
  const words = change(now, then);
  return words === undefined ? null : <> ({words})</>;
}

function Waits({ now, then }: { now: Figures; then: Figures }) {
  if (!now.waits) return <>Nobody waited for a person. </>;
  return (
    <>
      Half waited at most <b>{wait(now.waits.p50Ms)}</b> for a person
      <Change now={now.waits.p50Ms} then={then.waits?.p50Ms} />, nine in ten at most{" "}
      <b>{wait(now.waits.p90Ms)}</b>
      <Change now={now.waits.p90Ms} then={then.waits?.p90Ms} />.{" "}
    </>
  );
}

function GaveUp({ now, then }: { now: Figures; then: Figures }) {
  const part = share(now.abandoned, now.closed);
  if (part === undefined) return null;
  return (
    <>
      <b>{percent(part)}</b> of the {number(now.closed)} that ended gave up waiting
      <Change now={part} then={share(then.abandoned, then.closed)} />.{" "}
    </>
  );
}

function Scores({ now, then }: { now: Figures; then: Figures }) {
  if (!now.mcs) return null;
  return (
    <>
      They scored <b>{score(now.mcs.average)}</b> on average
      <Change now={now.mcs.average} then={then.mcs?.average} />.
    </>
  );
}

function Decisions({ now: { decisions }, then }: { now: Figures; then: Figures }) {
  if (!decisions?.runs) return null;
  return (
    <>
      <b>{count(decisions.runs, "decision")}</b>
      <Change now={decisions.runs} then={then.decisions?.runs} />,{" "}
      <b>{percent(decisions.noMatch / decisions.runs)}</b> matched nothing.
    </>
  );
}
