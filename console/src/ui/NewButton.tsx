/** Makes another one; beside what is opened its name is short. */
import { IconPlus } from "@tabler/icons-react";
import { ReasonedButton } from "./ReasonedButton";

interface Props {
  /** What it makes: New skill. */
  label: string;
  isShort: boolean;
  /** Why it cannot be pressed, if it cannot. */
  reason: string | undefined;
  onClick: () => void;
}

export function NewButton({ label, isShort, reason, onClick }: Props) {
  return (
    <ReasonedButton
      size="xs"
      leftSection={<IconPlus size={15} />}
      reason={reason}
      aria-label={label}
      onClick={onClick}
    >
      {isShort ? "New" : label}
    </ReasonedButton>
  );
}
