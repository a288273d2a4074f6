/** What a supervisor does with a conversation. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "../api/client";

/** Where a conversation is to go: to an agent, over capacity if forced, or to a skill. */
export type HandOver =
  | { to: "agent"; agentId: string; force: boolean }
  | { to: "skill"; skillId: string };

export function useConversationActions(conversationId: string) {
  const queries = useQueryClient();
  const params = { path: { conversationId } };
  const onSettled = async () => {
    await queries.invalidateQueries({ queryKey: ["conversations"] });
    await queries.invalidateQueries({ queryKey: ["queues"] });
    await queries.invalidateQueries({ queryKey: ["agents"] });
  };
  const say = (message: string) => notifications.show({ message });
  const handOver = useMutation({
    mutationFn: async (wanted: HandOver) => {
      if (wanted.to === "agent") {
        const { agentId, force } = wanted;
        await api.POST("/api/v1/conversations/{conversationId}/take-over", {
          params,
          body: { agentId, force },
        });
      } else {
        await api.POST("/api/v1/conversations/{conversationId}/transfer", {
          params,
          body: { skillId: wanted.skillId },
        });
      }
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
  return { handOver, release, join, leave, close };
}
