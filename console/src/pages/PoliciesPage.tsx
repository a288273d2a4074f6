/** Policies: the ordered list that decides, and beside it the one that is looked at. */
import { ActionIcon, Button, Menu, SegmentedControl, Text, Tooltip } from "@mantine/core";
import {
  IconArrowsSort,
  IconDots,
  IconDownload,
  IconPlus,
  IconSearch,
  IconUpload,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { PERIODS, type Period, type Policy, policiesQuery, usageQuery } from "../api/queries";
import { found, useFind } from "../lib/find";
import { count, number, percent } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { ImportDialog } from "../policies/ImportDialog";
import { PolicyList, ROW_HEIGHT } from "../policies/PolicyList";
import list from "../policies/PolicyList.module.css";
import { shadowsOf, usesOf } from "../policies/usage";
import { Empty } from "../ui/Failures";
import { ListFailure } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { Waiting } from "../ui/Waiting";

const route = getRouteApi("/shell/policies");
const PERIOD_NAMES: Record<Period, string> = { day: "Today", week: "7 days", month: "30 days" };
const FILTERED = "Clear the search to change the order.";

export function PoliciesPage() {
  const { period = "week", dialog } = route.useSearch();
  const navigate = useNavigate({ from: "/policies" });
  const [find, onFind] = useFind();
  const selected = useMatch({ from: "/shell/policies/$policyId", shouldThrow: false })?.params
    .policyId;
  const isOpen = selected !== undefined;
  const policies = useQuery(policiesQuery);
  const usage = useQuery(usageQuery(period));
  const refusal = useRefusal("PoliciesWrite");
  const all = policies.data;
  const shown = useMemo(
    () => found(all ?? [], find, ({ name, description }) => [name, description]),
    [all, find],
  );
  const uses = useMemo(() => (usage.data ? usesOf(usage.data) : new Map()), [usage.data]);
  const shadows = useMemo(() => shadowsOf(all ?? []), [all]);
  return (
    <ListPage
      title="Policies"
      summary={
        isOpen ? undefined : all && usage.data ? <Summary policies={all} usage={usage.data} /> : " "
      }
      actions={
        <>
          {!isOpen && <More refusal={refusal} />}
          <NewPolicy refusal={refusal} isShort={isOpen} />
        </>
      }
      search={{ label: "Search policies", hint: "Search by name or description", find, onFind }}
      tools={!isOpen && <PeriodChoice period={period} />}
      isOpen={isOpen}
      pane={<Outlet />}
    >
      {!isOpen && (
        <div className={list.head} aria-hidden="true">
          <span />
          <span />
          <span>On</span>
          <span>Policy</span>
          <span>Does</span>
          <span>Matches</span>
          <span>Last match</span>
          <span />
        </div>
      )}
      {policies.error && <ListFailure source={policies} />}
      {all?.length === 0 ? (
        <None refusal={refusal} />
      ) : all && shown.length === 0 ? (
        <Empty title={`No policy is called “${find}”`} icon={<IconSearch size={28} />}>
          <Text className="quiet">The search looks at names and descriptions.</Text>
        </Empty>
      ) : all ? (
        <PolicyList
          policies={shown}
          total={all.length}
          uses={uses}
          shadows={shadows}
          selected={selected}
          fixed={refusal ?? (find === "" ? undefined : FILTERED)}
        />
      ) : (
        !policies.error && <Waiting rowHeight={ROW_HEIGHT[isOpen ? "compact" : "full"]} />
      )}
      {dialog === "import" && !refusal && (
        <ImportDialog
          onClose={() =>
            void navigate({ to: ".", search: ({ dialog: _, ...others }) => others, replace: true })
          }
        />
      )}
    </ListPage>
  );
}

function Summary({
  policies,
  usage,
}: {
  policies: Policy[];
  usage: { runs: number; noMatch: number; errors: number };
}) {
  const enabled = policies.filter((policy) => policy.enabled).length;
  const parts = [`${number(enabled)} of ${count(policies.length, "policy", "policies")} on`];
  if (usage.runs === 0) parts.push("no decisions in this period");
  else {
    parts.push(count(usage.runs, "decision"));
    parts.push(`${percent(usage.noMatch / usage.runs)} matched nothing`);
    if (usage.errors > 0) parts.push(`${number(usage.errors)} with a faulty policy`);
  }
  return <span className="number">{parts.join(" · ")}</span>;
}

function PeriodChoice({ period }: { period: Period }) {
  const navigate = useNavigate({ from: "/policies" });
  return (
    <SegmentedControl
      size="xs"
      aria-label="Period of usage"
      value={period}
      data={Object.keys(PERIODS)
        .filter((key): key is Period => key in PERIODS)
        .map((value) => ({ value, label: PERIOD_NAMES[value] }))}
      onChange={(value) =>
        void navigate({
          to: ".",
          search: (search) => ({ ...search, period: value }),
          replace: true,
        })
      }
    />
  );
}

function NewPolicy(props: { refusal: string | undefined; isShort?: boolean }) {
  const { refusal, isShort = false } = props;
  const button = {
    leftSection: <IconPlus size={15} />,
    size: "xs",
    "aria-label": "New policy",
  } as const;
  if (refusal !== undefined) {
    return (
      <Tooltip label={refusal}>
        <Button {...button} data-disabled onClick={(event) => event.preventDefault()}>
          {isShort ? "New" : "New policy"}
        </Button>
      </Tooltip>
    );
  }
  return (
    <Button
      {...button}
      renderRoot={(props) => (
        <Link
          to="/policies/$policyId"
          params={{ policyId: "new" }}
          search={(search) => search}
          {...props}
        />
      )}
    >
      {isShort ? "New" : "New policy"}
    </Button>
  );
}

function More({ refusal }: { refusal: string | undefined }) {
  const navigate = useNavigate({ from: "/policies" });
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More about policies">
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {refusal && <Menu.Label>{refusal}</Menu.Label>}
        <Menu.Item
          leftSection={<IconUpload size={15} />}
          disabled={refusal !== undefined}
          onClick={() =>
            void navigate({ to: ".", search: (search) => ({ ...search, dialog: "import" }) })
          }
        >
          Import
        </Menu.Item>
        <Menu.Item
          component="a"
          href="/api/v1/policies/export"
          download="policies.json"
          leftSection={<IconDownload size={15} />}
        >
          Export all as a file
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function None({ refusal }: { refusal: string | undefined }) {
  return (
    <Empty title="No policy yet" icon={<IconArrowsSort size={32} stroke={1.5} />}>
      <Text className="quiet" maw={440}>
        A policy says when a conversation goes where. The first one in the list that matches
        decides; without any, conversations stay with their bot or go to its fallback skill.
      </Text>
      <NewPolicy refusal={refusal} />
    </Empty>
  );
}
