/** Skills, agents or channels beside one another: thousands are as fast as ten. */
import { UnstyledButton } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { Schemas } from "../api/client";
import { count, number, percent } from "../lib/format";
import classes from "./Analytics.module.css";
import { type Figures, returned, score, share, wait } from "./figures";
import type { AnalyticsSearch, Grouping } from "./period";

type Group = Schemas["AnalyticsGroup"];

interface Column {
  key: string;
  name: string;
  value: (figures: Figures) => number | undefined;
  format: (value: number) => string;
}

const COLUMNS: readonly Column[] = [
  { key: "conversations", name: "Conversations", value: (f) => f.conversations, format: number },
  { key: "assignments", name: "Assigned", value: (f) => f.assignments, format: number },
  { key: "closed", name: "Ended", value: (f) => f.closed, format: number },
  {
    key: "abandoned",
    name: "Gave up",
    value: (f) => share(f.abandoned, f.closed),
    format: percent,
  },
  { key: "p50", name: "Wait, 50%", value: (f) => f.waits?.p50Ms, format: wait },
  { key: "p90", name: "Wait, 90%", value: (f) => f.waits?.p90Ms, format: wait },
  { key: "transfers", name: "Transfers", value: (f) => f.transfers, format: number },
  { key: "mcs", name: "MCS", value: (f) => f.mcs?.average, format: score },
  { key: "csat", name: "CSAT", value: (f) => f.csat?.average, format: score },
  { key: "last", name: "Last agent", value: (f) => returned(f).share, format: percent },
];

const ROW_HEIGHT = 36;
const NAMES: Record<Grouping, { one: string; many: string }> = {
  skill: { one: "Skill", many: "skills" },
  agent: { one: "Agent", many: "agents" },
  channel: { one: "Channel", many: "channels" },
};

interface Props {
  groups: readonly Group[];
  more: number;
  group: Grouping;
  search: AnalyticsSearch;
  onSort: (key: string) => void;
}

export function GroupTable({ groups, more, group, search, onSort }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => sort(groups, search.sort), [groups, search.sort]);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => sorted[index]?.id ?? index,
    overscan: 8,
  });
  const name = NAMES[group];
  const by = search.sort ?? "conversations";
  const shown = virtual.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <section aria-label={`By ${group}`}>
      <div ref={scroller} className={classes.groups}>
        <table className={classes.list} aria-rowcount={sorted.length + 1}>
          <thead>
            <tr>
              <th scope="col">{name.one}</th>
              {COLUMNS.map((column) => (
                <th
                  key={column.key}
                  scope="col"
                  aria-sort={by === column.key ? "descending" : "none"}
                >
                  <UnstyledButton
                    className={classes.sort}
                    data-sorted={by === column.key || undefined}
                    onClick={() => onSort(column.key)}
                  >
                    {column.name}
                  </UnstyledButton>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <tr style={{ height: above }} />}
            {shown.map((item) => {
              const one = sorted[item.index];
              return one ? (
                <Row key={one.id} group={one} search={search} place={item.index} />
              ) : null;
            })}
            {below > 0 && <tr style={{ height: below }} />}
          </tbody>
        </table>
      </div>
      {more > 0 && (
        <p className="quiet">
          {count(more, `further ${group} has`, `further ${name.many} have`)} fewer conversations and
          are left out.
        </p>
      )}
    </section>
  );
}

function Row({ group, search, place }: { group: Group; search: AnalyticsSearch; place: number }) {
  const name = group.name ?? group.id;
  return (
    <tr aria-rowindex={place + 2}>
      <th scope="row" className="cut" title={name}>
        <Link to="/analytics" search={{ ...search, id: group.id }} className="anchor">
          {name}
        </Link>
      </th>
      {COLUMNS.map((column) => {
        const value = column.value(group.figures);
        return (
          <td key={column.key} className="number">
            {value === undefined ? "–" : column.format(value)}
          </td>
        );
      })}
    </tr>
  );
}

/** The highest first; what has no such figure comes last. */
function sort(groups: readonly Group[], key: string | undefined): readonly Group[] {
  const column = COLUMNS.find((one) => one.key === key);
  if (!column) return groups;
  const value = (group: Group) => column.value(group.figures) ?? Number.NEGATIVE_INFINITY;
  return [...groups].sort((a, b) => value(b) - value(a));
}
