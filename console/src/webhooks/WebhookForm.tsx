/** What is said of a webhook: where events go, which, and whether. */
import { MultiSelect, Radio, Stack, Switch, Textarea, TextInput } from "@mantine/core";
import { choicesWith } from "./events";

export interface Wanted {
  url: string;
  description: string;
  enabled: boolean;
  /** Whether all events are wanted; without it, those that are chosen. */
  isAll: boolean;
  events: string[];
}

interface Props {
  value: Wanted;
  isFixed: boolean;
  isNew: boolean;
  onChange: (members: Partial<Wanted>) => void;
}

export function WebhookForm({ value, isFixed, isNew, onChange }: Props) {
  return (
    <Stack gap={14}>
      <TextInput
        label="Address"
        type="url"
        placeholder="https://example.com/hook"
        description="Each event is sent there as one signed POST."
        disabled={isFixed}
        autoFocus={isNew}
        value={value.url}
        onChange={(event) => onChange({ url: event.currentTarget.value })}
      />
      <Textarea
        label="What it is for"
        autosize
        minRows={1}
        maxRows={4}
        disabled={isFixed}
        value={value.description}
        onChange={(event) => onChange({ description: event.currentTarget.value })}
      />
      <Radio.Group
        label="Which events"
        value={value.isAll ? "all" : "some"}
        onChange={(chosen) => onChange({ isAll: chosen === "all" })}
      >
        <Stack gap={8} mt={6}>
          <Radio value="all" label="All, also of types to come" disabled={isFixed} />
          <Radio value="some" label="Only some" disabled={isFixed} />
        </Stack>
      </Radio.Group>
      {!value.isAll && (
        <MultiSelect
          label="Types"
          placeholder={value.events.length ? "" : "conversation.closed"}
          description="A type that ends in .* is all of its kind."
          searchable
          clearable
          limit={50}
          maxDropdownHeight={320}
          nothingFoundMessage="There is no such type."
          disabled={isFixed}
          data={choicesWith(value.events)}
          value={value.events}
          onChange={(events) => onChange({ events })}
        />
      )}
      <Switch
        label="Send events; what happens while it is off is sent when it is on again"
        disabled={isFixed}
        checked={value.enabled}
        onChange={(event) => onChange({ enabled: event.currentTarget.checked })}
      />
    </Stack>
  );
}
