/** Analytics: how the floor and the policies have done. */
import "@mantine/charts/styles.css";
import { Button, SegmentedControl, Skeleton, Text, TextInput, Title } from "@mantine/core";
import { IconChartBar, IconDownload, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import classes from "../analytics/Analytics.module.css";
import { Charts } from "../analytics/Charts";
import { isEmpty, isFarBehind, type Report } from "../analytics/figures";
import { GroupTable } from "../analytics/GroupTable";
import { PolicyUse } from "../analytics/PolicyUse";
import {
  type AnalyticsSearch,
  fileOf,
  GROUPS,
  type Period,
  periodOf,
  queryOf,
  SPANS,
  type Span,
} from "../analytics/period";
import { Returning } from "../analytics/Returning";
import { Sentence } from "../analytics/Sentence";
import { analyticsQuery, skillsQuery, usersQuery } from "../api/queries";
import { Empty, FailureNote } from "../ui/Failures";

const route = getRouteApi("/shell/analytics");
const SPAN_NAMES: Record<Span, string> = {
  today: "Today",
  week: "7 days",
  month: "30 days",
  quarter: "90 days",
};
const ALL = "all";
/** How often it is looked again while the server counts what has gathered. */
const COUNTING = 3_000;

export function AnalyticsPage() {
  const search = route.useSearch();
  const period = periodOf(search, new Date());
  const report = useQuery({
    ...analyticsQuery(queryOf(search, period)),
    // What stands there stays until the new figures have come.
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => state.data && isFarBehind(state.data) && COUNTING,
  });
  return (
    <div className={classes.page}>
      <div className={classes.inner}>
        <Title order={1}>Analytics</Title>
        <Controls search={search} period={period} />
        {report.error ? (
          <FailureNote error={report.error} retry={() => void report.refetch()} />
        ) : report.data ? (
          <div className={`${classes.figures} ${report.isPlaceholderData ? classes.stale : ""}`}>
            <Figures report={report.data} search={search} period={period} />
          </div>
        ) : (
          <Waiting />
        )}
      </div>
    </div>
  );
}

function Controls({ search, period }: { search: AnalyticsSearch; period: Period }) {
  const navigate = useNavigate();
  const go = (wanted: AnalyticsSearch) => void navigate({ to: "/analytics", search: wanted });
  const { span: _s, from: _f, to: _t, ...others } = search;
  const { group: _g, id: _i, sort: _o, ...ungrouped } = search;
  const isOwn = search.from !== undefined || search.to !== undefined;
  const days = (from: string, to: string) => {
    if (from !== "" && to !== "" && from <= to) go({ ...others, from, to });
  };
  return (
    <div className={classes.controls}>
      <SegmentedControl
        size="xs"
        aria-label="Period"
        value={isOwn ? "" : (search.span ?? "week")}
        data={spans().map((span) => ({ value: span, label: SPAN_NAMES[span] }))}
        onChange={(value) => {
          const span = spans().find((one) => one === value);
          if (span) go({ ...others, span });
        }}
      />
      <div className={classes.days}>
        <TextInput
          type="date"
          size="xs"
          aria-label="First day"
          value={period.from}
          max={period.to}
          onChange={(event) => days(event.currentTarget.value, period.to)}
        />
        <span className="quiet">to</span>
        <TextInput
          type="date"
          size="xs"
          aria-label="Last day"
          value={period.to}
          min={period.from}
          onChange={(event) => days(period.from, event.currentTarget.value)}
        />
      </div>
      <SegmentedControl
        size="xs"
        aria-label="By"
        value={search.group ?? ALL}
        data={[
          { value: ALL, label: "All" },
          { value: "skill", label: "By skill" },
          { value: "agent", label: "By agent" },
          { value: "channel", label: "By channel" },
        ]}
        onChange={(value) => {
          const group = GROUPS.find((one) => one === value);
          go(group ? { ...ungrouped, group } : ungrouped);
        }}
      />
      {search.id !== undefined && <Only search={search} />}
      <span className={classes.spring} />
      <SegmentedControl
        size="xs"
        aria-label="Show"
        value={search.show ?? "charts"}
        data={[
          { value: "charts", label: "Charts" },
          { value: "tables", label: "Tables" },
        ]}
        onChange={(value) => {
          const { show: _, ...rest } = search;
          go(value === "tables" ? { ...rest, show: "tables" } : rest);
        }}
      />
      <Button
        component="a"
        href={fileOf(search, period)}
        download
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} />}
      >
        CSV
      </Button>
    </div>
  );
}

function spans(): Span[] {
  return Object.keys(SPANS).filter((span): span is Span => span in SPANS);
}

/** The one skill, agent or channel that all is about, and the way back to all of them. */
function Only({ search }: { search: AnalyticsSearch }) {
  const { id: _, ...all } = search;
  const name = useName(search);
  return (
    <Button
      size="xs"
      variant="light"
      maw={260}
      rightSection={<IconX size={14} />}
      renderRoot={(props) => <Link to="/analytics" search={all} {...props} />}
      aria-label={`Only ${name}; show all`}
      title={name}
    >
      {name}
    </Button>
  );
}

function useName({ group, id }: AnalyticsSearch): string {
  const skills = useQuery({ ...skillsQuery, enabled: group === "skill" }).data;
  const users = useQuery({ ...usersQuery, enabled: group === "agent" }).data;
  const known = group === "skill" ? skills : group === "agent" ? users : undefined;
  return known?.find((one) => one.id === id)?.name ?? id ?? "";
}

interface FiguresProps {
  report: Report;
  search: AnalyticsSearch;
  period: Period;
}

function Figures({ report, search, period }: FiguresProps) {
  const navigate = useNavigate();
  const name = useName(search);
  const total = report.total.figures;
  if (isEmpty(total)) return <None report={report} />;
  const { group } = search;
  return (
    <>
      <Sentence report={report} of={search.id === undefined ? undefined : name} />
      {group && search.id === undefined && (
        <GroupTable
          groups={report.groups}
          more={report.groupsMore}
          group={group}
          search={search}
          onSort={(sort) =>
            void navigate({ to: "/analytics", search: { ...search, sort }, replace: true })
          }
        />
      )}
      <div className={classes.grid}>
        <Charts report={report} period={period} isTable={search.show === "tables"} />
        {search.id === undefined && <PolicyUse report={report} />}
        <Returning figures={total} />
      </div>
    </>
  );
}

function None({ report }: { report: Report }) {
  return (
    <Empty title="Nothing happened in these days" icon={<IconChartBar size={32} stroke={1.5} />}>
      <Text className="quiet" maw={480}>
        {report.behind > 0
          ? "What happened is being counted; it will stand here in a moment."
          : "Conversations and decisions are counted as they happen. Choose other days, or send a first conversation."}
      </Text>
      <Text className="quiet code">POST /api/v1/conversations</Text>
    </Empty>
  );
}

function Waiting() {
  return (
    <>
      <Skeleton height={106} />
      <div className={classes.grid}>
        {["a", "b", "c", "d"].map((key) => (
          <Skeleton key={key} height={350} />
        ))}
      </div>
    </>
  );
}
