/** What supervisors, and those who have it, do with a conversation. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "../api/client";

export function useConversationActions(conversationId: string) {
  const queries = useQueryClient();
  const params = { path: { conversationId } };
  const onSettled = async () => {
    await queries.invalidateQueries({ queryKey: ["conversations"] });
    await queries.invalidateQueries({ queryKey: ["queues"] });
    await queries.invalidateQueries({ queryKey: ["agents"] });
  };
  const say = (message: string) => notifications.show({ message });
  const takeOver = useMutation({
    mutationFn: async (wanted: { agentId: string; force: boolean }) => {
      const path = "/api/v1/conversations/{conversationId}/take-over";
      await api.POST(path, { params, body: wanted });
    },
    onSettled,
  });
  const transfer = useMutation({
    mutationFn: async ({ message, ...to }: Schemas["NewTransfer"]) => {
      const path = "/api/v1/conversations/{conversationId}/transfer";
      return body(await api.POST(path, { params, body: { ...to, ...(message && { message }) } }));
    },
    onSettled,
  });
  const release = useMutation({
    mutationFn: async () => {
      await api.POST("/api/v1/conversations/{conversationId}/release", { params });
    },
    onSuccess: () => say("It is back in the queue, and keeps its waiting time."),
    onSettled,
  });
  const join = useMutation({
    mutationFn: async () => {
      const asManager: Schemas["Join"] = { role: "MANAGER" };
      await api.POST("/api/v1/conversations/{conversationId}/join", { params, body: asManager });
    },
    onSuccess: () => say("You take part, and are seen as a manager."),
    onSettled,
  });
  const leave = useMutation({
    mutationFn: async () => {
      await api.POST("/api/v1/conversations/{conversationId}/leave", { params, body: {} });
    },
    onSettled,
  });
  const close = useMutation({
    mutationFn: async (reason: string) =>
      body(
        await api.POST("/api/v1/conversations/{conversationId}/close", {
          params,
          body: reason === "" ? {} : { reason },
        }),
      ),
    onSuccess: () => say("The conversation is closed."),
    onSettled,
  });
  return { takeOver, transfer, release, join, leave, close };
}
