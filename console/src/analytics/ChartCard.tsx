/** One question, answered by a chart or by the same figures as a table. */
import { BarChart, LineChart } from "@mantine/charts";
import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Analytics.module.css";
import type { Bucket } from "./figures";

export interface Series {
  name: string;
  color: string;
  /** Returns the figure of a step; nothing where there is none. */
  value: (bucket: Bucket) => number | undefined;
}

/** Steps up to which bars beside one another can be told apart; beyond, lines can. */
const BARS_MAX = 31;

interface Props {
  title: string;
  /** The answer in a sentence. */
  children: ReactNode;
  kind: "bars" | "stack" | "lines";
  series: readonly Series[];
  buckets: readonly Bucket[];
  /** Returns how a step is called. */
  label: (bucket: Bucket) => string;
  format: (value: number) => string;
  isTable: boolean;
  /** The highest figure there can be. */
  max?: number;
}

export function ChartCard(props: Props) {
  const { title, children, series, buckets, isTable } = props;
  const hasFigures = buckets.some((bucket) => series.some((one) => one.value(bucket)));
  return (
    <section className={classes.card} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      <p className={classes.answer}>{children}</p>
      {isTable ? (
        <FigureTable {...props} />
      ) : hasFigures ? (
        <Chart {...props} />
      ) : (
        <Text className={`${classes.chart} ${classes.none} quiet`}>
          Nothing of this happened in these days.
        </Text>
      )}
    </section>
  );
}

function Chart({ kind, series, buckets, label, format, max, title }: Props) {
  const data = buckets.map((bucket) => {
    const values = series.map((one) => [one.name, one.value(bucket) ?? null] as const);
    return { step: label(bucket), ...Object.fromEntries(values) };
  });
  const common = {
    className: classes.chart,
    data,
    dataKey: "step",
    series: series.map(({ name, color }) => ({ name, color })),
    valueFormatter: format,
    withLegend: series.length > 1,
    legendProps: { verticalAlign: "top", height: 32, itemSorter: null } as const,
    gridAxis: "x" as const,
    tickLine: "none" as const,
    yAxisProps: { width: 84, allowDecimals: false, ...(max && { domain: [0, max] }) },
    xAxisProps: { minTickGap: 24 },
  };
  return (
    <div role="img" aria-label={`${title}: a chart; the same figures are in the tables`}>
      {kind === "lines" || (kind === "bars" && buckets.length > BARS_MAX) ? (
        <LineChart
          {...common}
          curveType="linear"
          strokeWidth={2}
          withDots={buckets.length < 40}
          dotProps={{ r: 3 }}
          connectNulls={false}
          lineChartProps={{ accessibilityLayer: false }}
          lineProps={{ isAnimationActive: false }}
        />
      ) : (
        <BarChart
          {...common}
          type={kind === "stack" ? "stacked" : "default"}
          maxBarWidth={28}
          barChartProps={{ accessibilityLayer: false }}
          barProps={{ isAnimationActive: false }}
        />
      )}
    </div>
  );
}

function FigureTable({ title, series, buckets, label, format }: Props) {
  return (
    <section
      className={classes.scroller}
      aria-label={`${title} as a table`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it by keyboard
      tabIndex={0}
    >
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map((one) => (
              <th key={one.name} scope="col" className={classes.right}>
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket.from}>
              <th scope="row">{label(bucket)}</th>
              {series.map((one) => {
                const value = one.value(bucket);
                return (
                  <td key={one.name} className={`${classes.right} number`}>
                    {value === undefined ? "–" : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
