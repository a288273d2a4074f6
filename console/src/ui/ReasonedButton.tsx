/** A button that, when it cannot be pressed, says why, and can still be found by keyboard. */
import { Button, type ButtonProps, Tooltip } from "@mantine/core";

interface Props extends ButtonProps {
  /** Why it cannot be pressed, if it cannot. */
  reason: string | undefined;
  onClick: () => void;
  "aria-label"?: string;
  title?: string;
}

export function ReasonedButton({ reason, onClick, ...props }: Props) {
  const isOff = reason !== undefined;
  return (
    <Tooltip label={reason} disabled={!isOff}>
      <Button
        {...props}
        aria-disabled={isOff}
        data-disabled={isOff || undefined}
        onClick={() => {
          if (!isOff) onClick();
        }}
      />
    </Tooltip>
  );
}
