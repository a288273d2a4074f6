/** Why a conversation waits, or why this agent has it. */
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { whyQuery } from "../api/queries";
import { type Names, useNames } from "../floor/names";
import { count, duration, percent } from "../lib/format";
import { isJson, isObject, type JsonObject, objectsOf, textOf } from "../lib/json";
import { useRefusal } from "../lib/permissions";
import { FailureNote } from "../ui/Failures";
import { When } from "../ui/When";
import { exclusionName, roughly } from "./conversation";
import classes from "./Why.module.css";

/** Agents that are named; the others are counted. */
const SHOWN_MAX = 12;

export function Why({ conversationId }: { conversationId: string }) {
  const refusal = useRefusal("ConversationsSupervise");
  const names = useNames();
  const why = useQuery({ ...whyQuery(conversationId), enabled: refusal === undefined });
  if (refusal !== undefined) return <Text className="quiet">Only supervisors see why.</Text>;
  if (why.error) return <FailureNote error={why.error} retry={() => void why.refetch()} />;
  if (!why.data) return <Skeleton height={72} />;
  return <Told why={why.data} names={names} />;
}

function Told({ why, names }: { why: Schemas["Why"]; names: Names }) {
  switch (why.state) {
    case "QUEUED":
      return <Waits why={why} names={names} />;
    case "OFFERED":
      return (
        <>
          <Text>
            It rings at {names.agent(why.agentId ?? "")}
            {why.until && (
              <>
                , who has to answer <When at={why.until} />
              </>
            )}
          </Text>
          <Considered why={why.why} names={names} />
        </>
      );
    case "ASSIGNED":
      return (
        <>
          <Text>
            {names.agent(why.agentId ?? "")} has it
            {why.since && (
              <>
                {" "}
                since <When at={why.since} />
              </>
            )}
            {!why.why && ": somebody gave it to them"}
          </Text>
          <Considered why={why.why} names={names} />
        </>
      );
    case "BOT":
      return <Text>{names.agent(why.agentId ?? "")} has it: its skill begins with this bot.</Text>;
    default:
      return <Text className="quiet">It is over.</Text>;
  }
}

function Waits({ why, names }: { why: Schemas["Why"]; names: Names }) {
  const { position, expectedWaitSeconds: wait, agents = [], agentsMore } = why;
  const candidates = (agents ?? []).filter((agent) => !agent.excludedBecause);
  return (
    <>
      <Text>
        {why.isOpen === false
          ? "Its skill is closed or switched off, so it waits."
          : (agents ?? []).length === 0
            ? "It waits, and nobody has the skill."
            : candidates.length > 0
              ? "It is about to ring."
              : "It waits: nobody can have it now."}
        {position && ` ${position.isAtLeast ? "At least " : ""}${ahead(position.ahead)}.`}
        {wait && (
          <span title={`8 of 10 wait between ${duration(wait.from)} and ${duration(wait.to)}`}>
            {` About ${roughly(wait.likely)} to go.`}
          </span>
        )}
      </Text>
      {agents && agents.length > 0 && (
        <ul className={classes.agents}>
          {agents.slice(0, SHOWN_MAX).map((agent) => (
            <li key={agent.agentId} className={classes.agent}>
              <span className="cut">{names.agent(agent.agentId)}</span>
              <span className="quiet">
                {agent.excludedBecause ? exclusionName(agent.excludedBecause) : "can have it"}
                {agent.loadPercent !== null &&
                  agent.loadPercent !== undefined &&
                  `, ${percent(agent.loadPercent / 100)}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      <More number={(agents ?? []).length - SHOWN_MAX + (agentsMore ?? 0)} />
    </>
  );
}

function ahead(number: number): string {
  return number === 0 ? "It is the first" : `${count(number, "other")} before it`;
}

/** Who could have had it when it was given out, the first first. */
function Considered({ why, names }: { why: unknown; names: Names }) {
  if (!isJson(why) || !isObject(why)) return null;
  const candidates = objectsOf(why, "candidates");
  const excluded = isObject(why["excluded"]) ? Object.entries(why["excluded"]) : [];
  const more = typeof why["candidatesMore"] === "number" ? why["candidatesMore"] : 0;
  return (
    <>
      {candidates.length > 0 && (
        <ol className={classes.agents}>
          {candidates.slice(0, SHOWN_MAX).map((candidate, index) => (
            <li key={textOf(candidate, "agentId")} className={classes.agent}>
              <span className="cut">
                <span className="number quiet">{index + 1}</span>{" "}
                {names.agent(textOf(candidate, "agentId"))}
              </span>
              <span className="quiet">{standing(candidate)}</span>
            </li>
          ))}
        </ol>
      )}
      <More number={candidates.length - SHOWN_MAX + more} />
      {excluded.length > 0 && (
        <Text size="sm" className="quiet">
          Not asked:{" "}
          {excluded.map(([code, number]) => `${number} ${exclusionName(code)}`).join(", ")}.
        </Text>
      )}
    </>
  );
}

function standing(candidate: JsonObject): string {
  const { proficiency, loadPercent } = candidate;
  const parts: string[] = [];
  if (typeof proficiency === "number") parts.push(`proficiency ${proficiency}`);
  if (typeof loadPercent === "number") parts.push(`${percent(loadPercent / 100)} full`);
  return parts.join(", ");
}

function More({ number }: { number: number }) {
  if (number <= 0) return null;
  return (
    <Text size="sm" className="quiet">
      and {count(number, "other")}
    </Text>
  );
}
