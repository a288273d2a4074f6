/**
 * The desk of the agent who is signed in: what rings, what they have, what they have written. It is
 * kept up by the stream on every page, for an offer may come on any of them.
 */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { api, Failure } from "../api/client";
import { agentQuery, heldQuery, offersQuery, timelineQuery } from "../api/queries";
import { useSession } from "../lib/permissions";
import type { Happened } from "../live/frames";
import { type Live, useLive } from "../live/live";
import { nextOf, Outbox, type Unsent } from "./outbox";
import { merged, messageOf } from "./timeline";

const OWN = { type: "OWN" } as const;
/** When a message that the server could not take is tried again. */
const AGAIN_MS = 2_000;

const outboxes = new Map<string, Outbox>();

/** Returns the messages of the person who is signed in that are on their way. */
export function useOutbox(): Outbox {
  const owner = useOwner();
  return useMemo(() => {
    const outbox = outboxes.get(owner) ?? new Outbox(owner);
    outboxes.set(owner, outbox);
    return outbox;
  }, [owner]);
}

export function useUnsent(): readonly Unsent[] {
  const outbox = useOutbox();
  return useSyncExternalStore(
    (watcher) => outbox.watch(watcher),
    () => outbox.messages,
  );
}

/** Returns whose drafts and unsent messages these are. */
export function useOwner(): string {
  const { account, user } = useSession();
  return `${account}:${user?.id ?? ""}`;
}

/** Returns the agent who is signed in; nothing for somebody who gets no conversations. */
export function useMe() {
  const { user, permissions } = useSession();
  const mayWork = permissions.includes("AvailabilitySet") && user !== null && user !== undefined;
  const { data: me } = useQuery({ ...agentQuery(user?.id ?? ""), enabled: mayWork });
  return me && me.slots !== 0 ? me : undefined;
}

/** Returns how an agent who signs out is gone at once, not when the lease has run out. */
export function useLeaveDesk(): () => Promise<void> {
  const me = useMe();
  return async () => {
    if (!me) return;
    const params = { path: { agentId: me.id } };
    await api
      .PUT("/api/v1/agents/{agentId}/availability", { params, body: { status: "OFFLINE" } })
      // Whoever wants to leave is not held up: the lease runs out by itself.
      .catch(() => undefined);
  };
}

/** Follows what concerns the agent, and sends what they have written. */
export function useDesk(agentId: string | undefined): Live {
  const queries = useQueryClient();
  const outbox = useOutbox();
  const live = useLive(agentId === undefined ? undefined : OWN, {
    onStart: () =>
      void queries.invalidateQueries({ predicate: ({ queryKey }) => isLive(queryKey) }),
    onEvent: (happened) => {
      take(queries, happened);
      const name = messageOf(happened)?.clientMessageId;
      if (name) outbox.remove(new Set([name]));
    },
  });
  useDelivery(outbox, live);
  return live;
}

function isLive(queryKey: readonly unknown[]): boolean {
  return queryKey[0] === "agents" || queryKey[0] === "conversations";
}

/** What was heard of each conversation: what is read meanwhile may be older. */
const heard = new Map<string, Happened[]>();
/** Conversations of which something is remembered, at most. */
const HEARD_MAX = 500;

/** Takes an event into what was read before. */
export function take(queries: QueryClient, happened: Happened): void {
  const { conversationId, event } = happened;
  if (conversationId) {
    const known = heard.get(conversationId) ?? [];
    heard.delete(conversationId);
    heard.set(conversationId, [...known, happened]);
    for (const oldest of heard.keys()) {
      if (heard.size <= HEARD_MAX) break;
      heard.delete(oldest);
    }
    queries.setQueryData(timelineQuery(conversationId).queryKey, (events) =>
      events ? merged(events, [happened]) : undefined,
    );
  }
  const type = event["type"];
  // What is said changes nothing of who has what.
  if (type === "MESSAGE_SENT" || type === "MESSAGE_READ") return;
  // Of one agent; what is known of all of them is looked up where somebody chooses among them.
  const isOfOne = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey.length > 1;
  void queries.invalidateQueries({ queryKey: ["agents"], predicate: isOfOne });
  if (!conversationId) return;
  const isNew = type === "ASSIGNED" || type === "NOTICED";
  void queries.invalidateQueries({
    queryKey: ["conversations", conversationId],
    // Of a conversation that comes back, nobody told what happened elsewhere.
    predicate: ({ queryKey }) => isNew || queryKey[2] !== "timeline",
  });
}

/** Returns what happened in a conversation: what was read, and what was heard since. */
export function useTimeline(conversationId: string) {
  const timeline = useQuery(timelineQuery(conversationId));
  const { data } = timeline;
  const events = useMemo(
    () => data && merged(data, heard.get(conversationId) ?? []),
    [data, conversationId],
  );
  return { ...timeline, data: events };
}

/** Sends what is in the outbox, each conversation's messages one after the other. */
function useDelivery(outbox: Outbox, live: Live): void {
  const unsent = useSyncExternalStore(
    (watcher) => outbox.watch(watcher),
    () => outbox.messages,
  );
  const underWay = useRef(new Set<string>());
  const [round, setRound] = useState(0);
  const { command } = live;
  const isLive = live.state.is === "LIVE";
  const say = useRef(command);
  useEffect(() => {
    say.current = command;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round tries again
  useEffect(() => {
    if (!isLive) return;
    for (const message of nextOf(unsent)) {
      const { clientMessageId, conversationId, text, isPrivate } = message;
      if (underWay.current.has(conversationId)) continue;
      underWay.current.add(conversationId);
      const audience = isPrivate ? "AGENTS_AND_MANAGERS" : "ALL";
      const sending = say.current("SAY", { conversationId, text, audience, clientMessageId });
      sending.then(
        () => {
          underWay.current.delete(conversationId);
          outbox.change(clientMessageId, { isSent: true });
        },
        (error: unknown) => {
          underWay.current.delete(conversationId);
          if (error instanceof Failure && isFinal(error)) {
            outbox.change(clientMessageId, { refusal: error.message });
          } else {
            setTimeout(() => setRound((before) => before + 1), AGAIN_MS);
          }
        },
      );
    }
  }, [outbox, unsent, isLive, round]);
}

/** Whether the server will not take a message however often it is sent. */
function isFinal({ status }: Failure): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

export function useOffers(agentId: string | undefined) {
  const offers = useQuery({ ...offersQuery(agentId ?? ""), enabled: agentId !== undefined });
  return offers.data ?? [];
}

export function useHeld(agentId: string | undefined) {
  return useQuery({ ...heldQuery(agentId ?? ""), enabled: agentId !== undefined });
}
