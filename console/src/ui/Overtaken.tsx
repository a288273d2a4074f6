/** Says that somebody else saved what is edited, and lets the reader choose. */
import { Alert, Button, Group } from "@mantine/core";

interface Props {
  /** Who. */
  by: React.ReactNode;
  onTheirs: () => void;
  onMine: () => void;
}

export function Overtaken({ by, onTheirs, onMine }: Props) {
  return (
    <Alert color="yellow" variant="light" title={<>It was saved by {by} meanwhile</>}>
      <Group gap="xs">
        <Button size="compact-sm" variant="default" onClick={onTheirs}>
          Take theirs
        </Button>
        <Button size="compact-sm" variant="default" onClick={onMine}>
          Keep mine over theirs
        </Button>
      </Group>
    </Alert>
  );
}
