/** Guards and actions that outrank those of the policy, tried first and in order. */
import { ActionIcon, Button, Stack, Switch, Text } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { type JsonObject, removed, replaced } from "../lib/json";
import { ActionsForm } from "./ActionsForm";
import { exceptionPointer, exceptionsOf, withExceptions } from "./document";
import { type FormProps, GuardForm, Section } from "./GuardForm";

const NEW_EXCEPTION: JsonObject = {
  conditions: [{ property: "", type: "EQUAL", value: "" }],
  actions: [{ type: "TRANSFER_TO_SKILL", payload: { skillId: "" } }],
  requiresRoot: true,
};

export function ExceptionsForm(props: FormProps) {
  const { value: policy, refusal, onChange } = props;
  const exceptions = exceptionsOf(policy);
  const change = (next: JsonObject[]) => onChange(withExceptions(policy, next));
  return (
    <>
      {exceptions.map((exception, index) => {
        const form = {
          ...props,
          value: exception,
          pointer: exceptionPointer(policy, index),
          onChange: (next: JsonObject) => change(replaced(exceptions, index, next)),
        };
        const needsRoot = exception["requiresRoot"] === true;
        return (
          <Section
            // biome-ignore lint/suspicious/noArrayIndexKey: an exception has no name, its place is what it is
            key={index}
            title={exceptions.length === 1 ? "Except when" : `Except when (${index + 1})`}
            hint="Tried before the rest of the policy; its actions then take the place of those above."
            aside={
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label="Remove this exception"
                disabled={refusal !== undefined}
                onClick={() => change(removed(exceptions, index))}
              >
                <IconX size={16} />
              </ActionIcon>
            }
          >
            <Stack gap={12}>
              <GuardForm {...form} />
              <Switch
                size="xs"
                label="Only if the policy itself applies too"
                disabled={refusal !== undefined}
                checked={needsRoot}
                onChange={(event) =>
                  form.onChange({ ...exception, requiresRoot: event.currentTarget.checked })
                }
              />
              <Text size="sm" fw={600}>
                Then instead
              </Text>
              <ActionsForm {...form} />
            </Stack>
          </Section>
        );
      })}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={refusal !== undefined}
          onClick={() => change([...exceptions, NEW_EXCEPTION])}
        >
          Add an exception
        </Button>
      </div>
    </>
  );
}
