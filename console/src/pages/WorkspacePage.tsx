/** An agent's conversations: the list left, what is said in the middle, the customer right. */
import { Button, Kbd, Text, VisuallyHidden } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconMessages } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Conversation, conversationQuery } from "../api/queries";
import { useNow } from "../lib/now";
import { useSession } from "../lib/permissions";
import { type Live, useLive } from "../live/live";
import { Empty, FailureNote } from "../ui/Failures";
import { ConsumerPanel } from "../workspace/ConsumerPanel";
import { HeldList } from "../workspace/HeldList";
import { Offers } from "../workspace/Offers";
import { Pane } from "../workspace/Pane";
import { messageOf } from "../workspace/timeline";
import { useTyping } from "../workspace/typing";
import { useHeld, useMe, useOffers } from "../workspace/useDesk";
import { useWidgets, Widgets } from "../workspace/Widgets";
import { consumerOf, statusOf } from "../workspace/words";
import classes from "./WorkspacePage.module.css";

const route = getRouteApi("/shell/workspace");
const OWN = { type: "OWN" } as const;
/** Conversations that stand beside the first one, at most. */
const BESIDE_MAX = 2;

export function WorkspacePage() {
  const { conversationId: open } = useParams({ strict: false });
  const search = route.useSearch();
  const beside = [...new Set(search.beside?.split(",") ?? [])]
    .filter((id) => id !== open && id !== "")
    .slice(0, BESIDE_MAX);
  const { user } = useSession();
  const me = useMe();
  const agentId = me?.id;
  const held = useHeld(agentId);
  const offers = useOffers(agentId);
  const typing = useTyping();
  const [announced, setAnnounced] = useState("");
  const live = useLive(agentId === undefined ? undefined : OWN, {
    onSignal: typing.take,
    onEvent: (happened) => {
      const message = messageOf(happened);
      const conversation = held.data?.find(({ id }) => id === happened.conversationId);
      if (message?.role !== "CONSUMER" || !conversation || conversation.id === open) return;
      setAnnounced(`${consumerOf(conversation)}: ${message.text}`);
    },
  });
  const shown = useQuery({ ...conversationQuery(open ?? ""), enabled: open !== undefined }).data;
  const conversations = held.data ?? [];
  // One that has just ended stays in sight until another one is opened.
  const listed =
    shown && !conversations.some(({ id }) => id === shown.id)
      ? [...conversations, shown]
      : conversations;
  useStepping(listed, open);
  const columns = Math.max(1, ...useWidgets(shown).map((widget) => widget.columns ?? 1));
  return (
    <div
      className={classes.page}
      data-columns={columns}
      data-beside={beside.length > 0 || undefined}
      data-empty={open === undefined || undefined}
    >
      <VisuallyHidden role="status">{announced}</VisuallyHidden>
      <div className={classes.left}>
        <header className={classes.header}>
          <h1 className={classes.title}>Workspace</h1>
          <Text size="xs" className="quiet">
            <Kbd size="xs">Alt ↑</Kbd> <Kbd size="xs">Alt ↓</Kbd>
          </Text>
        </header>
        {agentId && <Broken live={live} />}
        <div className={classes.scroller}>
          <div className={classes.offers}>
            <Offers offers={offers} live={live} />
          </div>
          {held.error && (
            <div className={classes.note}>
              <FailureNote error={held.error} retry={() => void held.refetch()} />
            </div>
          )}
          {agentId && (
            <HeldList
              conversations={listed}
              agentId={agentId}
              open={open}
              beside={beside}
              typing={typing}
            />
          )}
        </div>
      </div>
      <div className={classes.middle}>
        {open === undefined ? (
          <Nothing
            isAgent={agentId !== undefined || !user}
            status={me?.status}
            isAny={conversations.length > 0}
          />
        ) : (
          [open, ...beside].map((id) => (
            <Pane key={id} conversationId={id} isFirst={id === open} live={live} typing={typing} />
          ))
        )}
      </div>
      <section className={classes.right} aria-label="About the customer">
        {shown && <ConsumerPanel key={shown.id} conversation={shown} />}
        {/* A widget stays, and is told of another conversation, as one goes from one to the next. */}
        {shown && <Widgets conversation={shown} />}
      </section>
    </div>
  );
}

/** Alt with an arrow goes to the next conversation, also while one types. */
function useStepping(conversations: readonly Conversation[], open: string | undefined): void {
  const navigate = useNavigate();
  const step = (by: number) => {
    const at = conversations.findIndex(({ id }) => id === open);
    const next = at < 0 ? (by > 0 ? 0 : -1) : (at + by) % conversations.length;
    const wanted = conversations.at(next);
    if (!wanted) return;
    void navigate({ to: "/workspace/$conversationId", params: { conversationId: wanted.id } });
  };
  useHotkeys(
    [
      ["alt+ArrowDown", () => step(1)],
      ["alt+ArrowUp", () => step(-1)],
    ],
    [],
  );
}

/** What a broken connection means, and what is done about it. */
function Broken({ live }: { live: Live }) {
  const { state } = live;
  const now = useNow(state.is === "WAITING");
  if (state.is === "LIVE" || state.is === "CONNECTING") return null;
  if (state.is === "ENDED") {
    return (
      <div className={classes.broken} role="alert">
        <Text size="sm">
          The server has ended the connection: {state.why}. What you typed is kept here.
        </Text>
        <Button size="compact-xs" variant="default" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </div>
    );
  }
  const seconds = Math.max(0, Math.ceil((state.until - now) / 1_000));
  return (
    <div className={classes.broken} role="alert">
      <Text size="sm">
        There is no connection. What you write is kept, and sent when it is back.
      </Text>
      <Button size="compact-xs" variant="default" onClick={live.hurry}>
        Try now{seconds > 0 && <span aria-hidden> ({seconds} s)</span>}
      </Button>
    </div>
  );
}

interface NothingProps {
  isAgent: boolean;
  status: string | undefined;
  isAny: boolean;
}

function Nothing({ isAgent, status, isAny }: NothingProps) {
  const [title, what] = !isAgent
    ? [
        "You get no conversations",
        "Your user has no places for any; an administrator can change it.",
      ]
    : isAny
      ? ["Choose a conversation", "Alt with an arrow goes from one to the next."]
      : status === "ONLINE"
        ? ["Nothing to do right now", "What is offered to you rings here, and on every other page."]
        : [
            `You are ${statusOf(status).name.toLocaleLowerCase()}`,
            "Go online, at the top right, and conversations come to you.",
          ];
  return (
    <Empty title={title} icon={<IconMessages size={32} stroke={1.5} />}>
      <Text className="quiet" maw={420}>
        {what}
      </Text>
    </Empty>
  );
}
