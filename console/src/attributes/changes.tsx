/** What is done to attributes of one's own. */
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "../api/client";
import { attributesQuery } from "../api/queries";
import { complain } from "../policies/changes";

export type Attribute = Schemas["Attribute"];
export type WrittenAttribute = Schemas["NewAttribute"] & { name: string };

/** What stands before the names of one's own attributes. */
export const CUSTOM = "custom.";

/** Returns what would make an attribute again. */
function writtenOf(attribute: Attribute): WrittenAttribute {
  const name = attribute.name.slice(CUSTOM.length);
  const { description, sensitive, valueType } = attribute;
  const common = { name, description, sensitive, ...(valueType && { valueType }) };
  if (attribute.kind !== "FUNCTION") return { ...common, kind: "STATIC", value: attribute.value };
  const { functionId, parameters, timeoutMs, cacheSeconds } = attribute;
  return {
    ...common,
    kind: "FUNCTION",
    ...(functionId && { functionId }),
    parameters: parameters ?? [],
    ...(timeoutMs != null && { timeoutMs }),
    ...(cacheSeconds != null && { cacheSeconds }),
  };
}

export function useAttributeChanges() {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: attributesQuery.queryKey });
  const save = useMutation({
    mutationFn: async ({ written, isNew }: { written: WrittenAttribute; isNew: boolean }) => {
      if (isNew) return body(await api.POST("/api/v1/attributes", { body: written }));
      const params = { path: { name: written.name } };
      return body(await api.PUT("/api/v1/attributes/{name}", { params, body: written }));
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: async (attribute: Attribute) => {
      const params = { path: { name: attribute.name.slice(CUSTOM.length) } };
      await api.DELETE("/api/v1/attributes/{name}", { params });
    },
    onSuccess: (_, attribute) => {
      const id = `deleted-${attribute.name}`;
      const undo = () => {
        notifications.hide(id);
        save.mutate({ written: writtenOf(attribute), isNew: true });
      };
      notifications.show({
        id,
        autoClose: 12_000,
        title: `${attribute.name} is deleted`,
        message: (
          <Button size="compact-sm" variant="default" onClick={undo}>
            Undo
          </Button>
        ),
      });
    },
    onError: (error, attribute) => complain(`${attribute.name} was not deleted`, error),
    onSettled: refresh,
  });
  return { save, remove };
}
