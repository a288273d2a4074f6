/** Back to the last agent: who returns to whom, and what agents are told. */
import {
  Alert,
  Checkbox,
  Group,
  NativeSelect,
  NumberInput,
  Skeleton,
  Slider,
  Stack,
  Switch,
  Text,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { api, body, type Schemas } from "../api/client";
import { settingsQuery } from "../api/queries";
import { duration } from "../lib/format";
import { isJson, isSame } from "../lib/json";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./LastAgentPage.module.css";

type LastAgent = Required<Schemas["LastAgentSettings"]> & {
  notice: Required<Schemas["NoticeSettings"]>;
};

export function LastAgentPage() {
  const settings = useQuery(settingsQuery);
  return (
    <div className={classes.page}>
      {settings.error ? (
        <FailureNote error={settings.error} retry={() => void settings.refetch()} />
      ) : settings.data ? (
        <Editor
          key={JSON.stringify(settings.data.lastAgent)}
          saved={complete(settings.data.lastAgent ?? {})}
        />
      ) : (
        <Stack>
          <Skeleton height={28} width="30%" />
          <Skeleton height={360} />
        </Stack>
      )}
    </div>
  );
}

/** The server's answer has every field; what it leaves out has these values. */
function complete(settings: Schemas["LastAgentSettings"]): LastAgent {
  return {
    availableStatuses: ["ONLINE"],
    enabled: true,
    isRecorded: true,
    mcsMissingPolicy: "SKILL",
    mcsThreshold: 50,
    namespace: "last_agent",
    suggestTimeoutSeconds: 120,
    timeFrameSeconds: 3_600,
    ttlSeconds: 2_592_000,
    ...settings,
    notice: {
      channels: ["WIDGET", "PRIVATE_MESSAGE"],
      sameAgent: true,
      sameSkill: true,
      showMcsToAgent: false,
      showPreviousAgentName: true,
      ...settings.notice,
    },
  };
}

function Editor({ saved }: { saved: LastAgent }) {
  const [wanted, setWanted] = useState(saved);
  const queries = useQueryClient();
  const refusal = useRefusal("SettingsWrite");
  const isFixed = refusal !== undefined;
  const isChanged = !(isJson(wanted) && isJson(saved) && isSame(wanted, saved));
  const save = useMutation({
    mutationFn: async (lastAgent: LastAgent) =>
      body(await api.PATCH("/api/v1/settings", { body: { lastAgent } })),
    onSuccess: (settings) => {
      queries.setQueryData(settingsQuery.queryKey, settings);
      notifications.show({
        message: "The rules for returning consumers are saved, and hold from now on.",
      });
    },
  });
  useUnsaved(isChanged);
  const change = (members: Partial<LastAgent>) => setWanted({ ...wanted, ...members });
  const changeNotice = (members: Partial<LastAgent["notice"]>) =>
    change({ notice: { ...wanted.notice, ...members } });
  const reason = refusal ?? (isChanged ? undefined : "Nothing has changed.");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason === undefined) save.mutate(wanted);
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      <Group justify="space-between">
        <Title order={1}>Last agent</Title>
        <ReasonedButton
          size="xs"
          reason={reason}
          loading={save.isPending}
          onClick={() => save.mutate(wanted)}
        >
          Save
        </ReasonedButton>
      </Group>
      <p className={classes.effect} role="status">
        <Effect settings={wanted} />
      </p>
      {save.error && (
        <Alert color="red" variant="light" title="It was not saved; what you changed is still here">
          {save.error.message}
        </Alert>
      )}
      <Part title="Who goes back">
        <Switch
          label="Offer returning consumers to the agent they had"
          checked={wanted.enabled}
          disabled={isFixed}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
        <div>
          <Text size="sm" fw={600} id="threshold">
            The previous conversation scored above {wanted.mcsThreshold}
          </Text>
          <Slider
            thumbProps={{ "aria-labelledby": "threshold" }}
            min={0}
            max={100}
            label={null}
            mt={8}
            mb={18}
            marks={[0, 25, 50, 75, 100].map((value) => ({ value, label: String(value) }))}
            disabled={isFixed || !wanted.enabled}
            value={wanted.mcsThreshold}
            onChange={(mcsThreshold) => change({ mcsThreshold })}
          />
        </div>
        <NativeSelect
          label="If it has no score"
          disabled={isFixed || !wanted.enabled}
          value={wanted.mcsMissingPolicy}
          data={[
            { value: "SKILL", label: "route it by its skill" },
            { value: "AGENT", label: "treat it as a good one" },
          ]}
          onChange={(event) =>
            change({ mcsMissingPolicy: event.currentTarget.value === "AGENT" ? "AGENT" : "SKILL" })
          }
        />
        <Minutes
          label="Returning within"
          seconds={wanted.timeFrameSeconds}
          isFixed={isFixed || !wanted.enabled}
          onChange={(timeFrameSeconds) => change({ timeFrameSeconds })}
        />
        <Minutes
          label="The agent has to accept within"
          seconds={wanted.suggestTimeoutSeconds}
          isFixed={isFixed || !wanted.enabled}
          onChange={(suggestTimeoutSeconds) => change({ suggestTimeoutSeconds })}
        />
      </Part>
      <Part title="What the agent is told">
        <Checkbox
          label="That they talked with this consumer before"
          checked={wanted.notice.sameAgent}
          disabled={isFixed}
          onChange={(event) => changeNotice({ sameAgent: event.currentTarget.checked })}
        />
        <Checkbox
          label="That a colleague in the same skill did"
          checked={wanted.notice.sameSkill}
          disabled={isFixed}
          onChange={(event) => changeNotice({ sameSkill: event.currentTarget.checked })}
        />
        <Checkbox
          label="The colleague's name"
          checked={wanted.notice.showPreviousAgentName}
          disabled={isFixed || !wanted.notice.sameSkill}
          onChange={(event) => changeNotice({ showPreviousAgentName: event.currentTarget.checked })}
        />
        <Checkbox
          label="The score of that conversation"
          checked={wanted.notice.showMcsToAgent}
          disabled={isFixed}
          onChange={(event) => changeNotice({ showMcsToAgent: event.currentTarget.checked })}
        />
        <Checkbox.Group
          label="Where"
          value={wanted.notice.channels}
          onChange={(channels) =>
            changeNotice({ channels: CHANNELS.filter((channel) => channels.includes(channel)) })
          }
        >
          <Group mt={6}>
            <Checkbox value="WIDGET" label="beside the conversation" disabled={isFixed} />
            <Checkbox value="PRIVATE_MESSAGE" label="as a private message" disabled={isFixed} />
          </Group>
        </Checkbox.Group>
      </Part>
      <button type="submit" hidden />
    </form>
  );
}

const CHANNELS: readonly Schemas["NoticeChannel"][] = ["WIDGET", "PRIVATE_MESSAGE"];

/** Says in a sentence what the settings do. */
function Effect({ settings }: { settings: LastAgent }) {
  if (!settings.enabled)
    return "Every conversation goes to its skill, whoever the consumer talked with before.";
  const missing = settings.mcsMissingPolicy === "AGENT" ? " or had no score" : "";
  return (
    <>
      Who returns within <b>{duration(settings.timeFrameSeconds)}</b> of a conversation that scored
      above <b>{settings.mcsThreshold}</b>
      {missing} is offered to the same agent for <b>{duration(settings.suggestTimeoutSeconds)}</b>,
      if that agent is there and has room; everybody else goes to the skill.
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.part} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      <Stack gap={14}>{children}</Stack>
    </section>
  );
}

interface MinutesProps {
  label: string;
  seconds: number;
  isFixed: boolean;
  onChange: (seconds: number) => void;
}

/** A length of time in minutes; seconds are kept where somebody set them. */
function Minutes({ label, seconds, isFixed, onChange }: MinutesProps) {
  return (
    <NumberInput
      label={label}
      suffix=" min"
      min={1}
      decimalScale={2}
      disabled={isFixed}
      value={seconds / 60}
      onChange={(minutes) => {
        const wanted = Math.round(Number(minutes) * 60);
        if (Number.isFinite(wanted) && wanted > 0) onChange(wanted);
      }}
      maw={280}
    />
  );
}
