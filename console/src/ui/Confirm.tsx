/** Asks once before what cannot be taken back, and says what it leads to. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** What happens if it is done. */
  children: ReactNode;
  /** The word on the button that does it. */
  action: string;
  isPending: boolean;
  error: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, children, action, isPending, error, ...on }: Props) {
  return (
    <Modal
      opened
      onClose={on.onClose}
      title={title}
      yOffset="16vh"
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <Text component="div">{children}</Text>
        {error && (
          <Alert color="red" variant="light" title="It was not done; everything is as it was">
            {error.message}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="default" data-autofocus onClick={on.onClose}>
            Cancel
          </Button>
          <Button size="xs" color="red.9" loading={isPending} onClick={on.onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
