/** Runs the draft on a sample, and shows what came of it. */
import { json } from "@codemirror/lang-json";
import { Alert, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { functionEventsQuery, type UsherFunction, useFunctionChanges } from "../api/functions";
import { isJson } from "../lib/json";
import { useRefusal } from "../lib/permissions";
import { Code } from "../ui/Code";
import { ReasonedButton } from "../ui/ReasonedButton";
import { RunResult } from "./RunResult";
import { parsed, type Written } from "./written";

const JSON_LANGUAGE = json();
const OWN = "own";

interface Props {
  it: UsherFunction | undefined;
  written: Written;
  isChanged: boolean;
  /** What is wrong with the draft, so that it cannot be kept. */
  reason: string | undefined;
  keep: () => Promise<UsherFunction>;
  onKept: (kept: UsherFunction) => Promise<void>;
}

export function RunPanel({ it, written, isChanged, reason, keep, onKept }: Props) {
  const refusal = useRefusal("FunctionsInvoke");
  const events = useQuery(functionEventsQuery).data ?? [];
  const { test } = useFunctionChanges();
  const [source, setSource] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const sampleOf = (id: string) => {
    const sample = events.find((event) => event.id === id)?.sample;
    return isJson(sample) && sample !== null ? JSON.stringify(sample, null, 2) : '"ada"';
  };
  const chosen = source ?? (written.eventId || OWN);
  const payload = typed ?? sampleOf(chosen);
  const read = parsed(payload);
  const isUnsaved = isChanged || !it;
  const run = async () => {
    try {
      const kept = await keep();
      await test.mutateAsync({ id: kept.id, payload: read });
      await onKept(kept);
    } catch {
      // The panel or the page shows why.
    }
  };
  return (
    <Stack gap="sm">
      <NativeSelect
        label="A sample of"
        value={chosen}
        data={[
          { value: OWN, label: "what you type" },
          ...(written.isScheduled ? [{ value: "schedule", label: "the schedule's payload" }] : []),
          ...events.map((event) => ({ value: event.id, label: event.name })),
        ]}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setSource(next);
          setTyped(next === "schedule" ? written.payload || "null" : undefined);
        }}
      />
      <Code
        label="Payload as JSON"
        value={payload}
        language={JSON_LANGUAGE}
        maxHeight="260px"
        onChange={setTyped}
      />
      <div>
        <ReasonedButton
          size="xs"
          reason={refusal ?? reason ?? (read === undefined ? "The payload is no JSON." : undefined)}
          loading={test.isPending}
          onClick={() => void run()}
        >
          {isUnsaved ? "Save and run" : "Run"}
        </ReasonedButton>
      </div>
      <Text size="sm" className="quiet">
        The draft runs, deployed or not. Its log is not kept, but what it calls and writes is real.
      </Text>
      <section aria-label="Result" aria-live="polite">
        {test.error && (
          <Alert color="red" variant="light" title="It was not run">
            {test.error.message}
          </Alert>
        )}
        {test.data && <RunResult run={test.data} />}
      </section>
    </Stack>
  );
}
