/** A window over the page: what it is about, and what is asked or shown. */
import { Group, Modal, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

interface Props {
  title: string;
  /** Whether a key, the cross or a click beside it closes it. */
  isClosable?: boolean;
  size?: number;
  onClose: () => void;
  children: ReactNode;
}

export function Window({ title, isClosable = true, size = 440, onClose, children }: Props) {
  const titleId = useId();
  return (
    <Modal.Root
      opened
      // The page itself never scrolls; locking it would add styles that its policy forbids.
      lockScroll={false}
      closeOnClickOutside={isClosable}
      closeOnEscape={isClosable}
      onClose={onClose}
      size={size}
      yOffset="14vh"
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay />
      <Modal.Content aria-labelledby={titleId}>
        <Modal.Body pt="md">
          <Group justify="space-between" wrap="nowrap" align="flex-start" mb="sm">
            <Title order={2} id={titleId}>
              {title}
            </Title>
            {isClosable && <Modal.CloseButton aria-label="Close" />}
          </Group>
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
