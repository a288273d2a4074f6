/** The way back from what is opened to its list. */
import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ComponentProps, ReactNode } from "react";

interface Props {
  label: string;
  /** The link that it is, with what makes it look like a button. */
  link: (props: ComponentProps<"a">) => ReactNode;
}

export function CloseIcon({ label, link }: Props) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} renderRoot={link}>
      <IconX size={18} />
    </ActionIcon>
  );
}
