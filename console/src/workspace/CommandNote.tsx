/** What a command has answered: the agent sees it, nobody else, and it is kept nowhere. */
import { Alert, CloseButton, Group, Text } from "@mantine/core";
import { FailureNote } from "../ui/Failures";
import classes from "./Composer.module.css";

interface Props {
  /** What was given, as it was written. */
  written: string;
  text: string | undefined;
  error: Error | null;
  onClose: () => void;
}

export function CommandNote({ written, text, error, onClose }: Props) {
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <div className={classes.answer}>
        {error ? (
          <FailureNote error={error} />
        ) : (
          <Alert variant="light" color="gray" title={written} role="status">
            <Text size="sm" className={classes.lines}>
              {text ?? "Done."}
            </Text>
            <Text size="xs" className="quiet">
              Only you see it.
            </Text>
          </Alert>
        )}
      </div>
      <CloseButton aria-label="Take the answer away" onClick={onClose} />
    </Group>
  );
}
