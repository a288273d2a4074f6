/** What came of a run: the answer or the fault, and what was written meanwhile. */
import { Alert, Stack, Text } from "@mantine/core";
import type { FunctionRun } from "../api/functions";
import { microseconds } from "../lib/format";
import classes from "./Functions.module.css";
import { LogLines } from "./LogLines";

const FAULTS: Record<string, string> = {
  FUNCTION_THREW: "It said no",
  FUNCTION_CRASHED: "It crashed",
  FUNCTION_TIMEOUT: "It took too long",
  FUNCTION_UNAVAILABLE: "No worker was free",
};

export function RunResult({ run }: { run: FunctionRun }) {
  const took = microseconds(Math.round(run.durationMs * 1_000));
  return (
    <Stack gap="xs">
      {run.error ? (
        <Alert
          color="red"
          variant="light"
          title={`${FAULTS[run.error.code] ?? run.error.code}, after ${took}`}
        >
          {run.error.message}
        </Alert>
      ) : (
        <>
          <Text fw={600}>It answered in {took}</Text>
          <pre className={classes.result}>{JSON.stringify(run.result ?? null, null, 2)}</pre>
        </>
      )}
      {run.logs.length > 0 && <LogLines lines={run.logs} />}
    </Stack>
  );
}
