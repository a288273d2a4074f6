/** When time starts a function: the rule, the next times, and how the last run ended. */
import { Autocomplete, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { functionScheduleQuery, type UsherFunction } from "../api/functions";
import { Part } from "../ui/Pane";
import { When } from "../ui/When";
import classes from "./Functions.module.css";
import { parsed, type Written } from "./written";

interface Props {
  it: UsherFunction | undefined;
  written: Written;
  isFixed: boolean;
  check: { scheduleProblem: string | undefined; nextAt: readonly string[] };
  onChange: (members: Partial<Written>) => void;
}

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

export function SchedulePart({ it, written, isFixed, check, onChange }: Props) {
  const isDeployed = it?.deployedVersion != null;
  const isByEvent = written.eventId !== "";
  return (
    <Part title="Schedule" hint="Time starts it while it is deployed, at most once a minute.">
      <Switch
        label="Start it by time"
        description={
          isByEvent ? "An event starts it; time can start functions without one." : undefined
        }
        disabled={isFixed || isByEvent}
        checked={written.isScheduled && !isByEvent}
        onChange={(event) => onChange({ isScheduled: event.currentTarget.checked })}
      />
      {written.isScheduled && !isByEvent && (
        <>
          <TextInput
            label="When"
            description="Minute, hour, day, month and day of the week: */5 8-17 * * MON-FRI"
            classNames={{ input: "code" }}
            disabled={isFixed}
            error={check.scheduleProblem}
            value={written.cron}
            onChange={(event) => onChange({ cron: event.currentTarget.value })}
          />
          <Autocomplete
            label="Time zone"
            limit={20}
            disabled={isFixed}
            data={ZONES}
            value={written.zone}
            onChange={(zone) => onChange({ zone })}
          />
          {check.nextAt.length > 0 && (
            <div role="status">
              <Text size="sm" fw={600}>
                {isDeployed ? "Next times" : "Next times, once it is deployed"}
              </Text>
              <ol className={classes.times}>
                {check.nextAt.map((at) => (
                  <li key={at} className="number">
                    {inZone(at, written.zone)}
                  </li>
                ))}
              </ol>
            </div>
          )}
          <Textarea
            label="Payload"
            description="JSON that it is given each time; none is null."
            autosize
            minRows={1}
            maxRows={8}
            classNames={{ input: "code" }}
            disabled={isFixed}
            error={parsed(written.payload) === undefined ? "Expected JSON." : undefined}
            value={written.payload}
            onChange={(event) => onChange({ payload: event.currentTarget.value })}
          />
        </>
      )}
      {it?.schedule && <Last it={it} />}
    </Part>
  );
}

function Last({ it }: { it: UsherFunction }) {
  const { data } = useQuery(functionScheduleQuery(it.id));
  if (!data) return <Text size="sm"> </Text>;
  if (!data.lastAt) return <Text size="sm">Time has not started it yet.</Text>;
  return (
    <Text size="sm" c={data.lastOutcome && data.lastOutcome !== "OK" ? "var(--bad)" : undefined}>
      Started last <When at={data.lastAt} />:{" "}
      {data.lastOutcome === "OK"
        ? "it went well"
        : data.lastOutcome
          ? `it failed with ${data.lastOutcome}; its log says why`
          : "it is running"}
    </Text>
  );
}

/** Writes an instant as the clocks of a zone show it. */
function inZone(at: string, zone: string): string {
  try {
    const format = new Intl.DateTimeFormat(undefined, {
      timeZone: zone,
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
    return format.format(new Date(at));
  } catch {
    return at;
  }
}
