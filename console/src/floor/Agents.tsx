/** The agents at work: what they say, and their places as they fill. */
import { Button, NativeSelect, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { agentsQuery } from "../api/queries";
import { byName } from "../lib/find";
import { count } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import { type Agent, loadOf, STATUS_NAMES } from "../users/agent";
import { StatusDot } from "../users/StatusDot";
import { useHeld } from "./held";
import classes from "./Live.module.css";
import { Places } from "./Places";
import { Since } from "./Since";

export const SORTS = ["name", "idle", "load"] as const;
export type Sort = (typeof SORTS)[number];

const ROW_HEIGHT = 58;
const keyOf = (agent: Agent) => agent.id;
const isSort = (value: string): value is Sort => SORTS.some((sort) => sort === value);

interface Props {
  skillId: string | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

export function Agents({ skillId, sort, onSort }: Props) {
  const agents = useQuery(agentsQuery);
  const [isAll, setAll] = useState(false);
  const here = useMemo(
    () =>
      (agents.data ?? []).filter(
        (agent) =>
          agent.isEnabled &&
          (skillId === undefined || agent.skills.some((skill) => skill.id === skillId)),
      ),
    [agents.data, skillId],
  );
  const atWork = here.filter((agent) => agent.status !== "OFFLINE" || agent.assigned > 0);
  const shown = isAll ? here : atWork;
  return (
    <section className={classes.column} aria-label="Agents">
      <h2 className={classes.heading}>
        Agents
        <NativeSelect
          size="xs"
          variant="unstyled"
          className={classes.sort}
          aria-label="Order of the agents"
          value={sort}
          data={[
            { value: "name", label: "by name" },
            { value: "idle", label: "longest idle first" },
            { value: "load", label: "fullest first" },
          ]}
          onChange={({ currentTarget: { value } }) => isSort(value) && onSort(value)}
        />
      </h2>
      {agents.error && !agents.data ? (
        <FailureNote error={agents.error} retry={() => void agents.refetch()} />
      ) : !agents.data ? (
        <Skeleton height={240} />
      ) : (
        <Rows key={`${skillId} ${sort} ${isAll}`} agents={inOrder(shown, sort)} />
      )}
      {here.length > atWork.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(!isAll)}>
          {isAll
            ? "Hide who is offline"
            : `Show ${count(here.length - atWork.length, "other")} offline`}
        </Button>
      )}
    </section>
  );
}

function inOrder(agents: readonly Agent[], sort: Sort): Agent[] {
  const idle = (agent: Agent) =>
    agent.status === "ONLINE" && agent.idleSince ? Date.parse(agent.idleSince) : Number.MAX_VALUE;
  switch (sort) {
    case "idle":
      return [...agents].sort((a, b) => idle(a) - idle(b) || byName(a, b));
    case "load":
      return [...agents].sort((a, b) => b.loadPercent - a.loadPercent || byName(a, b));
    case "name":
      return [...agents].sort(byName);
  }
}

function Rows({ agents }: { agents: readonly Agent[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [isPointed, setPointed] = useState(false);
  const held = useHeld(agents, keyOf, isPointed);
  const virtual = useVirtualizer({
    count: held.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => held[index]?.item.id ?? index,
    overscan: 6,
  });
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
    >
      {held.length === 0 && (
        <Text className="quiet" size="sm" p="sm">
          Nobody is at work.
        </Text>
      )}
      <ul className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const one = held[index];
          if (!one) return null;
          return (
            <li
              key={key}
              className={classes.agent}
              data-gone={one.isGone || undefined}
              style={{ top: start, height: ROW_HEIGHT }}
            >
              <Row agent={one.item} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Row({ agent }: { agent: Agent }) {
  return (
    <>
      <div className={classes.agentName}>
        <StatusDot status={agent.status} />
        <Link
          to={agent.kind === "BOT" ? "/bots/$userId" : "/users/$userId"}
          params={{ userId: agent.id }}
          className={`${classes.link} cut`}
          title={agent.name}
        >
          {agent.name}
        </Link>
        <span className={`${classes.status} quiet cut`} title={agent.statusReason ?? undefined}>
          {STATUS_NAMES[agent.status] ?? agent.status}
          {agent.statusReason && `, ${agent.statusReason}`}
        </span>
      </div>
      <div className={classes.load}>
        <Places agent={agent} />
        <span className="quiet number cut">
          {loadOf(agent)}
          {agent.ringing > 0 && `, ${agent.ringing} ringing`}
        </span>
        {agent.idleSince && agent.status === "ONLINE" && (
          <span className={`${classes.idle} quiet`}>
            idle <Since at={agent.idleSince} />
          </span>
        )}
      </div>
    </>
  );
}
