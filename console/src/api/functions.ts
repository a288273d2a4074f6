/** Functions, their runs and logs, and what they may reach: what is read, and what is done to it. */
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

export type UsherFunction = Schemas["Function"];
export type WrittenFunction = Schemas["WrittenFunction"];
export type FunctionEvent = Schemas["FunctionEvent"];
export type FunctionRun = Schemas["FunctionRun"];
export type LogEntry = Schemas["FunctionLogEntry"];

export const functionsQuery = queryOptions({
  queryKey: ["functions"],
  queryFn: async () => body(await api.GET("/api/v1/functions")).items,
});

/** One function, and which state of it was read. */
export const functionQuery = (functionId: string) =>
  queryOptions({
    queryKey: ["functions", "one", functionId],
    queryFn: async (): Promise<{ it: UsherFunction; tag: string }> => {
      const params = { path: { functionId } };
      const answer = await api.GET("/api/v1/functions/{functionId}", { params });
      return { it: body(answer), tag: answer.response.headers.get("etag") ?? "" };
    },
  });

/** What may start functions; it comes with the program and does not change. */
export const functionEventsQuery = queryOptions({
  queryKey: ["functions", "events"],
  queryFn: async () => body(await api.GET("/api/v1/functions/events")).items,
  staleTime: Number.POSITIVE_INFINITY,
});

export const functionVersionsQuery = (functionId: string) =>
  queryOptions({
    queryKey: ["functions", "one", functionId, "versions"],
    queryFn: async () => {
      const params = { path: { functionId } };
      return body(await api.GET("/api/v1/functions/{functionId}/versions", { params })).items;
    },
  });

/** How a function did lately, up to a second before it was asked for. */
export const functionUsageQuery = (functionId: string) =>
  queryOptions({
    queryKey: ["functions", "one", functionId, "usage"],
    queryFn: async () => {
      const params = { path: { functionId } };
      return body(await api.GET("/api/v1/functions/{functionId}", { params })).usage;
    },
  });

export const functionScheduleQuery = (functionId: string) =>
  queryOptions({
    queryKey: ["functions", "one", functionId, "schedule"],
    queryFn: async () => {
      const params = { path: { functionId } };
      return body(await api.GET("/api/v1/functions/{functionId}/schedule", { params }));
    },
  });

/** What is wrong with a draft; while it is asked, what was wrong before. */
export const functionCheckQuery = (draft: Schemas["FunctionDraft"]) =>
  queryOptions({
    queryKey: ["functions", "check", draft],
    queryFn: async () => body(await api.POST("/api/v1/functions/check", { body: draft })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export interface LogFilter {
  level?: string;
  search?: string;
  request?: string;
}

const ENTRIES_A_PAGE = 100;

/** Returns a filter in the words of the API. */
export function queryOf({ level, search, request }: LogFilter) {
  return {
    ...(level && { level }),
    ...(search && { search }),
    ...(request && { requestId: request }),
  };
}

export const functionLogsQuery = (functionId: string, filter: LogFilter) =>
  infiniteQueryOptions({
    queryKey: ["functions", "one", functionId, "logs", filter],
    queryFn: async ({ pageParam }) => {
      const query = {
        ...queryOf(filter),
        limit: ENTRIES_A_PAGE,
        ...(pageParam && { cursor: pageParam }),
      };
      const params = { path: { functionId }, query };
      return body(await api.GET("/api/v1/functions/{functionId}/logs", { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const secretsQuery = queryOptions({
  queryKey: ["secrets"],
  queryFn: async () => body(await api.GET("/api/v1/secrets")).items,
});

export const allowListQuery = queryOptions({
  queryKey: ["functions", "allow-list"],
  queryFn: async () => body(await api.GET("/api/v1/functions/allow-list")).domains,
});

export function useFunctionChanges() {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: functionsQuery.queryKey });
  const path = (functionId: string) => ({ params: { path: { functionId } } });
  /** Keeps a draft: a new function, or what a function is to be from now on. */
  const save = useMutation({
    mutationFn: async (wanted: { id?: string; tag: string; written: WrittenFunction }) => {
      const answer =
        wanted.id === undefined
          ? await api.POST("/api/v1/functions", { body: wanted.written })
          : await api.PUT("/api/v1/functions/{functionId}", {
              ...path(wanted.id),
              headers: { "If-Match": wanted.tag },
              body: wanted.written,
            });
      const it = body(answer);
      const tag = answer.response.headers.get("etag") ?? "";
      queries.setQueryData(functionQuery(it.id).queryKey, { it, tag });
      return { it, tag };
    },
    onSettled,
  });
  const deploy = useMutation({
    mutationFn: async (id: string) =>
      body(await api.POST("/api/v1/functions/{functionId}/deploy", path(id))),
    onSettled,
  });
  const undeploy = useMutation({
    mutationFn: async (id: string) =>
      body(await api.POST("/api/v1/functions/{functionId}/undeploy", path(id))),
    onSettled,
  });
  const rollBack = useMutation({
    mutationFn: async ({ id, version }: { id: string; version: number }) =>
      body(
        await api.POST("/api/v1/functions/{functionId}/rollback", {
          ...path(id),
          body: { version },
        }),
      ),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: async (id: string) => {
      await api.DELETE("/api/v1/functions/{functionId}", path(id));
    },
    onSettled,
  });
  const test = useMutation({
    mutationFn: async ({ id, payload }: { id: string; payload: unknown }) =>
      body(
        await api.POST("/api/v1/functions/{functionId}/test", {
          ...path(id),
          body: { payload, headers: [] },
        }),
      ),
  });
  return { save, deploy, undeploy, rollBack, remove, test };
}

export function useReachChanges() {
  const queries = useQueryClient();
  const keep = useMutation({
    mutationFn: async ({ name, value }: { name: string; value: unknown }) => {
      await api.PUT("/api/v1/secrets/{name}", { params: { path: { name } }, body: { value } });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: secretsQuery.queryKey }),
  });
  const forget = useMutation({
    mutationFn: async (name: string) => {
      await api.DELETE("/api/v1/secrets/{name}", { params: { path: { name } } });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: secretsQuery.queryKey }),
  });
  const allow = useMutation({
    mutationFn: async (domains: string[]) =>
      body(await api.PUT("/api/v1/functions/allow-list", { body: { domains } })),
    onSettled: () => queries.invalidateQueries({ queryKey: allowListQuery.queryKey }),
  });
  return { keep, forget, allow };
}
