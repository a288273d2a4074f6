/** What it does that consumers go back to the agent they had. */
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { number, percent } from "../lib/format";
import classes from "./Analytics.module.css";
import { type Figures, reason, returned, score, share, wait } from "./figures";

type Outcome = Schemas["AnalyticsOutcome"];

const REASONS_SHOWN = 6;

export function Returning({ figures }: { figures: Figures }) {
  const back = returned(figures);
  return (
    <section className={`${classes.card} ${classes.wide}`} aria-label="Returning consumers">
      <h2 className={classes.title}>Returning consumers</h2>
      <p className={classes.answer}>
        {back.share === undefined ? (
          "Nobody came back in these days whose last agent was known."
        ) : (
          <>
            <b>{percent(back.share)}</b> of {number(back.all)} got the agent they had.
          </>
        )}{" "}
        <Link to="/settings/last-agent" className="anchor">
          Who goes back
        </Link>
      </p>
      {back.share === undefined ? (
        <Text className={`${classes.chart} ${classes.none} quiet`}>
          It is known of consumers that a hosted bot passes on and whom the brand vouches for.
        </Text>
      ) : (
        <div className={classes.halves}>
          <Comparison figures={figures} />
          <Reasons because={figures.otherBecause} />
        </div>
      )}
    </section>
  );
}

function Comparison({ figures: { lastAgent, otherAgent } }: { figures: Figures }) {
  const rows: [string, (outcome: Outcome) => string][] = [
    ["Conversations that ended", (one) => number(one.closed)],
    ["MCS, on average", (one) => (one.mcs ? score(one.mcs.average) : "–")],
    ["Half waited at most", (one) => (one.waits ? wait(one.waits.p50Ms) : "–")],
    ["9 in 10 waited at most", (one) => (one.waits ? wait(one.waits.p90Ms) : "–")],
    ["Transfers for each", (one) => transfers(one)],
  ];
  return (
    <table className={classes.compare}>
      <thead>
        <tr>
          <th scope="col">Of conversations with</th>
          <th scope="col">their last agent</th>
          <th scope="col">somebody else</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="number">{value(lastAgent)}</td>
            <td className="number">{value(otherAgent)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function transfers(outcome: Outcome): string {
  const each = share(outcome.transfers, outcome.closed);
  return each === undefined ? "–" : number(Math.round(each * 100) / 100);
}

function Reasons({ because }: { because: Record<string, number> }) {
  const all = Object.entries(because).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return null;
  return (
    <div>
      <h3 className={classes.why}>Why it was somebody else</h3>
      <ul className={classes.reasons}>
        {all.slice(0, REASONS_SHOWN).map(([code, times]) => (
          <li key={code}>
            <b className="number">{number(times)}</b> {reason(code)}
          </li>
        ))}
      </ul>
    </div>
  );
}
