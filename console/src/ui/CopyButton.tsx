/** Puts a text where it can be pasted from; where the browser forbids that, it says so. */
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";

export function CopyButton({ value, what }: { value: string; what: string }) {
  const clipboard = useClipboard({ timeout: 2_500 });
  const said = clipboard.error ? "Copy it by hand" : clipboard.copied ? "Copied" : "Copy";
  return (
    <Button
      variant="default"
      flex="none"
      aria-label={`${said}: ${what}`}
      leftSection={clipboard.copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
      onClick={() => clipboard.copy(value)}
    >
      {said}
    </Button>
  );
}
