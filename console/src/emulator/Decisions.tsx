/** What is decided in a conversation, as it happens, the newest first. */
import { Skeleton, Stack, Text } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Decision, decisionQuery, decisionsQuery } from "../api/queries";
import { microseconds } from "../lib/format";
import { type JsonObject, textOf } from "../lib/json";
import { useLive } from "../live/live";
import { ActionChips } from "../policies/ActionChips";
import { asObjects, policiesOf } from "../policies/decision";
import { Explanation, StatusMark } from "../policies/Explanation";
import { STATUS_NAMES, statusOf } from "../policies/explanation";
import { Empty, FailureNote } from "../ui/Failures";
import { When } from "../ui/When";
import classes from "./Decisions.module.css";

export function Decisions({ conversationId }: { conversationId: string }) {
  const queries = useQueryClient();
  const wanted = decisionsQuery({ conversation: conversationId });
  const log = useInfiniteQuery(wanted);
  const refresh = () => void queries.invalidateQueries({ queryKey: wanted.queryKey });
  useLive(
    { type: "CONVERSATION", conversationId },
    {
      onStart: refresh,
      onEvent: ({ event }) => {
        if (event["type"] === "DECIDED") refresh();
      },
    },
  );
  const decisions = log.data?.pages.flatMap(({ items }) => items) ?? [];
  if (log.error) return <FailureNote error={log.error} retry={() => void log.refetch()} />;
  if (log.isPending) return <Skeleton height={120} />;
  if (decisions.length === 0) {
    return (
      <Empty title="Nothing is decided yet" icon={<IconRoute size={30} stroke={1.5} />}>
        <Text className="quiet" maw={420}>
          Policies are asked when a hosted bot has the conversation. If nothing comes, nobody serves
          this entry but people: put a bot in front of its skill.
        </Text>
      </Empty>
    );
  }
  return (
    <Stack gap="sm" role="log" aria-label="Decisions">
      {decisions.map((decision) => (
        <DecisionCard key={decision.decisionId} decision={decision} />
      ))}
    </Stack>
  );
}

function DecisionCard({ decision }: { decision: Decision }) {
  const actions = asObjects(decision.actions);
  // The log's pages leave the reasons out.
  const explained = useQuery(decisionQuery(decision.decisionId));
  return (
    <article className={classes.card}>
      <header className={classes.head}>
        <h2 className={`${classes.title} cut`} title={decision.policy?.name}>
          {decision.policy ? `“${decision.policy.name}” decided` : "Nothing matched"}
        </h2>
        <Text size="sm" className="quiet">
          <When at={decision.receivedAt} /> · took {microseconds(decision.durationUs)}
        </Text>
      </header>
      {actions.length > 0 && <ActionChips actions={actions} />}
      <ol className={classes.policies}>
        {policiesOf(explained.data?.explanation).map((record) => (
          <PolicyLine
            key={textOf(record, "id")}
            record={record}
            isWinner={decision.policy?.id === textOf(record, "id")}
          />
        ))}
      </ol>
      <Link
        to="/decisions/$decisionId"
        params={{ decisionId: decision.decisionId }}
        className="anchor"
      >
        Open this decision
      </Link>
    </article>
  );
}

function PolicyLine({ record, isWinner }: { record: JsonObject; isWinner: boolean }) {
  const [isOpen, setOpen] = useState(isWinner);
  const status = statusOf(record);
  const isJudged = status !== "DISABLED" && status !== "NOT_REACHED";
  return (
    <li>
      <button
        type="button"
        className={classes.line}
        aria-expanded={isOpen}
        disabled={!isJudged}
        onClick={() => setOpen(!isOpen)}
      >
        <StatusMark status={status} />
        <span className="cut" title={textOf(record, "name")}>
          {textOf(record, "name")}
        </span>
        <span className={`${classes.status} quiet`}>{STATUS_NAMES[status]}</span>
      </button>
      {isOpen && isJudged && (
        <div className={classes.why}>
          <Explanation record={record} />
        </div>
      )}
    </li>
  );
}
