/** Policies: the ordered list that decides, and beside it the one that is looked at. */
import {
  ActionIcon,
  Button,
  Group,
  Menu,
  SegmentedControl,
  Skeleton,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconArrowsSort, IconDots, IconDownload, IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { PERIODS, type Period, type Policy, policiesQuery, usageQuery } from "../api/queries";
import { count, number, percent } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { PolicyList } from "../policies/PolicyList";
import list from "../policies/PolicyList.module.css";
import { shadowsOf, usesOf } from "../policies/usage";
import { Empty, FailureNote } from "../ui/Failures";
import classes from "./PoliciesPage.module.css";

const route = getRouteApi("/shell/policies");
const PERIOD_NAMES: Record<Period, string> = { day: "Today", week: "7 days", month: "30 days" };
const FILTERED = "Clear the search to change the order.";

export function PoliciesPage() {
  const { find = "", period = "week" } = route.useSearch();
  const selected = useMatch({ from: "/shell/policies/$policyId", shouldThrow: false })?.params
    .policyId;
  const policies = useQuery(policiesQuery);
  const usage = useQuery(usageQuery(period));
  const refusal = useRefusal("PoliciesWrite");
  const all = policies.data;
  const shown = useMemo(() => found(all ?? [], find), [all, find]);
  const uses = useMemo(() => (usage.data ? usesOf(usage.data) : new Map()), [usage.data]);
  const shadows = useMemo(() => shadowsOf(all ?? []), [all]);
  return (
    <div className={classes.page} data-editing={selected !== undefined || undefined}>
      <div className={classes.side}>
        <header className={classes.header}>
          <Group justify="space-between" wrap="nowrap" gap="sm">
            <Title order={1}>Policies</Title>
            <Group gap="xs" wrap="nowrap">
              {selected === undefined && <More />}
              <NewPolicy refusal={refusal} />
            </Group>
          </Group>
          {selected === undefined && (
            <Text className={`${classes.summary} quiet`}>
              {all && usage.data ? <Summary policies={all} usage={usage.data} /> : " "}
            </Text>
          )}
          <Group gap="sm" wrap="nowrap" mt={10}>
            <Find key={selected === undefined ? "list" : "beside"} find={find} />
            {selected === undefined && <PeriodChoice period={period} />}
          </Group>
        </header>
        {selected === undefined && (
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
        {policies.error ? (
          <div className={classes.note}>
            <FailureNote error={policies.error} retry={() => void policies.refetch()} />
          </div>
        ) : !all ? (
          <Waiting />
        ) : all.length === 0 ? (
          <None refusal={refusal} />
        ) : shown.length === 0 ? (
          <Empty title={`No policy is called “${find}”`} icon={<IconSearch size={28} />}>
            <Text className="quiet">The search looks at names and descriptions.</Text>
          </Empty>
        ) : (
          <PolicyList
            policies={shown}
            total={all.length}
            uses={uses}
            shadows={shadows}
            selected={selected}
            fixed={refusal ?? (find === "" ? undefined : FILTERED)}
          />
        )}
      </div>
      <Outlet />
    </div>
  );
}

function found(policies: readonly Policy[], find: string): Policy[] {
  const words = find.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return policies.filter((policy) => {
    const text = `${policy.name} ${policy.description ?? ""}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
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

function Find({ find }: { find: string }) {
  const navigate = useNavigate({ from: "/policies" });
  const [text, setText] = useState(find);
  const search = useDebouncedCallback((wanted: string) => {
    void navigate({
      to: ".",
      search: ({ find: _, ...others }) => (wanted === "" ? others : { ...others, find: wanted }),
      replace: true,
    });
  }, 120);
  return (
    <TextInput
      className={classes.find}
      size="sm"
      type="search"
      aria-label="Search policies"
      placeholder="Search by name or description"
      leftSection={<IconSearch size={15} />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
    />
  );
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

function NewPolicy({ refusal }: { refusal: string | undefined }) {
  const button = { leftSection: <IconPlus size={15} />, size: "xs" } as const;
  if (refusal !== undefined) {
    return (
      <Tooltip label={refusal}>
        <Button {...button} data-disabled onClick={(event) => event.preventDefault()}>
          New policy
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
      New policy
    </Button>
  );
}

function More() {
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More about policies">
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
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

/** Keeps the place of rows that are on their way. */
function Waiting() {
  return (
    <div role="status" aria-label="Loading policies">
      {Array.from({ length: 8 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.waiting}>
          <Skeleton height={12} width="36%" />
          <Skeleton height={10} width="58%" mt={8} />
        </div>
      ))}
    </div>
  );
}
