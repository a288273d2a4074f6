/** What is done to users, bots among them, and to the groups of agents. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Tagged, tagged } from "../api/client";
import { agentsQuery, groupsQuery, userQuery, usersQuery } from "../api/queries";
import { complain } from "../policies/changes";
import type { User, UserDraft } from "./user";

function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    await queries.invalidateQueries({ queryKey: usersQuery.queryKey });
    await queries.invalidateQueries({ queryKey: agentsQuery.queryKey });
  };
}

/** Saves what was edited: somebody new, or what somebody is from now on. */
export function useSaveUser(userId: string | undefined) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, draft, tag }: { id: string; draft: UserDraft; tag: string }) => {
      if (userId === undefined) {
        const written = id === "" ? draft : { ...draft, id };
        return tagged(await api.POST("/api/v1/users", { body: written }));
      }
      const params = { path: { userId } };
      const headers = { "If-Match": tag };
      return tagged(await api.PUT("/api/v1/users/{userId}", { params, headers, body: draft }));
    },
    onSuccess: (saved: Tagged<User>) =>
      queries.setQueryData(userQuery(saved.value.id ?? "").queryKey, saved),
    onSettled: useRefresh(),
  });
}

/** Switches a user on or off, at once on the screen. */
export function useSwitchUser() {
  const queries = useQueryClient();
  const key = usersQuery.queryKey;
  return useMutation({
    mutationFn: async ({ user, isEnabled }: { user: User; isEnabled: boolean }) => {
      const params = { path: { userId: user.id ?? "" } };
      if (isEnabled) await api.POST("/api/v1/users/{userId}/enable", { params });
      else await api.POST("/api/v1/users/{userId}/disable", { params });
    },
    onMutate: async ({ user, isEnabled }) => {
      await queries.cancelQueries({ queryKey: key, exact: true });
      const before = queries.getQueryData(key);
      queries.setQueryData(key, (users) =>
        users?.map((one) => (one.id === user.id ? { ...one, isEnabled } : one)),
      );
      return () => queries.setQueryData(key, before);
    },
    onError: (error, { user, isEnabled }, takeBack) => {
      takeBack?.();
      complain(`${user.name} was not switched ${isEnabled ? "on" : "off"}`, error);
    },
    onSettled: useRefresh(),
  });
}

export function useDeleteUser() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (user: User) => {
      await api.DELETE("/api/v1/users/{userId}", { params: { path: { userId: user.id ?? "" } } });
    },
    onSuccess: async (_, user) => {
      notifications.show({ message: `${user.name} is deleted.` });
      // Not the one that is gone: nobody should ask for it again.
      await queries.invalidateQueries({ queryKey: usersQuery.queryKey, exact: true });
      await queries.invalidateQueries({ queryKey: agentsQuery.queryKey });
    },
  });
}

/** Makes a link with which somebody chooses a password; it is shown this once. */
export function useSignInLink() {
  return useMutation({
    mutationFn: async (userId: string) => {
      const params = { path: { userId } };
      return body(await api.POST("/api/v1/users/{userId}/sign-in-link", { params }));
    },
  });
}

/** Puts a hosted bot in front of a skill. */
export function useFrontSkill() {
  const queries = useQueryClient();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async (skillName: string) =>
      body(await api.POST("/v2/orchestrator/skills", { body: { skillName } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["skills"] });
      await refresh();
    },
  });
}

export function useGroupChanges() {
  const queries = useQueryClient();
  const onSettled = () => queries.invalidateQueries({ queryKey: groupsQuery.queryKey });
  const add = useMutation({
    mutationFn: async (name: string) =>
      body(await api.POST("/api/v1/agent-groups", { body: { name } })),
    onSettled,
  });
  const rename = useMutation({
    mutationFn: async ({ groupId, name }: { groupId: string; name: string }) => {
      const params = { path: { groupId } };
      await api.PATCH("/api/v1/agent-groups/{groupId}", { params, body: { name } });
    },
    onSettled,
  });
  const remove = useMutation({
    mutationFn: async (groupId: string) => {
      await api.DELETE("/api/v1/agent-groups/{groupId}", { params: { path: { groupId } } });
    },
    onSettled,
  });
  return { add, rename, remove };
}
