/** The floor as it is: the queues, who waits in them and why, and the agents. */
import { Alert, Button, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { agentsQuery, queuesQuery } from "../api/queries";
import { Agents } from "../floor/Agents";
import classes from "../floor/Live.module.css";
import { Queues } from "../floor/Queues";
import { Since } from "../floor/Since";
import { useFloor } from "../floor/staleness";
import { WaitingList } from "../floor/WaitingList";
import { count, number } from "../lib/format";
import type { Live } from "../live/live";

const route = getRouteApi("/shell/live");

export function LivePage() {
  const { skill, sort = "name" } = route.useSearch();
  const navigate = useNavigate({ from: "/live" });
  const { live } = useFloor();
  const choose = (next: string | undefined) =>
    void navigate({
      to: ".",
      search: ({ skill: _, ...others }) =>
        next === undefined ? others : { ...others, skill: next },
      replace: true,
    });
  return (
    <div className={classes.page}>
      <header className={classes.header}>
        <Title order={1}>Live</Title>
        <Summary />
      </header>
      <Interruption live={live} />
      <div className={classes.columns}>
        <Queues chosen={skill} onChoose={choose} />
        <WaitingList skillId={skill} onAll={() => choose(undefined)} />
        <Agents
          skillId={skill}
          sort={sort}
          onSort={(next) =>
            void navigate({
              to: ".",
              search: ({ sort: _, ...others }) =>
                next === "name" ? others : { ...others, sort: next },
              replace: true,
            })
          }
        />
      </div>
    </div>
  );
}

/** The floor in a sentence. */
function Summary() {
  const queues = useQuery(queuesQuery).data;
  const agents = useQuery(agentsQuery).data;
  if (!queues || !agents) return <span className="quiet"> </span>;
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting + queue.ringing, 0);
  const since = queues
    .map((queue) => queue.oldestSince)
    .filter((at) => typeof at === "string")
    .sort()[0];
  const people = agents.filter((agent) => agent.kind === "HUMAN" && agent.isEnabled);
  const online = people.filter((agent) => agent.status === "ONLINE");
  return (
    <span className="quiet number">
      {waiting === 0 ? "Nobody waits" : `${count(waiting, "conversation")} waiting`}
      {since && (
        <>
          , the longest for <Since at={since} />
        </>
      )}
      ; {number(online.length)} of {count(people.length, "agent")} online.
    </span>
  );
}

/** Says that what is shown may be old. */
function Interruption({ live }: { live: Live }) {
  if (live.state.is !== "WAITING" && live.state.is !== "ENDED") return null;
  return (
    <Alert
      color="yellow"
      variant="light"
      radius={0}
      title="The connection is interrupted"
      role="alert"
    >
      What you see is as it was.{" "}
      {live.state.is === "ENDED" ? (
        live.state.why
      ) : (
        <>
          It goes on by itself.{" "}
          <Button size="compact-xs" variant="default" onClick={live.hurry}>
            Try now
          </Button>
        </>
      )}
    </Alert>
  );
}
