/** Where a conversation is, in a word. */
import { Badge } from "@mantine/core";
import { stateName } from "./conversation";

const COLOURS: Record<string, string> = {
  QUEUED: "yellow",
  OFFERED: "orange",
  ASSIGNED: "green",
  BOT: "indigo",
};

export function StateBadge({ state }: { state: string }) {
  return (
    <Badge size="sm" variant="light" color={COLOURS[state] ?? "gray"} tt="none">
      {stateName(state)}
    </Badge>
  );
}
