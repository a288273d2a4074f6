/** Policies from a file or from what is pasted: looked at first, then taken, all of it or nothing. */
import {
  Alert,
  Button,
  Checkbox,
  FileButton,
  Group,
  Modal,
  Radio,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconFileUpload } from "@tabler/icons-react";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, Failure, type Schemas } from "../api/client";
import { policiesQuery } from "../api/queries";
import { count } from "../lib/format";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./ImportDialog.module.css";
import { type Found, findingsOf, namesIn } from "./imported";
import { type Problem, told } from "./problems";

type Mode = "append" | "replace";
type Report = Schemas["ImportReport"];

interface Wanted {
  text: string;
  mode: Mode;
  keepEnabled: boolean;
}

/** Milliseconds of quiet before what is pasted is looked at. */
const PAUSE = 300;

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [mode, setMode] = useState<Mode>("append");
  const [keepEnabled, setKeepEnabled] = useState(false);
  const [wanted] = useDebouncedValue({ text, mode, keepEnabled }, PAUSE);
  const isEmpty = wanted.text.trim() === "";
  const look = useQuery({
    queryKey: ["policies", "import", wanted],
    queryFn: () => send(wanted, true),
    enabled: !isEmpty,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
  });
  const queries = useQueryClient();
  const take = useMutation({
    mutationFn: (wanted: Wanted) => send(wanted, false),
    onSuccess: async (report) => {
      notifications.show({ title: "The policies are imported", message: said(report) });
      onClose();
      await queries.invalidateQueries({ queryKey: policiesQuery.queryKey });
    },
  });
  const error = take.error ?? (isEmpty ? null : look.error);
  const report = isEmpty || error ? undefined : look.data;
  const isStale = wanted.text !== text || look.isFetching;
  const reason = isEmpty
    ? "Paste policies or choose a file first."
    : error
      ? "Mend the mistakes first."
      : !report || isStale
        ? "It is being looked at."
        : undefined;
  return (
    <Modal opened onClose={onClose} title="Import policies" size={720} transitionProps={NO_MOTION}>
      <Stack>
        <Group justify="space-between" align="end" wrap="nowrap">
          <Text size="sm">
            An export of this page, a list of policies, or one of the published form.
          </Text>
          <FileButton
            accept=".json,application/json"
            onChange={async (file) => file && setText(await file.text())}
          >
            {(button) => (
              <Button
                {...button}
                size="xs"
                variant="default"
                leftSection={<IconFileUpload size={15} />}
              >
                Choose a file
              </Button>
            )}
          </FileButton>
        </Group>
        <Textarea
          aria-label="Policies as JSON"
          placeholder='[{"name": "…", "conditions": […], "actions": […]}]'
          classNames={{ input: classes.text }}
          rows={9}
          spellCheck={false}
          data-autofocus
          value={text}
          onChange={(event) => {
            take.reset();
            setText(event.currentTarget.value);
          }}
        />
        <Radio.Group
          label="The policies that are there"
          value={mode}
          onChange={(chosen) => {
            take.reset();
            setMode(chosen === "replace" ? "replace" : "append");
            setKeepEnabled(chosen === "replace");
          }}
        >
          <Group mt={6}>
            <Radio value="append" label="stay, and these follow" />
            <Radio value="replace" label="go, unless they are among these" />
          </Group>
        </Radio.Group>
        <Checkbox
          label="Those that are on in the file are on at once"
          checked={keepEnabled}
          onChange={(event) => setKeepEnabled(event.currentTarget.checked)}
        />
        {report && (
          <Alert
            variant="light"
            color={report.deleted > 0 ? "yellow" : "indigo"}
            title="What it would do"
            role="status"
          >
            {said(report)}
            <Findings found={findingsOf(report.problems.map(asFound), namesIn(wanted.text))} />
          </Alert>
        )}
        {error && <Mistakes error={error} text={wanted.text} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <ReasonedButton
            reason={reason}
            loading={take.isPending}
            onClick={() => take.mutate(wanted)}
          >
            {mode === "replace" ? "Replace the list" : "Import"}
          </ReasonedButton>
        </Group>
      </Stack>
    </Modal>
  );
}

const NO_MOTION = { duration: 0 };

async function send({ text, mode, keepEnabled }: Wanted, dryRun: boolean): Promise<Report> {
  return body(
    await api.POST("/api/v1/policies/import", {
      params: { query: { mode, keepEnabled, dryRun } },
      body: text,
      bodySerializer: (text) => text,
      headers: { "content-type": "application/json" },
    }),
  );
}

function asFound(problem: Problem): { path: string; message: string } {
  return { path: problem.path, message: told(problem) };
}

function said({ created, updated, deleted, invalid }: Report): string {
  const parts = [`${count(created, "policy", "policies")} new`];
  if (updated > 0) parts.push(`${updated} replaced`);
  if (deleted > 0) parts.push(`${deleted} deleted`);
  if (invalid > 0) parts.push(`${invalid} with mistakes, off until mended`);
  return `${parts.join(", ")}.`;
}

function Mistakes({ error, text }: { error: Error; text: string }) {
  const mistakes = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  const problems = mistakes.map(({ pointer, detail }) => ({
    path: pointer.replace(/^#/, ""),
    message: detail,
  }));
  return (
    <Alert variant="light" color="red" role="alert" title="Nothing would be imported">
      {problems.length === 0 ? (
        error.message
      ) : (
        <Findings found={findingsOf(problems, namesIn(text))} />
      )}
    </Alert>
  );
}

function Findings({ found }: { found: readonly Found[] }) {
  if (found.length === 0) return null;
  return (
    <ul className={classes.findings}>
      {found.map(({ policy, where, message }) => (
        <li key={`${policy} ${where} ${message}`}>
          <b>{policy}</b>
          {where && <span className="code quiet"> {where}</span>}: {message}
        </li>
      ))}
    </ul>
  );
}
