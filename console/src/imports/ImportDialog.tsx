/** Skills or users from a spreadsheet: looked at first, then taken, all of it or nothing. */
import { Alert, Button, FileButton, Group, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFileSpreadsheet } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, Failure, type Schemas } from "../api/client";
import { count } from "../lib/format";
import classes from "./ImportDialog.module.css";

type Noun = "skills" | "users";

const COLUMNS: Record<Noun, string> = {
  skills: "id, name, description, isEnabled, maxWaitSeconds, fallbackSkillId",
  users:
    "id, name, nickname, email, kind, role, skills, maxConversations, groupId, pictureUrl, isEnabled",
};

export function ImportDialog({ noun, onClose }: { noun: Noun; onClose: () => void }) {
  const [file, setFile] = useState<File>();
  const queries = useQueryClient();
  const look = useMutation({ mutationFn: (chosen: File) => send(noun, chosen, true) });
  const take = useMutation({
    mutationFn: (chosen: File) => send(noun, chosen, false),
    onSuccess: async (report) => {
      notifications.show({
        title: `The ${noun} are imported`,
        message: said(report),
      });
      onClose();
      await queries.invalidateQueries({ queryKey: [noun] });
      await queries.invalidateQueries({ queryKey: ["agents"] });
    },
  });
  const error = take.error ?? look.error;
  const isIdle = look.data && look.data.created + look.data.updated === 0;
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Import ${noun}`}
      size={640}
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <Text size="sm">
          A CSV file with a header. A line means the one with its id or, without one, with its{" "}
          {noun === "skills" ? "name" : "e-mail address"}; what is not in the file stays as it is.
        </Text>
        <Text size="sm" className="quiet">
          Columns that say something: <span className="code">{COLUMNS[noun]}</span>
        </Text>
        <Group>
          <FileButton
            accept=".csv,text/csv"
            onChange={(chosen) => {
              if (!chosen) return;
              setFile(chosen);
              take.reset();
              look.mutate(chosen);
            }}
          >
            {(button) => (
              <Button
                {...button}
                variant="default"
                loading={look.isPending}
                leftSection={<IconFileSpreadsheet size={16} />}
              >
                {file ? "Choose another file" : "Choose a file"}
              </Button>
            )}
          </FileButton>
          {file && (
            <Text size="sm" className="cut" title={file.name}>
              {file.name}
            </Text>
          )}
        </Group>
        {look.data && !take.error && (
          <Alert variant="light" color="indigo" title="What it would do" role="status">
            {said(look.data)}
            {look.data.ignoredColumns.length > 0 && (
              <Text size="sm">Passed over: {look.data.ignoredColumns.join(", ")}.</Text>
            )}
          </Alert>
        )}
        {error && <Mistakes error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={!file || !look.data || isIdle}
            loading={take.isPending}
            onClick={() => file && take.mutate(file)}
          >
            Import
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

async function send(noun: Noun, file: File, dryRun: boolean) {
  const call = {
    params: { query: { dryRun } },
    body: await file.text(),
    bodySerializer: (text: string) => text,
    headers: { "content-type": "text/csv" },
  };
  return noun === "skills"
    ? body(await api.POST("/api/v1/skills/import", call))
    : body(await api.POST("/api/v1/users/import", call));
}

function said({ created, updated, unchanged }: Schemas["SheetImportReport"]): string {
  if (created + updated === 0) {
    return `Nothing: all ${count(unchanged, "line")} say what is there already.`;
  }
  return `${count(created, "new one")}, ${count(updated, "change")}, ${unchanged} as they were.`;
}

/** What is wrong, line by line. */
function Mistakes({ error }: { error: Error }) {
  const mistakes = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  return (
    <Alert variant="light" color="red" role="alert" title="Nothing was imported">
      {mistakes.length === 0 ? (
        error.message
      ) : (
        <ul className={classes.mistakes}>
          {mistakes.map((mistake) => {
            const [, line, column] = /^#\/lines\/(\d+)\/?(.*)$/.exec(mistake.pointer) ?? [];
            return (
              <li key={`${mistake.pointer} ${mistake.detail}`}>
                {line && (
                  <b>
                    Line {line}
                    {column && `, ${column}`}:{" "}
                  </b>
                )}
                {mistake.detail}
              </li>
            );
          })}
        </ul>
      )}
    </Alert>
  );
}
