/** What agents find in their workspace: canned replies, and widgets beside a conversation. */
import { Alert, Group, Skeleton, Stack, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body, Failure, type Schemas } from "../api/client";
import { settingsQuery, skillsQuery, workspaceQuery } from "../api/queries";
import { isJson, isSame } from "../lib/json";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { RepliesForm } from "../workspace/RepliesForm";
import { WidgetsForm } from "../workspace/WidgetsForm";
import classes from "./LastAgentPage.module.css";

type Workspace = Required<Schemas["WorkspaceSettings"]>;

export function WorkspaceSettingsPage() {
  const settings = useQuery(settingsQuery);
  const saved = settings.data?.workspace;
  return (
    <div className={classes.page}>
      {settings.error ? (
        <FailureNote error={settings.error} retry={() => void settings.refetch()} />
      ) : settings.data ? (
        <Editor
          key={JSON.stringify(saved)}
          saved={{ cannedReplies: saved?.cannedReplies ?? [], widgets: saved?.widgets ?? [] }}
        />
      ) : (
        <Stack>
          <Skeleton height={28} width="30%" />
          <Skeleton height={240} />
        </Stack>
      )}
    </div>
  );
}

function Editor({ saved }: { saved: Workspace }) {
  const [wanted, setWanted] = useState(saved);
  const queries = useQueryClient();
  const refusal = useRefusal("SettingsWrite");
  const isChanged = !(isJson(wanted) && isJson(saved) && isSame(wanted, saved));
  const skills = (useQuery(skillsQuery).data ?? []).map(({ id, name }) => ({
    value: id ?? "",
    label: name,
  }));
  const save = useMutation({
    mutationFn: async (workspace: Workspace) =>
      body(await api.PATCH("/api/v1/settings", { body: { workspace } })),
    onSuccess: (settings) => {
      queries.setQueryData(settingsQuery.queryKey, settings);
      void queries.invalidateQueries({ queryKey: workspaceQuery.queryKey });
      notifications.show({ message: "The workspace is saved; agents have it with the next page." });
    },
  });
  useUnsaved(isChanged);
  const reason = refusal ?? (isChanged ? undefined : "Nothing has changed.");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === undefined) save.mutate(wanted);
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      <Group justify="space-between">
        <Title order={1}>Replies and widgets</Title>
        <ReasonedButton
          size="xs"
          reason={reason}
          loading={save.isPending}
          onClick={() => save.mutate(wanted)}
        >
          Save
        </ReasonedButton>
      </Group>
      {save.error && (
        <Alert color="red" variant="light" title="It was not saved; what you changed is still here">
          {mistakesOf(save.error, wanted).map((mistake) => (
            <div key={mistake}>{mistake}</div>
          ))}
        </Alert>
      )}
      <RepliesForm
        replies={wanted.cannedReplies}
        skills={skills}
        refusal={refusal}
        onChange={(cannedReplies) => setWanted({ ...wanted, cannedReplies })}
      />
      <WidgetsForm
        widgets={wanted.widgets}
        skills={skills}
        refusal={refusal}
        onChange={(widgets) => setWanted({ ...wanted, widgets })}
      />
      <button type="submit" hidden />
    </form>
  );
}

/** Says every mistake with the name of what it is in. */
function mistakesOf(error: Error, { cannedReplies, widgets }: Workspace): string[] {
  const mistakes = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  if (mistakes.length === 0) return [error.message];
  return mistakes.map(({ pointer, detail }) => {
    const [, , part, index, field] = (pointer ?? "").split("/");
    const list = part === "widgets" ? widgets : cannedReplies;
    const name = list[Number(index)]?.name || (part === "widgets" ? "a widget" : "a reply");
    return `${name}, ${FIELDS[field ?? ""] ?? "in all"}: ${detail}`;
  });
}

const FIELDS: Record<string, string> = {
  name: "name",
  text: "text",
  url: "address",
  columns: "width",
  skillIds: "skills",
  parameters: "parameters",
};
