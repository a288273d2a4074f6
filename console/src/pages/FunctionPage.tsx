/** One function: its source with the mistakes in it, and beside it what it does and did. */

import { javascript } from "@codemirror/lang-javascript";
import type { Diagnostic } from "@codemirror/lint";
import { Alert, Button, Group, Skeleton, Tabs, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { Actor } from "../access/Actor";
import {
  functionCheckQuery,
  functionQuery,
  type UsherFunction,
  useFunctionChanges,
} from "../api/functions";
import { EditorMenu } from "../functions/EditorMenu";
import { LogsPanel } from "../functions/LogsPanel";
import { RunPanel } from "../functions/RunPanel";
import { SettingsPanel } from "../functions/SettingsPanel";
import { StateTag } from "../functions/StateTag";
import { FUNCTION_TABS, stateInWords } from "../functions/state";
import { UsagePanel } from "../functions/UsagePanel";
import { VersionsPanel } from "../functions/VersionsPanel";
import { asSent, doubled, offsetOf, writtenOf } from "../functions/written";
import { useDraft } from "../lib/draft";
import { count } from "../lib/format";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { complain } from "../policies/changes";
import { CloseIcon } from "../ui/CloseIcon";
import { Code } from "../ui/Code";
import { FailureNote } from "../ui/Failures";
import { Overtaken } from "../ui/Overtaken";
import { Pane } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";

const route = getRouteApi("/shell/functions/$functionId");
const LANGUAGE = javascript();
/** Milliseconds of quiet before what is typed is checked. */
const PAUSE = 300;

export function FunctionPage() {
  const { functionId } = route.useParams();
  const isNew = functionId === "new";
  const found = useQuery({ ...functionQuery(functionId), enabled: !isNew });
  /** The function that was made here: the editor goes on with it, and loses nothing. */
  const [made, setMade] = useState<string>();
  if (isNew) return <Editor key="new" it={undefined} tag="" onMade={setMade} />;
  if (found.data) {
    const { it, tag } = found.data;
    const key = it.id === made ? "new" : it.id;
    return <Editor key={key} it={it} tag={tag} onMade={setMade} />;
  }
  return (
    <Pane title="A function" about=" " actions={<Close />}>
      {found.error ? (
        <FailureNote error={found.error} retry={() => void found.refetch()} />
      ) : (
        <Skeleton height={360} />
      )}
    </Pane>
  );
}

function Close() {
  return (
    <CloseIcon
      label="Close the function"
      link={(props) => (
        <Link to="/functions" search={({ find }) => (find ? { find } : {})} {...props} />
      )}
    />
  );
}

interface Props {
  it: UsherFunction | undefined;
  tag: string;
  onMade: (functionId: string) => void;
}

function Editor({ it, tag, onMade }: Props) {
  const { tab = "run" } = route.useSearch();
  const navigate = useNavigate();
  const refusal = useRefusal("FunctionsWrite");
  const draft = useDraft(writtenOf(it), tag);
  const { value: written, isChanged } = draft;
  const changes = useFunctionChanges();
  const check = useCheck(written, refusal === undefined);
  const diagnostics = useMemo(
    () =>
      check.problems.map((problem): Diagnostic => {
        const from = offsetOf(written.source, problem.line, problem.column);
        return { from, to: from + 1, severity: "error", message: problem.message };
      }),
    [check.problems, written.source],
  );

  const letGo = useUnsaved(isChanged);

  const twice = doubled(written.environment);
  const fault =
    written.name.trim() === ""
      ? "Give it a name first."
      : twice
        ? `Two variables are called ${twice}.`
        : asSent(written) === undefined
          ? "The payload of the schedule is no JSON."
          : undefined;
  const unsaved = isChanged || it === undefined;
  const reason = refusal ?? fault ?? (unsaved ? undefined : "Nothing has changed.");

  /** Keeps what is typed, if anything is, and returns the function as it is kept. */
  const keep = async (): Promise<UsherFunction> => {
    if (it && !isChanged) return it;
    const sent = asSent(written);
    if (!sent) throw new Error("The payload of the schedule is no JSON.");
    const wanted = { ...(it && { id: it.id }), tag: draft.tag, written: sent };
    const kept = await changes.save.mutateAsync(wanted);
    draft.take(writtenOf(kept.it), kept.tag);
    return kept.it;
  };
  const opened = async (kept: UsherFunction) => {
    if (it) return;
    onMade(kept.id);
    await navigate({
      to: "/functions/$functionId",
      params: { functionId: kept.id },
      search: true,
    });
  };
  const save = async () => {
    if (reason !== undefined || changes.save.isPending) return;
    try {
      const kept = await keep();
      notifications.show({ message: `“${kept.name}” is saved as a draft.` });
      await opened(kept);
    } catch {
      // The page shows why.
    }
  };
  const deploy = async () => {
    let kept: UsherFunction;
    try {
      kept = await keep();
    } catch {
      return;
    }
    changes.deploy.mutate(kept.id, {
      onSuccess: (it) =>
        notifications.show({ message: `Version ${it.deployedVersion} of “${it.name}” runs.` }),
      onError: (error) => complain("It was not deployed; what ran before runs on", error),
    });
    await opened(kept);
  };
  useHotkeys([["mod+S", () => void save()]], [], true);

  const mistakes = check.problems.length;
  const deployReason =
    refusal ??
    fault ??
    (mistakes > 0
      ? `Mend ${count(mistakes, "mistake")} in the source first.`
      : !unsaved && it?.state === "PRODUCTIVE"
        ? "What is written here runs already."
        : undefined);
  const failure = changes.save.error;
  const tabs: Record<(typeof FUNCTION_TABS)[number], ReactNode> = {
    run: (
      <RunPanel
        it={it}
        written={written}
        isChanged={isChanged}
        reason={fault}
        keep={keep}
        onKept={opened}
      />
    ),
    settings: (
      <SettingsPanel
        it={it}
        written={written}
        isFixed={refusal !== undefined}
        check={check}
        onChange={draft.change}
      />
    ),
    logs: it && <LogsPanel it={it} />,
    usage: it && <UsagePanel it={it} />,
    versions: it && <VersionsPanel it={it} isChanged={isChanged} />,
  };
  return (
    <Pane
      title={written.name || (it ? "Unnamed" : "New function")}
      about={it ? stateInWords(it) : "It is kept as a draft; nothing runs until you deploy it."}
      actions={
        <>
          {it && <StateTag it={it} />}
          {isChanged && it && (
            <Button size="xs" variant="default" onClick={draft.discard}>
              Discard
            </Button>
          )}
          <ReasonedButton
            size="xs"
            variant="default"
            reason={reason}
            loading={changes.save.isPending}
            onClick={() => void save()}
          >
            Save
          </ReasonedButton>
          <ReasonedButton
            size="xs"
            reason={deployReason}
            loading={changes.deploy.isPending}
            onClick={() => void deploy()}
          >
            {unsaved ? "Save and deploy" : "Deploy"}
          </ReasonedButton>
          {it && <EditorMenu it={it} onLeave={letGo} />}
          <Close />
        </>
      }
      side={
        <Tabs
          value={tab}
          keepMounted={false}
          onChange={(chosen) => {
            const next = FUNCTION_TABS.find((one) => one === chosen) ?? "run";
            void navigate({
              to: ".",
              search: (search) => ({ ...search, tab: next }),
              replace: true,
            });
          }}
        >
          <Tabs.List>
            <Tabs.Tab value="run">Run</Tabs.Tab>
            <Tabs.Tab value="settings">Settings</Tabs.Tab>
            <Tabs.Tab value="logs" disabled={!it}>
              Logs
            </Tabs.Tab>
            <Tabs.Tab value="usage" disabled={!it}>
              Usage
            </Tabs.Tab>
            <Tabs.Tab value="versions" disabled={!it}>
              Versions
            </Tabs.Tab>
          </Tabs.List>
          {FUNCTION_TABS.map((one) => (
            <Tabs.Panel key={one} value={one} pt="sm">
              {tabs[one]}
            </Tabs.Panel>
          ))}
        </Tabs>
      }
    >
      {failure && (
        <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
          {failure.message}
        </Alert>
      )}
      {it && draft.isOvertaken && (
        <Overtaken
          by={<Actor actor={it.updatedBy} />}
          onTheirs={draft.discard}
          onMine={draft.keepMine}
        />
      )}
      {it?.problem && !isChanged && (
        <Alert color="red" variant="light" title="The last deployment failed">
          {it.problem}
        </Alert>
      )}
      <TextInput
        label="Name"
        maxLength={200}
        autoFocus={!it}
        disabled={refusal !== undefined}
        value={written.name}
        onChange={(event) => draft.change({ name: event.currentTarget.value })}
      />
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          Source
        </Text>
        <Text
          size="sm"
          role="status"
          c={mistakes > 0 ? "var(--bad)" : undefined}
          className={mistakes > 0 ? "" : "quiet"}
        >
          {mistakes > 0
            ? count(mistakes, "mistake")
            : refusal === undefined && check.isAsked
              ? "no mistakes"
              : " "}
        </Text>
      </Group>
      <Code
        label="Source"
        value={written.source}
        language={LANGUAGE}
        diagnostics={diagnostics}
        isNumbered
        minHeight={230}
        maxHeight="max(230px, calc(100dvh - 260px))"
        {...(refusal === undefined && {
          onChange: (source: string) => draft.change({ source }),
        })}
      />
      {check.problems.map((problem) => (
        <Text key={`${problem.line}:${problem.column}:${problem.message}`} size="sm" c="var(--bad)">
          Line {problem.line}, column {problem.column}: {problem.message}
        </Text>
      ))}
    </Pane>
  );
}

const NO_PROBLEMS: never[] = [];

/** Returns what would keep a draft from being deployed, and when its schedule would start it. */
function useCheck(written: ReturnType<typeof writtenOf>, enabled: boolean) {
  const { source, isScheduled, cron, zone } = written;
  const [asked] = useDebouncedValue(
    useMemo(
      () => ({ source, ...(isScheduled && { schedule: { cron, zone } }) }),
      [source, isScheduled, cron, zone],
    ),
    PAUSE,
  );
  const check = useQuery({ ...functionCheckQuery(asked), enabled });
  return {
    isAsked: check.isSuccess,
    problems: check.data?.problems ?? NO_PROBLEMS,
    scheduleProblem: check.data?.scheduleProblem ?? undefined,
    nextAt: check.data?.nextAt ?? NO_PROBLEMS,
  };
}
