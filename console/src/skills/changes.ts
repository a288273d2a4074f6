/** What is done to skills. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Tagged, tagged } from "../api/client";
import { skillQuery, skillsQuery } from "../api/queries";
import { complain } from "../policies/changes";
import type { Skill, SkillDraft } from "./skill";

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: skillsQuery.queryKey });
}

/** Saves what was edited: a new skill, or what one is from now on. */
export function useSaveSkill(skillId: string | undefined) {
  const queries = useQueryClient();
  const refresh = useRefresh();
  return useMutation({
    mutationFn: async ({ id, draft, tag }: { id: string; draft: SkillDraft; tag: string }) => {
      if (skillId === undefined) {
        const written = id === "" ? draft : { ...draft, id };
        return tagged(await api.POST("/api/v1/skills", { body: written }));
      }
      const params = { path: { skillId } };
      const headers = { "If-Match": tag };
      return tagged(await api.PUT("/api/v1/skills/{skillId}", { params, headers, body: draft }));
    },
    onSuccess: (saved: Tagged<Skill>) =>
      queries.setQueryData(skillQuery(saved.value.id ?? "").queryKey, saved),
    onSettled: refresh,
  });
}

/** Switches a skill on or off, at once on the screen. */
export function useSwitchSkill() {
  const queries = useQueryClient();
  const key = skillsQuery.queryKey;
  return useMutation({
    mutationFn: async ({ skill, isEnabled }: { skill: Skill; isEnabled: boolean }) => {
      const params = { path: { skillId: skill.id ?? "" } };
      if (isEnabled) await api.POST("/api/v1/skills/{skillId}/enable", { params });
      else await api.POST("/api/v1/skills/{skillId}/disable", { params });
    },
    onMutate: async ({ skill, isEnabled }) => {
      await queries.cancelQueries({ queryKey: key, exact: true });
      const before = queries.getQueryData(key);
      queries.setQueryData(key, (skills) =>
        skills?.map((one) => (one.id === skill.id ? { ...one, isEnabled } : one)),
      );
      return () => queries.setQueryData(key, before);
    },
    onError: (error, { skill, isEnabled }, takeBack) => {
      takeBack?.();
      complain(`${skill.name} was not switched ${isEnabled ? "on" : "off"}`, error);
    },
    onSettled: useRefresh(),
  });
}

export function useDeleteSkill() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (skill: Skill) => {
      await api.DELETE("/api/v1/skills/{skillId}", {
        params: { path: { skillId: skill.id ?? "" } },
      });
    },
    onSuccess: async (_, skill) => {
      notifications.show({ message: `${skill.name} is deleted.` });
      await queries.invalidateQueries({ queryKey: skillsQuery.queryKey, exact: true });
      await queries.invalidateQueries({ queryKey: ["users"] });
    },
  });
}
