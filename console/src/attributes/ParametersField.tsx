/** What a function is given: constants, and what attributes have at that moment. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  NativeSelect,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { attributesQuery } from "../api/queries";
import { removed, replaced } from "../lib/json";
import { faultOf, type Parameter } from "./call";

interface Props {
  parameters: Parameter[];
  isFixed: boolean;
  onChange: (parameters: Parameter[]) => void;
}

const SOURCES = [
  { value: "ATTRIBUTE", label: "attribute" },
  { value: "CONSTANT", label: "constant" },
];

export function ParametersField({ parameters, isFixed, onChange }: Props) {
  const attributes = useQuery(attributesQuery).data ?? [];
  const fault = faultOf(parameters);
  const change = (index: number, members: Partial<Parameter>) => {
    const before = parameters[index];
    if (before) onChange(replaced(parameters, index, { ...before, ...members }));
  };
  return (
    <Stack gap={8} role="group" aria-label="Parameters">
      <div>
        <Text size="sm" fw={600}>
          Parameters
        </Text>
        <Text size="sm" className="quiet">
          One without a name is the payload itself; named ones are an object; several without names
          are a list.
        </Text>
      </div>
      {parameters.map((parameter, index) => {
        const which = `parameter ${index + 1}`;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: parameters are known by their place
          <Group key={index} gap="xs" wrap="nowrap">
            <TextInput
              w={150}
              aria-label={`Name of ${which}`}
              placeholder="name, optional"
              disabled={isFixed}
              value={parameter.name}
              onChange={(event) => change(index, { name: event.currentTarget.value.trim() })}
            />
            <NativeSelect
              w={120}
              aria-label={`Source of ${which}`}
              disabled={isFixed}
              data={SOURCES}
              value={parameter.source}
              onChange={(event) =>
                change(index, {
                  source: event.currentTarget.value === "CONSTANT" ? "CONSTANT" : "ATTRIBUTE",
                })
              }
            />
            {parameter.source === "ATTRIBUTE" ? (
              <Autocomplete
                flex={1}
                aria-label={`Value of ${which}`}
                placeholder="consumer.id"
                limit={20}
                classNames={{ input: "code" }}
                disabled={isFixed}
                data={attributes.map((one) => one.name)}
                value={parameter.value}
                onChange={(value) => change(index, { value })}
              />
            ) : (
              <TextInput
                flex={1}
                aria-label={`Value of ${which}`}
                placeholder="text, or JSON"
                classNames={{ input: "code" }}
                disabled={isFixed}
                value={parameter.value}
                onChange={(event) => change(index, { value: event.currentTarget.value })}
              />
            )}
            <ActionIcon
              variant="subtle"
              color="gray"
              disabled={isFixed}
              aria-label={`Remove ${which}`}
              onClick={() => onChange(removed(parameters, index))}
            >
              <IconX size={16} />
            </ActionIcon>
          </Group>
        );
      })}
      {fault && (
        <Text size="sm" c="var(--bad)">
          {fault}
        </Text>
      )}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          disabled={isFixed}
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...parameters, { name: "", source: "ATTRIBUTE", value: "" }])}
        >
          Add a parameter
        </Button>
      </div>
    </Stack>
  );
}
