/** Credentials and the audit log: what is read, and what is done to it. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

export type Credential = Schemas["Credential"];
export type AuditEntry = Schemas["AuditEntry"];

export const credentialsQuery = queryOptions({
  queryKey: ["credentials"],
  queryFn: async () => body(await api.GET("/api/v1/credentials")).items,
});

/** What is done to credentials; what it issues is in the answer, and nowhere else. */
export function useCredentialChanges() {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: credentialsQuery.queryKey });
  const create = useMutation({
    mutationFn: async (wanted: Schemas["NewCredential"]) =>
      body(await api.POST("/api/v1/credentials", { body: wanted })),
    onSettled,
  });
  const rotate = useMutation({
    mutationFn: async (wanted: { id: string; overlapSeconds: number }) =>
      body(
        await api.POST("/api/v1/credentials/{credentialId}/rotate", {
          params: { path: { credentialId: wanted.id } },
          body: { overlapSeconds: wanted.overlapSeconds },
        }),
      ),
    onSettled,
  });
  const revoke = useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/credentials/{credentialId}", {
        params: { path: { credentialId: id } },
      });
    },
    onSettled,
  });
  return { create, rotate, revoke };
}

export interface AuditFilter {
  actor?: string;
  action?: string;
  target?: string;
  from?: string;
  to?: string;
}

const AUDIT_A_PAGE = 50;

/** The audit log, the newest first, a page at a time; days are those of whoever looks. */
export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: AUDIT_A_PAGE,
        ...(pageParam && { cursor: pageParam }),
        ...(filter.actor && { actor: filter.actor }),
        ...(filter.action && { action: filter.action }),
        ...(filter.target && { target: filter.target }),
        ...(filter.from && { from: startOf(filter.from, 0) }),
        ...(filter.to && { to: startOf(filter.to, 1) }),
      };
      return body(await api.GET("/api/v1/audit", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** Returns when a day, or one some days after it, begins here. */
function startOf(day: string, daysLater: number): string {
  const start = new Date(`${day}T00:00:00`);
  start.setDate(start.getDate() + daysLater);
  return start.toISOString();
}

export const auditEntryQuery = (auditId: string) =>
  queryOptions({
    queryKey: ["audit", "one", auditId],
    queryFn: async () => {
      const params = { path: { auditId } };
      return body(await api.GET("/api/v1/audit/{auditId}", { params }));
    },
    // What was done does not change.
    staleTime: Number.POSITIVE_INFINITY,
  });
