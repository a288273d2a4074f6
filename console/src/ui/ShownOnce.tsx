/** Secrets that are shown this once: it goes only when the reader says that they are kept. */
import { Alert, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { CopyButton } from "./CopyButton";

export interface Shown {
  name: string;
  /** Where it is used. */
  about: string;
  value: string;
}

interface Props {
  title: string;
  /** What cannot be done any more once this is closed. */
  warning: string;
  values: readonly Shown[];
  onKept: () => void;
}

export function ShownOnce({ title, warning, values, onKept }: Props) {
  return (
    <Modal
      opened
      // A secret that is closed by mistake is lost: only the button closes.
      onClose={() => {}}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      title={title}
      size={560}
      yOffset="12vh"
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />}>
          {warning}
        </Alert>
        {values.map((shown) => (
          <Group key={shown.name} gap="xs" align="flex-end" wrap="nowrap">
            <TextInput
              flex={1}
              readOnly
              label={shown.name}
              description={shown.about}
              inputWrapperOrder={["label", "description", "input"]}
              classNames={{ input: "code" }}
              value={shown.value}
              onFocus={(event) => event.currentTarget.select()}
            />
            <CopyButton value={shown.value} what={shown.name} />
          </Group>
        ))}
        <Group justify="flex-end">
          <Button size="xs" onClick={onKept}>
            I have kept {values.length === 1 ? "it" : "them"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
