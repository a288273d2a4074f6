/** What a policy is called, and why it is there. */
import { Stack, Textarea, TextInput } from "@mantine/core";
import { textOf } from "../lib/json";
import classes from "./Form.module.css";
import type { FormProps } from "./GuardForm";
import { Problems } from "./Problems";
import { within } from "./problems";

export function NameForm({ value, problems, refusal, onChange, onMend }: FormProps) {
  return (
    <Stack gap={10} className={classes.section}>
      <TextInput
        label="Name"
        maxLength={200}
        disabled={refusal !== undefined}
        value={textOf(value, "name")}
        onChange={(event) => onChange({ ...value, name: event.currentTarget.value })}
      />
      <Problems problems={within(problems, "/name")} onMend={onMend} />
      <Textarea
        label="Why it is there"
        autosize
        minRows={1}
        maxRows={5}
        disabled={refusal !== undefined}
        value={textOf(value, "description")}
        onChange={(event) => onChange({ ...value, description: event.currentTarget.value })}
      />
    </Stack>
  );
}
