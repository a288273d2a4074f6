/** What the pages read, each under the key by which a change makes it stale. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type Happened, readHappened } from "../live/frames";
import { api, body, Failure, type Schemas, tagged } from "./client";

export type Policy = Schemas["PolicyDocument"] & {
  id: string;
  position: number;
  version: number;
  enabled: boolean;
  createdAt: string;
  updatedAt: string;
  updatedBy: string;
  check: Schemas["Check"];
};
export type Decision = Schemas["LoggedDecision"];

export const policiesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: async () => {
    const { items } = body(await api.GET("/api/v1/policies"));
    return items.map((policy) => asPolicy(policy));
  },
});

/** The list's answers always have what is optional in what is written. */
export function asPolicy(answer: Schemas["Policy"]): Policy {
  return { ...answer, id: answer.id ?? "", enabled: answer.enabled ?? false };
}

export const PERIODS = { day: 1, week: 7, month: 30 } as const;
export type Period = keyof typeof PERIODS;

export const usageQuery = (period: Period) =>
  queryOptions({
    queryKey: ["policies", "usage", period],
    queryFn: async () => {
      const from = new Date(Date.now() - (PERIODS[period] - 1) * 86_400_000).toISOString();
      return body(await api.GET("/api/v1/policies/usage", { params: { query: { from } } }));
    },
  });

export interface DecisionFilter {
  conversation?: string;
  consumer?: string;
  policy?: string;
  outcome?: "MATCHED" | "NO_MATCH";
  status?: "ERROR" | "INVALID";
}

/** The log of decisions, the newest first, a page at a time. */
export const decisionsQuery = (filter: DecisionFilter) =>
  infiniteQueryOptions({
    queryKey: ["decisions", filter],
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: DECISIONS_A_PAGE,
        ...(pageParam && { cursor: pageParam }),
        ...(filter.conversation && { conversationId: filter.conversation }),
        ...(filter.consumer && { consumerId: filter.consumer }),
        ...(filter.policy && { policyId: filter.policy }),
        ...(filter.outcome && { outcome: filter.outcome }),
        ...(filter.status && { status: filter.status }),
      };
      return body(await api.GET("/api/v1/decisions", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

const DECISIONS_A_PAGE = 50;

export const decisionQuery = (decisionId: string) =>
  queryOptions({
    queryKey: ["decisions", "one", decisionId],
    queryFn: async () => {
      const params = { path: { decisionId } };
      return body(await api.GET("/api/v1/decisions/{decisionId}", { params }));
    },
    // A decision that was made does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const whyNotQuery = (decisionId: string, policyId: string) =>
  queryOptions({
    queryKey: ["decisions", "one", decisionId, "why-not", policyId],
    queryFn: async () => {
      const params = { path: { decisionId }, query: { policyId } };
      return body(await api.GET("/api/v1/decisions/{decisionId}/why-not", { params }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const versionsQuery = (policyId: string) =>
  queryOptions({
    queryKey: ["policies", policyId, "versions"],
    queryFn: async () => {
      const params = { path: { policyId } };
      return body(await api.GET("/api/v1/policies/{policyId}/versions", { params })).items;
    },
  });

export const attributesQuery = queryOptions({
  queryKey: ["attributes"],
  queryFn: async () => body(await api.GET("/api/v1/attributes")).items,
  staleTime: 60_000,
});

export const skillsQuery = queryOptions({
  queryKey: ["skills"],
  queryFn: async () => body(await api.GET("/api/v1/skills")).items,
  staleTime: 60_000,
});

export const engagementsQuery = queryOptions({
  queryKey: ["engagements"],
  queryFn: async () => body(await api.GET("/api/v1/engagements")).items,
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async () => body(await api.GET("/api/v1/users")).items,
  staleTime: 60_000,
});

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: async () => body(await api.GET("/api/v1/settings")),
});

export type Conversation = Schemas["Conversation"];
export type Offer = Schemas["Offer"];
/** One skill, with the tag that a change of it has to name. */
export const skillQuery = (skillId: string) =>
  queryOptions({
    queryKey: ["skills", skillId],
    queryFn: async () =>
      tagged(await api.GET("/api/v1/skills/{skillId}", { params: { path: { skillId } } })),
  });

/** One user, with the tag that a change of them has to name. */
export const userQuery = (userId: string) =>
  queryOptions({
    queryKey: ["users", userId],
    queryFn: async () =>
      tagged(await api.GET("/api/v1/users/{userId}", { params: { path: { userId } } })),
  });

export const groupsQuery = queryOptions({
  queryKey: ["agent-groups"],
  queryFn: async () => body(await api.GET("/api/v1/agent-groups")).items,
  staleTime: 60_000,
});

/** How agents are doing now. */
export const agentsQuery = queryOptions({
  queryKey: ["agents"],
  queryFn: async () => body(await api.GET("/api/v1/agents")).items,
});

/** How one agent is doing now. */
export const agentQuery = (agentId: string) =>
  queryOptions({
    queryKey: ["agents", agentId, "status"],
    queryFn: async () => {
      const params = { path: { agentId } };
      return body(await api.GET("/api/v1/agents/{agentId}", { params }));
    },
  });

/** Canned replies and widgets. */
export const workspaceQuery = queryOptions({
  queryKey: ["workspace"],
  queryFn: async () => body(await api.GET("/api/v1/workspace")),
  staleTime: 60_000,
});

/** The commands that agents may give in a conversation. */
export const commandsQuery = queryOptions({
  queryKey: ["commands"],
  queryFn: async () => body(await api.GET("/api/v1/commands")).items,
  staleTime: 60_000,
});

/** What rings at an agent. */
export const offersQuery = (agentId: string) =>
  queryOptions({
    queryKey: ["agents", agentId, "offers"],
    queryFn: async () => {
      const params = { path: { agentId } };
      return body(await api.GET("/api/v1/agents/{agentId}/offers", { params })).items;
    },
  });

/** The conversations that an agent has, in the order in which they began. */
export const heldQuery = (agentId: string) =>
  queryOptions({
    queryKey: ["agents", agentId, "conversations"],
    queryFn: async () => {
      const query = { state: "ASSIGNED", agentId, limit: 100 };
      const { items } = body(await api.GET("/api/v1/conversations", { params: { query } }));
      return items.filter((one) => one.agentId === agentId).reverse();
    },
  });

/** How the queues are now. */
export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: async () => body(await api.GET("/api/v1/queues")).items,
});

export type ConversationState = "BOT" | "QUEUED" | "OFFERED" | "ASSIGNED" | "CLOSED";

export interface ConversationFilter {
  state?: ConversationState;
  skill?: string;
  agent?: string;
  consumer?: string;
  channel?: string;
  period?: Period;
  text?: string;
}

const CONVERSATIONS_A_PAGE = 100;

/** Conversations, the newest first, a page at a time. */
export const conversationsQuery = (filter: ConversationFilter) =>
  infiniteQueryOptions({
    queryKey: ["conversations", "list", filter],
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: CONVERSATIONS_A_PAGE,
        ...(pageParam && { cursor: pageParam }),
        ...(filter.state && { state: filter.state }),
        ...(filter.skill && { skillId: filter.skill }),
        ...(filter.agent && { agentId: filter.agent }),
        ...(filter.consumer && { consumerId: filter.consumer }),
        ...(filter.channel && { channel: filter.channel }),
        ...(filter.period && {
          from: new Date(Date.now() - PERIODS[filter.period] * 86_400_000).toISOString(),
        }),
        ...(filter.text && { text: filter.text }),
      };
      return body(await api.GET("/api/v1/conversations", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const conversationQuery = (conversationId: string) =>
  queryOptions({
    queryKey: ["conversations", conversationId],
    queryFn: async () => {
      const params = { path: { conversationId } };
      return body(await api.GET("/api/v1/conversations/{conversationId}", { params }));
    },
  });

/** Everything that happened in a conversation; live pages add what happens to it. */
export const timelineQuery = (conversationId: string) =>
  queryOptions({
    queryKey: ["conversations", conversationId, "timeline"],
    queryFn: async ({ client, queryKey }) => {
      const events: Happened[] = [];
      for (let after = 0; ; ) {
        const params = { path: { conversationId }, query: { after, limit: TIMELINE_A_PAGE } };
        const page = body(await api.GET(TIMELINE, { params }));
        events.push(...page.items.flatMap((item) => readHappened(item) ?? []));
        if (!page.nextAfter) break;
        after = page.nextAfter;
      }
      // What the stream told meanwhile is newer than what was read.
      const last = events.at(-1)?.sequence ?? 0;
      const known = client.getQueryData<Happened[]>(queryKey) ?? [];
      return [...events, ...known.filter((one) => one.sequence > last)];
    },
  });

const TIMELINE = "/api/v1/conversations/{conversationId}/timeline";
const TIMELINE_A_PAGE = 1_000;

/** Why a conversation waits, or why this agent has it. */
export const whyQuery = (conversationId: string) =>
  queryOptions({
    queryKey: ["conversations", conversationId, "why"],
    queryFn: async () => {
      const params = { path: { conversationId } };
      return body(await api.GET("/api/v1/conversations/{conversationId}/why", { params }));
    },
  });

/** Conversations that are shown as waiting; the others are counted. */
const WAITING_SHOWN = 500;

/** The conversations that nobody has yet, in the order in which they are handed out. */
export const waitingQuery = (skillId: string | undefined) =>
  queryOptions({
    queryKey: ["queues", "waiting", skillId ?? ""],
    queryFn: async () => {
      const query = { limit: WAITING_SHOWN, ...(skillId !== undefined && { skillId }) };
      return body(await api.GET("/api/v1/queues/waiting", { params: { query } }));
    },
  });

/** The consumer's previous conversation, as it was when the agent got this one. */
export const lastContactQuery = (conversation: Conversation) =>
  queryOptions({
    // Another agent, skill or consumer has another previous conversation.
    queryKey: [
      "conversations",
      conversation.id,
      "last-contact",
      conversation.agentId,
      conversation.skillId,
      conversation.consumerId,
    ],
    queryFn: async () => {
      const params = { path: { conversationId: conversation.id } };
      return body(await api.GET("/api/v1/conversations/{conversationId}/last-contact", { params }));
    },
  });

/** A consumer's conversations, the newest first: as many as an agent looks back. */
export const olderQuery = (consumerId: string) =>
  queryOptions({
    queryKey: ["consumers", consumerId, "conversations"],
    queryFn: async () => {
      const params = { query: { consumerId, limit: 7 } };
      return body(await api.GET("/api/v1/conversations", { params })).items;
    },
  });

/** What context holds of a session; null if nothing. */
export const contextQuery = (namespace: string, session: string) =>
  queryOptions({
    queryKey: ["context", namespace, session],
    queryFn: async () => {
      const params = { path: { namespace, session } };
      try {
        return body(await api.GET("/api/v1/context/{namespace}/{session}", { params })).properties;
      } catch (error) {
        if (error instanceof Failure && error.status === 404) return null;
        throw error;
      }
    },
  });

interface AnalyticsWanted {
  from: string;
  to: string;
  timeZone: string;
  bucket: "hour" | "day";
  group?: "skill" | "agent" | "channel";
  id?: string;
}

export const analyticsQuery = (wanted: AnalyticsWanted) =>
  queryOptions({
    queryKey: ["analytics", wanted],
    queryFn: async () => {
      const report = body(await api.GET("/api/v1/analytics", { params: { query: wanted } }));
      if (typeof report === "string") throw new Failure("The server answered with a table.");
      return report;
    },
    staleTime: 30_000,
  });
