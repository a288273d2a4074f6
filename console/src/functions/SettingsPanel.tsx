/** What starts a function, what it reads, and how long it may take. */
import {
  ActionIcon,
  Button,
  Group,
  MultiSelect,
  NativeSelect,
  NumberInput,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { functionEventsQuery, type UsherFunction } from "../api/functions";
import { skillsQuery } from "../api/queries";
import { removed, replaced } from "../lib/json";
import { Part } from "../ui/Pane";
import { SchedulePart } from "./SchedulePart";
import { TIMEOUT_MAX, type Written } from "./written";

interface Props {
  it: UsherFunction | undefined;
  written: Written;
  isFixed: boolean;
  check: { scheduleProblem: string | undefined; nextAt: readonly string[] };
  onChange: (members: Partial<Written>) => void;
}

export function SettingsPanel({ it, written, isFixed, check, onChange }: Props) {
  const events = useQuery(functionEventsQuery).data ?? [];
  const skills = useQuery(skillsQuery).data ?? [];
  const event = events.find((one) => one.id === written.eventId);
  const isDeployed = it?.deployedVersion != null;
  return (
    <Stack gap="sm">
      <Part title="What starts it" hint="Takes effect as soon as it is saved.">
        <NativeSelect
          label="Event"
          disabled={isFixed || isDeployed}
          description={isDeployed ? "Undeploy it to change its event." : undefined}
          value={written.eventId}
          data={[
            { value: "", label: "none: policies, schedules and callers" },
            ...events.map((one) => ({ value: one.id, label: one.name })),
          ]}
          onChange={(change) => onChange({ eventId: change.currentTarget.value })}
        />
        {event?.hasSkills && (
          <MultiSelect
            label="Only for conversations of"
            placeholder={written.skillIds.length === 0 ? "every skill" : ""}
            searchable
            clearable
            limit={50}
            maxValues={50}
            nothingFoundMessage="No skill is called so."
            disabled={isFixed}
            data={skills.flatMap((skill) =>
              skill.id ? [{ value: skill.id, label: skill.name }] : [],
            )}
            value={written.skillIds}
            onChange={(skillIds) => onChange({ skillIds })}
          />
        )}
      </Part>
      <SchedulePart it={it} written={written} isFixed={isFixed} check={check} onChange={onChange} />
      <Environment written={written} isFixed={isFixed} onChange={onChange} />
      <Part title="How it runs">
        <NumberInput
          label="May take"
          suffix=" ms"
          description="10 ms to 30 seconds; takes effect when it is deployed."
          min={10}
          max={TIMEOUT_MAX}
          step={500}
          maw={200}
          disabled={isFixed}
          value={written.timeoutMs}
          onChange={(value) => onChange({ timeoutMs: Number(value) || TIMEOUT_MAX })}
        />
        <Switch
          label="Trusted: it is given the token of whoever asks for a decision"
          disabled={isFixed}
          checked={written.isTrusted}
          onChange={(change) => onChange({ isTrusted: change.currentTarget.checked })}
        />
        <Textarea
          label="What it is for"
          autosize
          minRows={1}
          maxRows={5}
          disabled={isFixed}
          value={written.description}
          onChange={(change) => onChange({ description: change.currentTarget.value })}
        />
      </Part>
    </Stack>
  );
}

type FormProps = Pick<Props, "written" | "isFixed" | "onChange">;

function Environment({ written, isFixed, onChange }: FormProps) {
  const { environment } = written;
  return (
    <Part
      title="Environment"
      hint="Read as process.env.NAME; takes effect when it is deployed. Secrets belong under Secrets."
    >
      {environment.map((variable, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a name that is typed is no key yet
        <Group key={index} gap="xs" wrap="nowrap">
          <TextInput
            flex={1}
            aria-label={`Name of variable ${index + 1}`}
            placeholder="NAME"
            maxLength={200}
            classNames={{ input: "code" }}
            disabled={isFixed}
            value={variable.name}
            onChange={(event) => {
              const name = event.currentTarget.value.trim();
              onChange({ environment: replaced(environment, index, { ...variable, name }) });
            }}
          />
          <TextInput
            flex={2}
            aria-label={`Value of ${variable.name || `variable ${index + 1}`}`}
            maxLength={200}
            classNames={{ input: "code" }}
            disabled={isFixed}
            value={variable.value}
            onChange={(event) => {
              const { value } = event.currentTarget;
              onChange({ environment: replaced(environment, index, { ...variable, value }) });
            }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            disabled={isFixed}
            aria-label={`Remove ${variable.name || `variable ${index + 1}`}`}
            onClick={() => onChange({ environment: removed(environment, index) })}
          >
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
      {environment.length === 0 && <Text className="quiet">There are no variables.</Text>}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          disabled={isFixed}
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange({ environment: [...environment, { name: "", value: "" }] })}
        >
          Add a variable
        </Button>
      </div>
    </Part>
  );
}
