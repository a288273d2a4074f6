/** Who has a skill, and how they are doing. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { agentsQuery } from "../api/queries";
import { byName } from "../lib/find";
import { count } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import { Part } from "../ui/Pane";
import { loadOf, STATUS_NAMES } from "../users/agent";
import classes from "./Skills.module.css";
import type { Skill } from "./skill";

/** Agents that are named here; the others are found on their page. */
const SHOWN_MAX = 50;

export function SkillAgents({ skill }: { skill: Skill }) {
  const agents = useQuery(agentsQuery);
  const having = agents.data
    ?.filter((agent) => agent.skills.some((one) => one.id === skill.id))
    .sort(byName);
  const more = (having?.length ?? 0) - SHOWN_MAX;
  return (
    <Part title="Agents">
      {agents.error && <FailureNote error={agents.error} retry={() => void agents.refetch()} />}
      {having?.length === 0 && (
        <Text size="sm" className="quiet">
          Nobody has this skill yet, so its conversations wait. Give it to people under{" "}
          <Link to="/users" className="anchor">
            Agents
          </Link>
          , or put a bot in front of it under{" "}
          <Link to="/bots" className="anchor">
            Bots
          </Link>
          .
        </Text>
      )}
      {having && having.length > 0 && (
        <ul className={classes.agents}>
          {having.slice(0, SHOWN_MAX).map((agent) => (
            <li key={agent.id} className={classes.agent}>
              <Link
                to={agent.kind === "BOT" ? "/bots/$userId" : "/users/$userId"}
                params={{ userId: agent.id }}
                className="anchor cut"
                title={agent.name}
              >
                {agent.name}
              </Link>
              <span className="quiet">{STATUS_NAMES[agent.status] ?? agent.status}</span>
              <span className="number quiet">{loadOf(agent)}</span>
            </li>
          ))}
        </ul>
      )}
      {more > 0 && (
        <Text size="sm" className="quiet">
          and {count(more, "other")}:{" "}
          <Link to="/users" search={{ find: skill.name }} className="anchor">
            all who have it
          </Link>
        </Text>
      )}
    </Part>
  );
}
