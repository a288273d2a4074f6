/** Context documents and what is kept of consumers: what is read, and what is done to it. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { JsonObject } from "../lib/json";
import { api, body, Failure, type Schemas } from "./client";

export type ContextDocument = Schemas["ContextDocument"];
export type Consumer = Schemas["Consumer"];
export type Erasure = Schemas["Erasure"];

export const namespacesQuery = queryOptions({
  queryKey: ["context"],
  queryFn: async () => body(await api.GET("/api/v1/context")).items,
});

const DOCUMENTS_A_PAGE = 50;

/** The documents of a namespace, in the order of their sessions. */
export const documentsQuery = (namespace: string) =>
  infiniteQueryOptions({
    queryKey: ["context", namespace],
    queryFn: async ({ pageParam }) => {
      const query = { limit: DOCUMENTS_A_PAGE, ...(pageParam && { cursor: pageParam }) };
      const params = { path: { namespace }, query };
      return body(await api.GET("/api/v1/context/{namespace}", { params }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** One document; null if there is none, or it has expired. */
export const documentQuery = (namespace: string, session: string) =>
  queryOptions({
    queryKey: ["context", namespace, "one", session],
    queryFn: async () => {
      const params = { path: { namespace, session } };
      try {
        return body(await api.GET("/api/v1/context/{namespace}/{session}", { params }));
      } catch (error) {
        if (error instanceof Failure && error.status === 404) return null;
        throw error;
      }
    },
  });

export const consumerQuery = (consumerId: string) =>
  queryOptions({
    queryKey: ["consumers", consumerId],
    queryFn: async () => {
      const params = { path: { consumerId } };
      return body(await api.GET("/api/v1/consumers/{consumerId}", { params }));
    },
  });

interface Place {
  namespace: string;
  session: string;
}

export function useContextChanges() {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: namespacesQuery.queryKey });
  const save = useMutation({
    mutationFn: async (
      wanted: Place & { tag: string; properties: JsonObject; ttlSeconds?: number },
    ) => {
      const { namespace, session, tag, properties, ttlSeconds } = wanted;
      const params = { path: { namespace, session }, header: { "If-Match": tag } };
      const written = { properties, ...(ttlSeconds !== undefined && { ttlSeconds }) };
      const kept = body(
        await api.PUT("/api/v1/context/{namespace}/{session}", { params, body: written }),
      );
      queries.setQueryData(documentQuery(namespace, session).queryKey, kept);
      return kept;
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: async ({ namespace, session }: Place) => {
      await api.DELETE("/api/v1/context/{namespace}/{session}", {
        params: { path: { namespace, session } },
      });
      queries.setQueryData(documentQuery(namespace, session).queryKey, null);
    },
    onSettled: refresh,
  });
  const removeNamespace = useMutation({
    mutationFn: async (namespace: string) => {
      await api.DELETE("/api/v1/context/{namespace}", { params: { path: { namespace } } });
    },
    onSettled: refresh,
  });
  const erase = useMutation({
    mutationFn: async (consumerId: string) =>
      body(
        await api.DELETE("/api/v1/consumers/{consumerId}", { params: { path: { consumerId } } }),
      ),
    onSettled: () =>
      Promise.all([
        refresh(),
        queries.invalidateQueries({ queryKey: ["consumers"] }),
        queries.invalidateQueries({ queryKey: ["decisions"] }),
      ]),
  });
  return { save, remove, removeNamespace, erase };
}
