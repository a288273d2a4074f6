/** What happened in a conversation, each event as a sentence. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Names } from "../floor/names";
import { duration } from "../lib/format";
import { isObject, type JsonObject, objectsOf, shown, textOf } from "../lib/json";
import { actionLabel } from "../policies/document";
import { downgradeName, exclusionName } from "./conversation";

/** Which kind of thing a line tells, for its mark. */
export type Mark = "route" | "offer" | "agent" | "decision" | "person" | "warning" | "end" | "note";

export interface Line {
  mark: Mark;
  text: ReactNode;
}

/** Returns what an event is told as; nothing for what a story leaves out. */
export function lineOf(event: JsonObject, names: Names): Line | undefined {
  const agent = names.agent(textOf(event, "agentId"));
  const skill = names.skill(textOf(event, "skillId"));
  switch (event["type"]) {
    case "CONVERSATION_STARTED": {
      const channel = textOf(event, "channel");
      return {
        mark: "route",
        text: (
          <>
            {textOf(event, "consumerId")} began it{channel && ` on ${channel}`}
            {skill && <> in {skill}</>}
          </>
        ),
      };
    }
    case "QUEUED":
      return { mark: "route", text: <>It waits{skill && <> in the queue of {skill}</>}</> };
    case "OFFERED":
      return {
        mark: "offer",
        text: (
          <>
            It rings at {agent}
            {considered(event)}
          </>
        ),
      };
    case "OFFER_ENDED":
      return {
        mark: "offer",
        text: (
          <>
            {agent} {offerEnd(event)}
          </>
        ),
      };
    case "ASSIGNED":
      return {
        mark: "agent",
        text: (
          <>
            {agent} has it, after a wait of {waitOf(event)}
          </>
        ),
      };
    case "REQUEUED":
      return {
        mark: "warning",
        text: (
          <>
            Back to the queue{skill && <> of {skill}</>}: {requeueReason(event, agent)}
          </>
        ),
      };
    case "TRANSFERRED":
      return { mark: "route", text: transfer(event, names) };
    case "RELAXED":
      return { mark: "route", text: "It has waited so long that further agents may have it" };
    case "SUGGESTION_DROPPED":
      return {
        mark: "route",
        text: (
          <>
            It is no longer kept for {agent}: {dropReason(textOf(event, "reason"))}
          </>
        ),
      };
    case "BOOSTED":
      return {
        mark: "route",
        text: `Its place in the queue changed: boost ${shown(event["boost"])}`,
      };
    case "PARTICIPANT_JOINED":
    case "PARTICIPANT_LEFT":
      return participant(event, names);
    case "CONSUMER_IDENTIFIED":
      return {
        mark: "person",
        text: `The consumer turned out to be ${textOf(event, "newConsumerId")}`,
      };
    case "DECIDED":
      return { mark: "decision", text: <Decided event={event} names={names} /> };
    case "LAST_AGENT_CONSIDERED":
      return {
        mark: "decision",
        text: (
          <>
            Back to the last agent? {lastAgent(textOf(event, "reason"))}
            {textOf(event, "agentId") && <> ({agent})</>}
          </>
        ),
      };
    case "NOTICED":
      return {
        mark: "note",
        text: <>{agent} was told about the consumer’s previous conversation</>,
      };
    case "ALERTED":
      return { mark: "warning", text: textOf(event, "text") || textOf(event, "code") };
    case "SURVEY_ANSWERED":
      return { mark: "person", text: `The consumer rated it ${shown(event["csat"])} of 5` };
    case "DIALOG_OPENED":
      return textOf(event, "dialogType") === "POST_SURVEY"
        ? { mark: "note", text: "The consumer is asked how it was" }
        : undefined;
    case "CONVERSATION_CLOSED":
      return { mark: "end", text: closing(event) };
    default:
      return undefined;
  }
}

function considered(event: JsonObject): string {
  const why = event["why"];
  if (!isObject(why)) return "";
  const candidates = objectsOf(why, "candidates").length;
  const more = typeof why["candidatesMore"] === "number" ? why["candidatesMore"] : 0;
  return candidates + more > 1 ? `, the first of ${candidates + more} who could have it` : "";
}

function offerEnd(event: JsonObject): string {
  const detail = textOf(event, "detail");
  switch (textOf(event, "reason")) {
    case "DECLINED":
      return `declined it${detail && `: ${detail}`}`;
    case "EXPIRED":
      return "did not answer in time";
    case "CLOSED":
      return "no longer has to answer: it ended";
    case "TRANSFERRED":
    case "TAKEN_OVER":
    case "RELEASED":
      return "no longer has to answer: it went elsewhere";
    default:
      return `does not get it: ${exclusionName(textOf(event, "reason"))}`;
  }
}

function waitOf(event: JsonObject): string {
  const waited = event["waitedMs"];
  return duration(typeof waited === "number" ? waited / 1_000 : 0);
}

function requeueReason(event: JsonObject, agent: ReactNode): ReactNode {
  switch (textOf(event, "reason")) {
    case "OFFER_ENDED":
      return "nobody took it";
    case "RELEASED":
      return "it was put back";
    case "AGENT_SILENT":
      return <>{agent} fell silent</>;
    case "AGENT_DISABLED":
      return <>{agent} was switched off</>;
    case "NOT_ANSWERED":
      return <>{agent} did not answer in time</>;
    default:
      return textOf(event, "reason").toLowerCase().replaceAll("_", " ");
  }
}

function transfer(event: JsonObject, names: Names): ReactNode {
  const by = textOf(event, "by");
  const toAgent = textOf(event, "toAgentId");
  const toSkill = textOf(event, "toSkillId");
  const downgraded = textOf(event, "downgradedBecause");
  const decision = textOf(event, "decisionId");
  const verb = textOf(event, "outcome") === "TAKEN_OVER" ? "taken over" : "transferred";
  return (
    <>
      It was {verb}
      {by && <> by {names.participant(by)}</>}
      {toAgent ? <> to {names.agent(toAgent)}</> : toSkill ? <> to {names.skill(toSkill)}</> : ""}
      {downgraded && `: the agent who was named ${downgradeName(downgraded)}`}
      {decision && (
        <>
          {" "}
          (
          <Link to="/decisions/$decisionId" params={{ decisionId: decision }} className="anchor">
            why
          </Link>
          )
        </>
      )}
    </>
  );
}

function dropReason(reason: string): string {
  if (reason === "SUGGEST_EXPIRED") return "time is up";
  if (reason === "DECLINED") return "declined";
  return exclusionName(reason);
}

const ROLES: Record<string, string> = {
  AGENT: "agent",
  MANAGER: "manager",
  READER: "reader",
};

/** Who has it, and whose it is, is told by other events. */
function participant(event: JsonObject, names: Names): Line | undefined {
  const role = ROLES[textOf(event, "role")];
  if (role === undefined) return undefined;
  const verb = event["type"] === "PARTICIPANT_JOINED" ? "joined" : "left";
  const who = names.participant(textOf(event, "participantId"));
  return {
    mark: "person",
    text: (
      <>
        {who} {verb} as {role}
      </>
    ),
  };
}

function Decided({ event, names }: { event: JsonObject; names: Names }) {
  const policy = textOf(event, "policyId");
  const actions = objectsOf(event, "actions");
  return (
    <>
      {policy ? <>“{names.policy(policy)}” decided</> : "No policy matched"}
      {actions.map((one, index) => {
        const action = isObject(one["action"]) ? one["action"] : {};
        const outcome = textOf(one, "outcome");
        const label = actionLabel(textOf(action, "type")).toLowerCase();
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an action has no name, its place is what it is
          <span key={index}>
            {index === 0 ? ": " : ", "}
            {label}
            {outcome !== "DONE" && ` (${outcome.toLowerCase().replaceAll("_", " ")})`}
          </span>
        );
      })}{" "}
      <Link
        to="/decisions/$decisionId"
        params={{ decisionId: textOf(event, "decisionId") }}
        className="anchor"
      >
        the decision
      </Link>
    </>
  );
}

const LAST_AGENT: Record<string, string> = {
  LAST_AGENT: "Yes",
};

function lastAgent(reason: string): string {
  return LAST_AGENT[reason] ?? `No: ${reason.toLowerCase().replaceAll("_", " ")}`;
}

function closing(event: JsonObject): string {
  const by = { AGENT: "the agent", CONSUMER: "the consumer", SYSTEM: "the system" };
  const side = textOf(event, "by");
  const who = side === "AGENT" || side === "CONSUMER" || side === "SYSTEM" ? by[side] : "somebody";
  const description = textOf(event, "description");
  const reason = description === "MANUAL_CLOSE" || description === "" ? "" : `: ${description}`;
  const score = event["mcs"];
  const scored = typeof score === "number" ? `; it scored ${score}` : "";
  return `Closed by ${who}${reason}${scored}`;
}
