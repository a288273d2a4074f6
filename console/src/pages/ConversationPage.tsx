/** One conversation: its story, and why it is where it is. */

import { Skeleton, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Failure } from "../api/client";
import { conversationQuery, timelineQuery, whyQuery } from "../api/queries";
import { ConversationActions } from "../conversations/ConversationActions";
import type { Conversation } from "../conversations/conversation";
import { Facts } from "../conversations/Facts";
import { StateBadge } from "../conversations/StateBadge";
import { Timeline } from "../conversations/Timeline";
import { Why } from "../conversations/Why";
import { useLive } from "../live/live";
import { CloseIcon } from "../ui/CloseIcon";
import { Empty, FailureNote } from "../ui/Failures";
import pane from "../ui/Pane.module.css";
import { When } from "../ui/When";
import classes from "./ConversationPage.module.css";

const route = getRouteApi("/shell/conversations/$conversationId");

export function ConversationPage() {
  const { conversationId } = route.useParams();
  const conversation = useQuery(conversationQuery(conversationId));
  const isGone = conversation.error instanceof Failure && conversation.error.status === 404;
  if (conversation.data) return <Opened key={conversationId} conversation={conversation.data} />;
  return (
    <article className={pane.pane} aria-label="Conversation">
      <header className={pane.header}>
        <span className="code cut">{conversationId}</span>
        <CloseLink />
      </header>
      <div className={classes.note}>
        {isGone ? (
          <Empty title="There is no such conversation">
            <Text className="quiet">
              It may be older than conversations are kept, or belong to another platform.
            </Text>
            <Link to="/conversations" className="anchor">
              Back to the list
            </Link>
          </Empty>
        ) : conversation.error ? (
          <FailureNote error={conversation.error} retry={() => void conversation.refetch()} />
        ) : (
          <Skeleton height={320} />
        )}
      </div>
    </article>
  );
}

function CloseLink() {
  return (
    <CloseIcon
      label="Close this view"
      link={(props) => <Link to="/conversations" search={true} {...props} />}
    />
  );
}

function Opened({ conversation }: { conversation: Conversation }) {
  const { id } = conversation;
  const isOpen = conversation.state !== "CLOSED";
  const timeline = useQuery(timelineQuery(id));
  useFollowing(id, isOpen);
  return (
    <article className={pane.pane} aria-label={`Conversation of ${conversation.consumerId}`}>
      <header className={pane.header}>
        <div className={pane.named}>
          <h1 className={`${pane.title} cut`} title={conversation.consumerId}>
            {conversation.consumerId}
          </h1>
          <div className={`${classes.about} quiet`}>
            <StateBadge state={conversation.state} />
            <span className="cut">
              {conversation.channel && `${conversation.channel} · `}
              <When at={conversation.startedAt} />
            </span>
          </div>
        </div>
        <div className={classes.actions}>
          <ConversationActions conversation={conversation} />
          <CloseLink />
        </div>
      </header>
      <div className={classes.body}>
        {timeline.error ? (
          <div className={classes.note}>
            <FailureNote error={timeline.error} retry={() => void timeline.refetch()} />
          </div>
        ) : timeline.data ? (
          <Timeline events={timeline.data} isOpen={isOpen} />
        ) : (
          <div className={classes.note}>
            <Skeleton height={240} />
          </div>
        )}
        <aside className={classes.side} aria-label="About this conversation">
          <section className={pane.part} aria-label="Why">
            <h2 className={pane.partTitle}>Why is it there?</h2>
            <Why conversationId={id} />
          </section>
          <Facts conversation={conversation} />
        </aside>
      </div>
    </article>
  );
}

/** Keeps what is shown as it is: the stream tells the story, and what it changes is read anew. */
function useFollowing(conversationId: string, isOpen: boolean) {
  const queries = useQueryClient();
  const refresh = () => {
    void queries.invalidateQueries({
      queryKey: conversationQuery(conversationId).queryKey,
      exact: true,
    });
    void queries.invalidateQueries({ queryKey: whyQuery(conversationId).queryKey });
  };
  useLive(isOpen ? { type: "CONVERSATION", conversationId } : undefined, {
    onStart: () => {
      refresh();
      void queries.invalidateQueries({ queryKey: timelineQuery(conversationId).queryKey });
    },
    onEvent: (happened) => {
      queries.setQueryData(timelineQuery(conversationId).queryKey, (events) =>
        events && happened.sequence > (events.at(-1)?.sequence ?? 0)
          ? [...events, happened]
          : events,
      );
      if (happened.event["type"] !== "MESSAGE_READ") refresh();
    },
  });
}
