/** What the pages read, each under the key by which a change makes it stale. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

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

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async () => body(await api.GET("/api/v1/users")).items,
  staleTime: 60_000,
});

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: async () => body(await api.GET("/api/v1/settings")),
});
