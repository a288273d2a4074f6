/** Asks the function what a decision would ask it, with values that one types. */
import { Alert, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useFunctionChanges } from "../api/functions";
import { RunResult } from "../functions/RunResult";
import { useRefusal } from "../lib/permissions";
import { Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { type Call, constantOf, faultOf, payloadOf } from "./call";

export function CheckCall({ call }: { call: Call }) {
  const refusal = useRefusal("FunctionsInvoke");
  const { test } = useFunctionChanges();
  const [values, setValues] = useState<Record<string, string>>({});
  const names = [
    ...new Set(
      call.parameters
        .filter(({ source, value }) => source === "ATTRIBUTE" && value.trim() !== "")
        .map(({ value }) => value.trim()),
    ),
  ];
  const payload = payloadOf(call.parameters, (name) => constantOf(values[name] ?? "null"));
  const reason =
    refusal ??
    (call.functionId === "" ? "Choose the function that answers." : faultOf(call.parameters));
  return (
    <Part
      title="Check it"
      hint="The function runs as it is written now, on the values you type; what it calls is real."
    >
      <Stack gap={10}>
        {names.map((name) => (
          <TextInput
            key={name}
            label={name}
            placeholder="text, or JSON; empty is null"
            maw={420}
            classNames={{ input: "code", label: "code" }}
            value={values[name] ?? ""}
            onChange={(event) => {
              const { [name]: _, ...others } = values;
              const typed = event.currentTarget.value;
              setValues(typed === "" ? others : { ...others, [name]: typed });
            }}
          />
        ))}
        <div className="code quiet">It is given {JSON.stringify(payload)}</div>
        <div>
          <ReasonedButton
            size="xs"
            variant="default"
            reason={reason}
            loading={test.isPending}
            onClick={() => test.mutate({ id: call.functionId, payload })}
          >
            Ask the function
          </ReasonedButton>
        </div>
        <section aria-label="Answer" aria-live="polite">
          {test.error && (
            <Alert color="red" variant="light" title="It was not asked">
              {test.error.message}
            </Alert>
          )}
          {test.data && <RunResult run={test.data} />}
        </section>
      </Stack>
    </Part>
  );
}
