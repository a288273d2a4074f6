/** One decision: what was done, and of every policy why it was or was not the one. */
import { Alert, Button, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconArrowLeft, IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { conversationQuery, type Decision, decisionQuery, whyNotQuery } from "../api/queries";
import { instant, microseconds } from "../lib/format";
import { isJson, isObject, type JsonObject, shown, textOf } from "../lib/json";
import { ActionChips } from "../policies/ActionChips";
import { asObjects, policiesOf } from "../policies/decision";
import { Explanation, StatusMark } from "../policies/Explanation";
import { STATUS_NAMES, statusOf } from "../policies/explanation";
import { FailureNote } from "../ui/Failures";
import { Tag } from "../ui/Tag";
import { When } from "../ui/When";
import classes from "./DecisionPage.module.css";

const route = getRouteApi("/shell/decisions/$decisionId");

export function DecisionPage() {
  const { decisionId } = route.useParams();
  const decision = useQuery(decisionQuery(decisionId));
  return (
    <div className={classes.page}>
      <Link to="/decisions" className={`${classes.back} anchor`}>
        <IconArrowLeft size={15} /> Decisions
      </Link>
      {decision.error ? (
        <FailureNote error={decision.error} retry={() => void decision.refetch()} />
      ) : decision.data ? (
        <Opened decision={decision.data} />
      ) : (
        <Stack>
          <Skeleton height={28} width="46%" />
          <Skeleton height={90} />
          <Skeleton height={260} />
        </Stack>
      )}
    </div>
  );
}

function Opened({ decision }: { decision: Decision }) {
  const policies = policiesOf(decision.explanation);
  return (
    <>
      <header>
        <Title order={1}>
          {decision.policy ? `“${decision.policy.name}” decided` : "Nothing matched"}
        </Title>
        <Text className="quiet">
          <When at={decision.receivedAt} /> · took {microseconds(decision.durationUs)} · asked
          through {decision.api}
        </Text>
      </header>
      {decision.repeatable === false && (
        <Alert color="yellow" variant="light" title="Run again, it would come out differently">
          A value was too long for the log, or was not kept; the reasons below are of the run that
          was repeated.
        </Alert>
      )}
      <Facts decision={decision} />
      <section aria-label="Policies" className={classes.policies}>
        <h2 className={classes.heading}>Every policy, in order</h2>
        {policies.length === 0 && <Text className="quiet">There were no policies then.</Text>}
        <ol className={classes.list}>
          {policies.map((record) => (
            <PolicyLine key={textOf(record, "id")} record={record} decision={decision} />
          ))}
        </ol>
      </section>
    </>
  );
}

function Facts({ decision }: { decision: Decision }) {
  const actions = asObjects(decision.actions);
  return (
    <dl className={classes.facts}>
      <div>
        <dt>Did</dt>
        <dd>{actions.length > 0 ? <ActionChips actions={actions} /> : "nothing"}</dd>
      </div>
      <div>
        <dt>Conversation</dt>
        <dd className="cut">
          {decision.conversationId ? (
            <ConversationLink conversationId={decision.conversationId} />
          ) : (
            "none"
          )}
        </dd>
      </div>
      <div>
        <dt>Consumer</dt>
        <dd className="cut">
          {decision.consumerId ? (
            <Link className="anchor" to="/decisions" search={{ consumer: decision.consumerId }}>
              {decision.consumerId}
            </Link>
          ) : (
            "not named"
          )}
        </dd>
      </div>
      <div>
        <dt>Taken as now</dt>
        <dd>{instant(decision.at)}</dd>
      </div>
      {decision.notes.length > 0 && (
        <div>
          <dt>Remarks</dt>
          <dd>{decision.notes.map((note) => NOTES[note] ?? note).join("; ")}</dd>
        </div>
      )}
    </dl>
  );
}

/** Leads to the conversation, if it is one of ours: bots on other platforms decide here too. */
function ConversationLink({ conversationId }: { conversationId: string }) {
  const conversation = useQuery(conversationQuery(conversationId));
  return (
    <>
      {conversation.data ? (
        <Link to="/conversations/$conversationId" params={{ conversationId }} className="anchor">
          {conversationId}
        </Link>
      ) : (
        conversationId
      )}
      <div>
        <Link className="anchor" to="/decisions" search={{ conversation: conversationId }}>
          Other decisions for it
        </Link>
      </div>
    </>
  );
}

const NOTES: Record<string, string> = {
  CUSTOMER_ID_REQUIRED: "policies read what is known of the consumer, but none was named",
};

function PolicyLine({ record, decision }: { record: JsonObject; decision: Decision }) {
  const { policy } = route.useSearch();
  const navigate = useNavigate({ from: "/decisions/$decisionId" });
  const id = textOf(record, "id");
  const status = statusOf(record);
  const isWinner = decision.policy?.id === id;
  const isOpen = policy === undefined ? isWinner : policy === id;
  const isJudged = status !== "DISABLED" && status !== "NOT_REACHED";
  return (
    <li className={classes.line} data-winner={isWinner || undefined}>
      <button
        type="button"
        className={classes.head}
        aria-expanded={isOpen}
        onClick={() =>
          void navigate({
            to: ".",
            search: isOpen ? { policy: "none" } : { policy: id },
            replace: true,
          })
        }
      >
        <StatusMark status={status} />
        <span className={`${classes.name} cut`}>{textOf(record, "name")}</span>
        {isWinner && <Tag tone="good">decided</Tag>}
        <span className={`${classes.status} quiet`}>{STATUS_NAMES[status]}</span>
      </button>
      {isOpen && (
        <div className={classes.detail}>
          {isJudged ? (
            <Explanation record={record} />
          ) : (
            <Text size="sm" className="quiet">
              {status === "DISABLED"
                ? "It was switched off, so nobody looked at it."
                : "A policy above had decided already."}
            </Text>
          )}
          <Variables variables={record["variables"]} />
          <Group gap="xs">
            {!isWinner && <WhyNot decisionId={decision.decisionId} policyId={id} />}
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPlayerPlay size={13} />}
              renderRoot={(props) => (
                <Link
                  to="/policies/$policyId"
                  params={{ policyId: id }}
                  search={{ side: "try", decision: decision.decisionId }}
                  {...props}
                />
              )}
            >
              Open the policy and try it on this
            </Button>
          </Group>
        </div>
      )}
    </li>
  );
}

/** The values that the policy looked at. */
function Variables({ variables }: { variables: unknown }) {
  if (!isJson(variables) || !isObject(variables) || Object.keys(variables).length === 0)
    return null;
  return (
    <details className={classes.variables}>
      <summary>Values it looked at</summary>
      <dl>
        {Object.entries(variables).map(([name, value]) => (
          <div key={name}>
            <dt className="code">{name}</dt>
            <dd className="code">
              {value === null ? <i className="quiet">not known</i> : JSON.stringify(value)}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function WhyNot({ decisionId, policyId }: { decisionId: string; policyId: string }) {
  const [isAsked, setAsked] = useState(false);
  const answer = useQuery({ ...whyNotQuery(decisionId, policyId), enabled: isAsked });
  if (!isAsked) {
    return (
      <Button size="compact-sm" variant="default" onClick={() => setAsked(true)}>
        What would have made it win?
      </Button>
    );
  }
  if (answer.error) return <FailureNote error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Skeleton height={24} width={320} />;
  return (
    <div className={classes.whyNot} role="status">
      <Told whyNot={answer.data} />
    </div>
  );
}

function Told({ whyNot }: { whyNot: Schemas["WhyNot"] }) {
  switch (whyNot.answer) {
    case "CHANGE":
      return (
        <>
          It would have won if
          <ul>
            {(whyNot.changes ?? []).map((change) => (
              <li key={change.attribute}>
                <b>{change.attribute}</b> had been <code>{said(change.to)}</code> instead of{" "}
                <code>{said(change.from)}</code>
              </li>
            ))}
          </ul>
        </>
      );
    case "ALREADY_WINS":
      return "It won.";
    case "DISABLED":
      return "It was switched off.";
    case "INVALID":
      return `It had mistakes (${whyNot.reason ?? "see the editor"}).`;
    default:
      return `No small change would have made it win: ${whyNot.reason ?? "none was found"}.`;
  }
}

function said(value: unknown): string {
  if (value === null || value === undefined) return "not known";
  return isJson(value) ? (typeof value === "string" ? `“${value}”` : shown(value)) : "";
}
