/** Saves what is edited, or goes back to what is kept. */
import { Button } from "@mantine/core";
import { ReasonedButton } from "./ReasonedButton";

interface Props {
  /** Goes back; nothing where there is nothing to go back to. */
  onDiscard: (() => void) | undefined;
  /** Why it cannot be saved, if it cannot. */
  reason: string | undefined;
  isPending: boolean;
  onSave: () => void;
}

export function SaveActions({ onDiscard, reason, isPending, onSave }: Props) {
  return (
    <>
      {onDiscard && (
        <Button size="xs" variant="default" onClick={onDiscard}>
          Discard
        </Button>
      )}
      <ReasonedButton size="xs" reason={reason} loading={isPending} onClick={onSave}>
        Save
      </ReasonedButton>
    </>
  );
}
