/** What is done to policies: at once on the screen, taken back if the server says no. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body } from "../api/client";
import { asPolicy, type Policy, policiesQuery } from "../api/queries";
import type { JsonObject } from "../lib/json";
import { asWritten, documentOf } from "./document";
import { tellEffect } from "./told";

/** Says that something did not work, and why. */
export function complain(title: string, error: Error): void {
  notifications.show({ color: "red", title, message: error.message, autoClose: 10_000 });
}

const tag = (policy: Policy) => ({ "If-Match": `"${policy.version}"` });

/** Changes the list before the server has answered; returns how to take that back. */
function useList() {
  const queries = useQueryClient();
  const key = policiesQuery.queryKey;
  return {
    guess: async (change: (policies: Policy[]) => Policy[]) => {
      await queries.cancelQueries({ queryKey: key, exact: true });
      const before = queries.getQueryData(key);
      if (before) queries.setQueryData(key, change(before));
      return () => queries.setQueryData(key, before);
    },
    refresh: () => queries.invalidateQueries({ queryKey: key }),
  };
}

interface Switch {
  policy: Policy;
  enabled: boolean;
  /** Whether this takes back a change, which nobody needs to be told of. */
  isUndo?: boolean;
}

export function useSwitch() {
  const list = useList();
  const change = useMutation({
    mutationFn: async ({ policy, enabled, isUndo }: Switch) => {
      const params = { path: { policyId: policy.id }, ...(!isUndo && { header: tag(policy) }) };
      if (enabled) await api.POST("/api/v1/policies/{policyId}/enable", { params });
      else await api.POST("/api/v1/policies/{policyId}/disable", { params });
    },
    onMutate: ({ policy, enabled }) =>
      list.guess((policies) =>
        policies.map((one) => (one.id === policy.id ? { ...one, enabled } : one)),
      ),
    onError: (error, { policy, enabled }, takeBack) => {
      takeBack?.();
      complain(`“${policy.name}” was not switched ${enabled ? "on" : "off"}`, error);
    },
    onSuccess: (_, { policy, enabled, isUndo }) => {
      if (isUndo) return;
      void tellEffect({
        name: policy.name,
        what: `is ${enabled ? "on" : "off"}`,
        back: { policyId: policy.id, enabled: !enabled },
        undo: () => change.mutate({ policy, enabled: !enabled, isUndo: true }),
      });
    },
    onSettled: list.refresh,
  });
  return change;
}

/** Returns the list with a policy at another place. */
export function moved(policies: readonly Policy[], id: string, to: number): Policy[] {
  const policy = policies.find((one) => one.id === id);
  if (!policy) return [...policies];
  const others = policies.filter((one) => one.id !== id);
  const next = [...others.slice(0, to), policy, ...others.slice(to)];
  return next.map((one, position) => ({ ...one, position }));
}

interface Moving {
  policy: Policy;
  to: number;
  isUndo?: boolean;
}

export function useMove() {
  const list = useList();
  const change = useMutation({
    mutationFn: async ({ policy, to }: Moving) => {
      const params = { path: { policyId: policy.id } };
      await api.POST("/api/v1/policies/{policyId}/move", { params, body: { position: to } });
    },
    onMutate: ({ policy, to }) => list.guess((policies) => moved(policies, policy.id, to)),
    onError: (error, { policy }, takeBack) => {
      takeBack?.();
      complain(`“${policy.name}” stays where it was`, error);
    },
    onSuccess: (_, { policy, to, isUndo }) => {
      if (isUndo || !policy.enabled) return;
      void tellEffect({
        name: policy.name,
        what: `stands at place ${to + 1}`,
        back: { policyId: policy.id, position: policy.position },
        undo: () => change.mutate({ policy, to: policy.position, isUndo: true }),
      });
    },
    onSettled: list.refresh,
  });
  return change;
}

export function useDuplicate() {
  const list = useList();
  return useMutation({
    mutationFn: async (policy: Policy) => {
      const params = { path: { policyId: policy.id } };
      return asPolicy(body(await api.POST("/api/v1/policies/{policyId}/duplicate", { params })));
    },
    onError: (error, policy) => complain(`“${policy.name}” was not copied`, error),
    onSettled: list.refresh,
  });
}

/** Deletes; what is to be done then is done even if what was deleted is no longer shown. */
export function useDelete(onDeleted: (policy: Policy) => void) {
  const list = useList();
  return useMutation({
    mutationFn: async (policy: Policy) => {
      const params = { path: { policyId: policy.id }, header: tag(policy) };
      await api.DELETE("/api/v1/policies/{policyId}", { params });
    },
    onSuccess: (_, policy) => onDeleted(policy),
    onMutate: (policy) => list.guess((policies) => policies.filter((one) => one.id !== policy.id)),
    onError: (error, policy, takeBack) => {
      takeBack?.();
      complain(`“${policy.name}” was not deleted`, error);
    },
    onSettled: list.refresh,
  });
}

/** Brings a deleted policy back to its place: with what it said, under a new id. */
export function useRestore() {
  const list = useList();
  return useMutation({
    mutationFn: async (policy: Policy) => {
      const written = asWritten(documentOf(policy));
      const made = asPolicy(body(await api.POST("/api/v1/policies", { body: written })));
      const params = { path: { policyId: made.id } };
      const position = { position: policy.position };
      await api.POST("/api/v1/policies/{policyId}/move", { params, body: position });
      if (policy.enabled) await api.POST("/api/v1/policies/{policyId}/enable", { params });
      return made;
    },
    onError: (error, policy) => complain(`“${policy.name}” was not brought back`, error),
    onSettled: list.refresh,
  });
}

export function useRevert() {
  const list = useList();
  return useMutation({
    mutationFn: async (wanted: { policyId: string; version: number }) => {
      const params = { path: { policyId: wanted.policyId } };
      const to = { version: wanted.version };
      return asPolicy(
        body(await api.POST("/api/v1/policies/{policyId}/revert", { params, body: to })),
      );
    },
    onError: (error) => complain("The version was not brought back", error),
    onSettled: list.refresh,
  });
}

/** Saves what was edited: a new policy, or the next version of one. */
export function useSave(policy: Policy | undefined) {
  const list = useList();
  return useMutation({
    mutationFn: async (written: JsonObject) => {
      const document = asWritten(written);
      if (!policy) return asPolicy(body(await api.POST("/api/v1/policies", { body: document })));
      const params = { path: { policyId: policy.id }, header: tag(policy) };
      return asPolicy(
        body(await api.PUT("/api/v1/policies/{policyId}", { params, body: document })),
      );
    },
    onSettled: list.refresh,
  });
}
