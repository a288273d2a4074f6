/** Webhooks and what could not be delivered: what is read, and what is done to it. */
import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

export type Webhook = Schemas["Webhook"];
export type WrittenWebhook = Schemas["WrittenWebhook"];
export type DeadLetter = Schemas["DeadLetter"];

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: async () => body(await api.GET("/api/v1/webhooks")).items,
});

/** One webhook, how it is doing, and which state of it was read. */
export const webhookQuery = (webhookId: string) =>
  queryOptions({
    queryKey: ["webhooks", webhookId],
    queryFn: async () => {
      const params = { path: { webhookId } };
      const answer = await api.GET("/api/v1/webhooks/{webhookId}", { params });
      return { webhook: body(answer), tag: answer.response.headers.get("etag") ?? "" };
    },
  });

/** The number of the newest event: what a webhook has yet to send is counted from it. */
export const newestSequenceQuery = queryOptions({
  queryKey: ["events", "newest"],
  queryFn: async () => {
    const query = { limit: 1 };
    return body(await api.GET("/api/v1/events", { params: { query } })).newestSequence;
  },
});

export function useWebhookChanges() {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: webhooksQuery.queryKey });
  const create = useMutation({
    mutationFn: async (written: WrittenWebhook) =>
      body(await api.POST("/api/v1/webhooks", { body: written })),
    onSettled,
  });
  const save = useMutation({
    mutationFn: async (wanted: { id: string; tag: string; written: WrittenWebhook }) => {
      const answer = await api.PUT("/api/v1/webhooks/{webhookId}", {
        params: { path: { webhookId: wanted.id } },
        headers: { "If-Match": wanted.tag },
        body: wanted.written,
      });
      const tag = answer.response.headers.get("etag") ?? "";
      const { queryKey } = webhookQuery(wanted.id);
      // How it is doing is not in the answer, and has not changed.
      const progress = queries.getQueryData(queryKey)?.webhook.progress;
      const webhook = { ...body(answer), ...(progress && { progress }) };
      queries.setQueryData(queryKey, { webhook, tag });
      return { webhook, tag };
    },
    onSettled,
  });
  const remove = useMutation({
    mutationFn: async (webhookId: string) => {
      await api.DELETE("/api/v1/webhooks/{webhookId}", { params: { path: { webhookId } } });
    },
    onSettled,
  });
  const rotate = useMutation({
    mutationFn: async (webhookId: string) =>
      body(
        await api.POST("/api/v1/webhooks/{webhookId}/rotate-secret", {
          params: { path: { webhookId } },
        }),
      ),
    onSettled,
  });
  const test = useMutation({
    mutationFn: async (webhookId: string) =>
      body(
        await api.POST("/api/v1/webhooks/{webhookId}/test", { params: { path: { webhookId } } }),
      ),
  });
  return { create, save, remove, rotate, test };
}

const LETTERS_A_PAGE = 50;

/** What could not be delivered, the newest first: to one receiver, or to all. */
export const deadLettersQuery = (target: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["dead-letters", target ?? ""],
    queryFn: async ({ pageParam }) => {
      const query = {
        limit: LETTERS_A_PAGE,
        ...(pageParam && { cursor: pageParam }),
        ...(target && { target }),
      };
      return body(await api.GET("/api/v1/dead-letters", { params: { query } }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export function useDeadLetterChanges(target: string | undefined) {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: ["dead-letters"] });
  const params = { query: target ? { target } : {} };
  const redeliver = useMutation({
    mutationFn: async (deadLetterId: string) =>
      body(
        await api.POST("/api/v1/dead-letters/{deadLetterId}/redeliver", {
          params: { path: { deadLetterId } },
        }),
      ),
    onSettled,
  });
  const redeliverAll = useMutation({
    mutationFn: async () => body(await api.POST("/api/v1/dead-letters/redeliver", { params })),
    onSettled,
  });
  const discard = useMutation({
    mutationFn: async (deadLetterId: string) => {
      await api.DELETE("/api/v1/dead-letters/{deadLetterId}", {
        params: { path: { deadLetterId } },
      });
    },
    onSettled,
  });
  const discardAll = useMutation({
    // A call discards a bounded number: it is asked until none is left.
    mutationFn: async () => {
      let all = 0;
      for (;;) {
        const { discarded } = body(await api.DELETE("/api/v1/dead-letters", { params }));
        if (discarded === 0) return all;
        all += discarded;
      }
    },
    onSettled,
  });
  return { redeliver, redeliverAll, discard, discardAll };
}
