/** The figures step by step: each chart with its sentence, or as a table. */
import { Link } from "@tanstack/react-router";
import { number, percent } from "../lib/format";
import { ChartCard } from "./ChartCard";
import { type Bucket, type Report, score, share, wait } from "./figures";
import type { Period } from "./period";

/** Returns how steps are called: by the clock of the report, not of the browser. */
function labels(period: Period): (bucket: Bucket) => string {
  const isHourly = period.bucket === "hour";
  const format = new Intl.DateTimeFormat(undefined, {
    timeZone: period.timeZone,
    ...(isHourly
      ? { weekday: "short", hour: "2-digit", minute: "2-digit" }
      : { day: "numeric", month: "short" }),
  });
  return (bucket) => format.format(new Date(bucket.from));
}

interface ChartsProps {
  report: Report;
  period: Period;
  isTable: boolean;
}

export function Charts({ report, period, isTable }: ChartsProps) {
  const { buckets, total } = report;
  const figures = total.figures;
  const common = { buckets, isTable, label: labels(period) };
  const { waits, mcs, csat, decisions } = figures;
  return (
    <>
      <ChartCard
        {...common}
        title="Conversations"
        kind="bars"
        format={number}
        series={[
          { name: "Began", color: "indigo.6", value: ({ figures }) => figures.conversations },
          { name: "Ended", color: "gray.5", value: ({ figures }) => figures.closed },
          { name: "Gave up", color: "orange.6", value: ({ figures }) => figures.abandoned },
        ]}
      >
        <b>{number(figures.conversations)}</b> began, <b>{number(figures.closed)}</b> ended,{" "}
        <b>{number(figures.abandoned)}</b> of them while they waited.
      </ChartCard>
      <ChartCard
        {...common}
        title="Waits for a person"
        kind="lines"
        format={wait}
        series={[
          { name: "Half", color: "indigo.6", value: ({ figures }) => figures.waits?.p50Ms },
          { name: "9 in 10", color: "orange.6", value: ({ figures }) => figures.waits?.p90Ms },
          { name: "99 in 100", color: "gray.5", value: ({ figures }) => figures.waits?.p99Ms },
        ]}
      >
        {waits ? (
          <>
            Half waited at most <b>{wait(waits.p50Ms)}</b>, nine in ten <b>{wait(waits.p90Ms)}</b>,
            ninety-nine in a hundred <b>{wait(waits.p99Ms)}</b>; on average {wait(waits.averageMs)},
            the longest {wait(waits.maxMs)}.
          </>
        ) : (
          "Nobody got a conversation."
        )}
      </ChartCard>
      <ChartCard
        {...common}
        title="Assignments and transfers"
        kind="bars"
        format={number}
        series={[
          { name: "To people", color: "indigo.6", value: ({ figures }) => figures.assignments },
          { name: "To bots", color: "gray.5", value: ({ figures }) => figures.botAssignments },
          { name: "Transfers", color: "orange.6", value: ({ figures }) => figures.transfers },
        ]}
      >
        <b>{number(figures.assignments)}</b> to people and <b>{number(figures.botAssignments)}</b>{" "}
        to bots, which handed over {number(figures.handovers)}. People transferred{" "}
        <b>{number(figures.transfers)}</b>
        {figures.assignments > 0 &&
          ` (${percent(share(figures.transfers, figures.assignments) ?? 0)} of what they got)`}
        .
      </ChartCard>
      <ChartCard
        {...common}
        title="Meaningful Connection Score"
        kind="lines"
        format={score}
        max={100}
        series={[
          { name: "Average", color: "indigo.6", value: ({ figures }) => figures.mcs?.average },
          {
            name: "Lowest tenth below",
            color: "orange.6",
            value: ({ figures }) => figures.mcs?.p10,
          },
        ]}
      >
        {mcs ? (
          <>
            <b>{score(mcs.average)}</b> on average of {number(mcs.count)}; one in ten scored{" "}
            <b>{number(mcs.p10)}</b> or less.
          </>
        ) : (
          "No conversation that ended has a score."
        )}
        {csat && (
          <>
            {" "}
            Surveys: <b>{score(csat.average)}</b> of 5, answered {number(csat.count)} times.
          </>
        )}
      </ChartCard>
      {decisions && (
        <ChartCard
          {...common}
          title="Decisions"
          kind="stack"
          format={number}
          series={[
            { name: "A policy matched", color: "indigo.6", value: matched },
            { name: "Nothing matched", color: "orange.6", value: unmatched },
          ]}
        >
          {decisions.runs === 0 ? (
            "Nobody asked what to do next."
          ) : (
            <>
              <b>{percent(decisions.noMatch / decisions.runs)}</b> of {number(decisions.runs)}{" "}
              matched nothing
              {decisions.errors > 0 && `; ${number(decisions.errors)} met a faulty policy`}.{" "}
              <Link to="/decisions" search={{ outcome: "NO_MATCH" }} className="anchor">
                Those that matched nothing
              </Link>
            </>
          )}
        </ChartCard>
      )}
    </>
  );
}

function matched({ figures: { decisions } }: Bucket): number {
  return decisions ? decisions.runs - decisions.noMatch : 0;
}

function unmatched({ figures: { decisions } }: Bucket): number {
  return decisions?.noMatch ?? 0;
}
