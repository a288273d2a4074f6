/** One conversation: what was said, and where one writes. */
import { Alert, Badge, Group, Title } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import { type Conversation, conversationQuery } from "../api/queries";
import { HandOverDialog } from "../conversations/HandOverDialog";
import { useSession } from "../lib/permissions";
import type { Scope } from "../live/frames";
import { type Live, useLive } from "../live/live";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { CloseButton } from "./CloseButton";
import { Composer } from "./Composer";
import { Messages } from "./Messages";
import { Notice } from "./Notice";
import classes from "./Pane.module.css";
import { unreadOf } from "./timeline";
import type { Typing } from "./typing";
import { take, useOwner, useTimeline, useUnsent } from "./useDesk";
import { consumerOf, useNames } from "./words";

interface Props {
  conversationId: string;
  /** Whether it is the one that was opened, not one beside it. */
  isFirst: boolean;
  /** The desk's connection, over which the agent acts. */
  live: Live;
  typing: Typing;
}

export function Pane({ conversationId, ...props }: Props) {
  const found = useQuery(conversationQuery(conversationId));
  if (found.error) {
    return (
      <section className={classes.pane} aria-label="Conversation">
        <div className={classes.note}>
          <FailureNote error={found.error} retry={() => void found.refetch()} />
        </div>
      </section>
    );
  }
  return found.data ? (
    <Opened conversation={found.data} {...props} />
  ) : (
    <section className={classes.pane} aria-label="Conversation" aria-busy />
  );
}

interface OpenedProps extends Omit<Props, "conversationId"> {
  conversation: Conversation;
}

function Opened({ conversation, isFirst, live, typing }: OpenedProps) {
  const { user } = useSession();
  const queries = useQueryClient();
  const owner = useOwner();
  const names = useNames();
  const [isPassing, setPassing] = useState(false);
  const { id } = conversation;
  const timeline = useTimeline(id);
  const unsent = useUnsent().filter((message) => message.conversationId === id);
  const agentId = user?.id;
  const isOwn = conversation.state === "ASSIGNED" && conversation.agentId === agentId;
  // What the agent's own stream does not tell of is followed by itself.
  const scope: Scope = { type: "CONVERSATION", conversationId: id };
  useLive(isOwn ? undefined : scope, {
    onStart: () => void queries.invalidateQueries({ queryKey: ["conversations", id] }),
    onEvent: (happened) => take(queries, happened),
    onSignal: typing.take,
  });
  useReading(conversation, timeline.data, isOwn ? agentId : undefined);
  const who = consumerOf(conversation);
  const refusal = refusalOf(conversation, isOwn, names.agent);
  return (
    <section className={classes.pane} aria-label={`Conversation with ${who}`}>
      <header className={classes.header}>
        <Title order={2} className="cut" title={who}>
          {who}
        </Title>
        <Badge
          tt="none"
          variant="light"
          color={isOwn ? "indigo" : "gray"}
          className={classes.badge}
        >
          {isOwn ? names.skill(conversation.skillId ?? "") : STATES[conversation.state]}
        </Badge>
        <Group gap="xs" wrap="nowrap" ml="auto">
          <ReasonedButton
            size="xs"
            variant="default"
            reason={refusal}
            onClick={() => setPassing(true)}
          >
            Pass on
          </ReasonedButton>
          <CloseButton conversation={conversation} refusal={refusal} />
        </Group>
      </header>
      {!isOwn && refusal && (
        <Alert variant="light" color="gray" className={classes.alert} role="status">
          {refusal}
        </Alert>
      )}
      {isOwn && <Notice conversation={conversation} />}
      <Messages
        events={timeline.data}
        unsent={unsent}
        agentId={agentId}
        who={who}
        isConsumerTyping={typing.isTyping(id, conversation.consumerId)}
        isLive={live.state.is === "LIVE"}
        error={timeline.data ? undefined : timeline.error}
        retry={() => void timeline.refetch()}
      />
      <Composer
        key={`${owner}:${id}`}
        conversationId={id}
        skillId={conversation.skillId ?? undefined}
        who={who}
        refusal={refusal}
        hasFocus={isFirst}
        onTyping={() => {
          live.command("TYPING", { conversationId: id }).catch(() => {
            // Nobody misses it.
          });
        }}
      />
      {isPassing && (
        <HandOverDialog
          conversationId={id}
          from={{ skillId: conversation.skillId ?? undefined, agentId }}
          who={who}
          by="agent"
          to="agent"
          onClose={() => setPassing(false)}
        />
      )}
    </section>
  );
}

const STATES: Record<string, string> = {
  BOT: "with a bot",
  QUEUED: "waits",
  OFFERED: "rings",
  ASSIGNED: "with a colleague",
  CLOSED: "closed",
};

/** Returns why the agent cannot act in a conversation, if so. */
function refusalOf(
  conversation: Conversation,
  isOwn: boolean,
  agent: (id: string) => string,
): string | undefined {
  if (isOwn) return undefined;
  switch (conversation.state) {
    case "CLOSED":
      return "The conversation is closed.";
    case "ASSIGNED":
    case "BOT":
      return `${agent(conversation.agentId ?? "")} has this conversation.`;
    default:
      return "Nobody has this conversation yet.";
  }
}

/** Says that the agent has read what is on the screen, while somebody looks at it. */
function useReading(
  conversation: Conversation,
  events: ReturnType<typeof useTimeline>["data"],
  agentId: string | undefined,
): void {
  const { id } = conversation;
  const newest = agentId && events ? unreadOf(events, agentId).at(-1)?.messageId : undefined;
  useEffect(() => {
    if (!newest) return;
    const tell = () => {
      if (document.visibilityState !== "visible") return;
      const params = { path: { conversationId: id } };
      const body = { messageId: newest };
      // What fails here is said with the next message.
      api
        .POST("/api/v1/conversations/{conversationId}/read", { params, body })
        .catch(() => undefined);
    };
    tell();
    document.addEventListener("visibilitychange", tell);
    return () => document.removeEventListener("visibilitychange", tell);
  }, [id, newest]);
}
