/** The customer's previous conversation, as it was when the agent got this one. */
import { Button, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { type Conversation, lastContactQuery, olderQuery } from "../api/queries";
import { ago, instant } from "../lib/format";
import { useSession } from "../lib/permissions";
import { Fact, Facts, Part } from "./Facts";
import classes from "./LastContact.module.css";
import { useNames } from "./words";

type Contact = Schemas["LastContact"];
type Previous = Schemas["Previous"];

/** How long after the agent got it a record may still be on its way. */
const SETTLED_MS = 5_000;

export function LastContact({ conversation }: { conversation: Conversation }) {
  const { data, error, refetch } = useQuery({
    ...lastContactQuery(conversation),
    // It is looked up just after the agent has got the conversation, and most of what it may find
    // is not worth an event.
    refetchInterval: ({ state }) =>
      state.data?.state === "NONE" && isNew(conversation) ? 1_000 : false,
  });
  return (
    <Part
      title="Last contact"
      isAccented={data?.state === "SAME_AGENT" || data?.state === "SAME_SKILL"}
    >
      <div aria-live="polite">
        {error ? (
          <>
            <Text size="sm">It cannot be looked up right now. The conversation goes on.</Text>
            <Button size="compact-xs" variant="default" mt={6} onClick={() => void refetch()}>
              Try again
            </Button>
          </>
        ) : data ? (
          <Told contact={data} conversation={conversation} />
        ) : (
          <Skeleton height={44} />
        )}
      </div>
    </Part>
  );
}

/** Whether somebody has got a conversation only just. */
function isNew(conversation: Conversation): boolean {
  const joined = conversation.participants.findLast(({ role }) => role === "ASSIGNED_AGENT");
  return joined !== undefined && Date.now() - Date.parse(joined.joinedAt) < SETTLED_MS;
}

function Told({ contact, conversation }: { contact: Contact; conversation: Conversation }) {
  const names = useNames();
  const { user, permissions } = useSession();
  const { previous } = contact;
  if (contact.state === "UNAUTHENTICATED") {
    return (
      <Text size="sm" className="quiet">
        No history: the customer is not signed in.
      </Text>
    );
  }
  if (!previous) {
    return (
      <Text size="sm" className="quiet">
        This customer was not here before, or it was too long ago.
      </Text>
    );
  }
  const at = previous.closedAt ? new Date(previous.closedAt).toISOString() : undefined;
  const agent = contact.current.agentId ?? "";
  const whose = agent === user?.id ? "You" : names.agent(agent);
  const mayOpen =
    previous.conversationId &&
    (permissions.includes("ConversationsReadAll") || previous.agentId === user?.id);
  return (
    <>
      <p className={classes.headline}>{headline(contact.state, previous, whose, at)}</p>
      <Facts>
        {at && <Fact name="When">{instant(at)}</Fact>}
        <Fact name="Topic">
          {previous.intentDisplayName ?? "unknown"}
          {previous.sameIntent && " (the same as now)"}
        </Fact>
        <Fact name="Skill">{previous.skillName ?? previous.skillId ?? "none"}</Fact>
        {previous.agentName && <Fact name="Agent">{previous.agentName}</Fact>}
        <Fact name="Ended by">{CLOSERS[previous.closeReason ?? ""] ?? "nobody knows"}</Fact>
        {previous.mcs !== undefined && previous.mcs !== null && (
          <Fact name="Score">{previous.mcs} of 100</Fact>
        )}
      </Facts>
      {mayOpen && previous.conversationId && previous.conversationId !== conversation.id && (
        <Link
          className="anchor"
          to="/workspace/$conversationId"
          params={{ conversationId: previous.conversationId }}
        >
          Open that conversation
        </Link>
      )}
      <Older conversation={conversation} previousId={previous.conversationId ?? undefined} />
    </>
  );
}

/** Conversations before the previous one; nobody reads them unless asked. */
function Older({
  conversation,
  previousId,
}: {
  conversation: Conversation;
  previousId: string | undefined;
}) {
  const [isAsked, setAsked] = useState(false);
  const names = useNames();
  const { data, error, refetch, isFetching } = useQuery({
    ...olderQuery(conversation.consumerId),
    enabled: isAsked,
  });
  const older = data?.filter(({ id }) => id !== conversation.id && id !== previousId);
  if (!older) {
    return (
      <Button
        size="compact-xs"
        variant="default"
        mt={8}
        loading={isFetching}
        onClick={() => (error ? void refetch() : setAsked(true))}
      >
        {error ? "They cannot be read; try again" : "Show older ones"}
      </Button>
    );
  }
  if (older.length === 0) {
    return (
      <Text size="xs" className="quiet" mt={8}>
        There are no older ones that you may see.
      </Text>
    );
  }
  return (
    <ul className={classes.older} aria-label="Older contacts">
      {older.slice(0, OLDER_MAX).map(({ id, startedAt, skillId }) => (
        <li key={id}>
          <Link
            className="anchor"
            to="/workspace/$conversationId"
            params={{ conversationId: id }}
            title={instant(startedAt)}
          >
            {ago(startedAt, Date.now())}
          </Link>{" "}
          <span className="quiet">{names.skill(skillId ?? "")}</span>
        </li>
      ))}
    </ul>
  );
}

const OLDER_MAX = 5;

const CLOSERS: Record<string, string> = {
  AGENT: "the agent",
  CONSUMER: "the customer",
  SYSTEM: "the system",
};

/** Says in a sentence who talked with the customer and when; `whose` is the agent who has it now. */
export function headline(
  state: string,
  previous: Pick<Previous, "agentName" | "intentDisplayName">,
  whose: string,
  at: string | undefined,
): string {
  const when = at ? ago(at, Date.now()) : "before";
  if (state === "SAME_AGENT") return `${whose} talked with this customer ${when}`;
  const name = previous.agentName ?? "another agent";
  const topic = previous.intentDisplayName;
  if (state === "SAME_SKILL") {
    return `This customer talked with ${name} about ${topic ?? "this skill"} ${when}`;
  }
  return `This customer was here ${when}`;
}
