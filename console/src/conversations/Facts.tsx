/** What is known of a conversation, each with a way to go on from it. */
import { Link } from "@tanstack/react-router";
import { useNames } from "../floor/names";
import { count } from "../lib/format";
import { When } from "../ui/When";
import type { Conversation } from "./conversation";
import classes from "./Facts.module.css";

const ROLES: Record<string, string> = {
  CONSUMER: "consumer",
  ASSIGNED_AGENT: "has it",
  AGENT: "agent",
  MANAGER: "manager",
  READER: "reader",
};

export function Facts({ conversation }: { conversation: Conversation }) {
  const names = useNames();
  const { closed } = conversation;
  const present = conversation.participants.filter((one) => !one.leftAt && one.role !== "CONSUMER");
  const attributes = Object.entries(conversation.attributes ?? {});
  return (
    <section className={classes.part} aria-label="What is known">
      <dl className={classes.facts}>
        <dt>Consumer</dt>
        <dd>
          <Link
            to="/conversations"
            search={{ consumer: conversation.consumerId }}
            className="anchor"
          >
            {conversation.consumerId}
          </Link>
          <div className="quiet">
            {conversation.isAuthenticated ? "signed in" : "not signed in"}
            {conversation.isFirst && ", their first conversation"}
          </div>
        </dd>
        <dt>Skill</dt>
        <dd>{conversation.skillId ? names.skill(conversation.skillId) : "none"}</dd>
        {present.length > 0 && (
          <>
            <dt>In it</dt>
            <dd>
              {present.map((one) => (
                <p key={`${one.id} ${one.role}`} className={classes.present}>
                  {names.participant(one.id)}{" "}
                  <span className="quiet">{ROLES[one.role] ?? one.role}</span>
                </p>
              ))}
            </dd>
          </>
        )}
        <dt>So far</dt>
        <dd className="number">
          {count(conversation.messages, "message")}, {count(conversation.transfers, "transfer")}
        </dd>
        <dt>Score</dt>
        <dd className="number">
          {conversation.mcs ?? <span className="quiet">nothing to score yet</span>}
          {typeof conversation.csat === "number" && ` · rated ${conversation.csat} of 5`}
        </dd>
        {closed && (
          <>
            <dt>Closed</dt>
            <dd>
              <When at={closed.at} />
              <div className="quiet">
                {closed.description === "MANUAL_CLOSE" ? "by hand" : closed.description}
              </div>
            </dd>
          </>
        )}
        <dt>Decisions</dt>
        <dd>
          <Link to="/decisions" search={{ conversation: conversation.id }} className="anchor">
            all that were asked for it
          </Link>
        </dd>
        {attributes.map(([name, value]) => (
          <div key={name} className={classes.attribute}>
            <dt className="code">{name}</dt>
            <dd className="code">{JSON.stringify(value)}</dd>
          </div>
        ))}
        <dt>Id</dt>
        <dd className="code">{conversation.id}</dd>
      </dl>
    </section>
  );
}
