/** How far a webhook is behind what happened, in a sentence. */
import { Button, Group, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { deadLettersQuery, newestSequenceQuery, type Webhook } from "../api/webhooks";
import { count } from "../lib/format";
import { Part } from "../ui/Pane";
import { When } from "../ui/When";
import { lettersInWords } from "./letters";

interface Props {
  webhook: Webhook;
  progress: Schemas["Progress"];
}

export function Progress({ webhook, progress }: Props) {
  const queries = useQueryClient();
  const newest = useQuery(newestSequenceQuery);
  const letters = useInfiniteQuery(deadLettersQuery(webhook.id)).data?.pages[0];
  const refresh = () =>
    void Promise.all(
      ["webhooks", "events", "dead-letters"].map((key) =>
        queries.invalidateQueries({ queryKey: [key] }),
      ),
    );
  const behind =
    newest.data === undefined ? undefined : Math.max(0, newest.data - progress.sequence);
  return (
    <Part title="How it is doing">
      <Text role="status">
        <State webhook={webhook} progress={progress} behind={behind} />
      </Text>
      {progress.waiting > 0 && (
        <Text c="var(--warn)">
          {count(progress.waiting, "conversation")} {progress.waiting === 1 ? "waits" : "wait"} for
          another attempt.
        </Text>
      )}
      {letters && letters.items.length > 0 && (
        <Text>
          <Link to="/dead-letters" search={{ target: webhook.id }} className="anchor">
            {lettersInWords(letters.items.length, letters.nextCursor != null)}
          </Link>
        </Text>
      )}
      <Group>
        <Button size="compact-sm" variant="default" onClick={refresh}>
          Look again
        </Button>
      </Group>
    </Part>
  );
}

function State({ webhook, progress, behind }: Props & { behind: number | undefined }) {
  if (progress.pausedUntil && Date.parse(progress.pausedUntil) > Date.now()) {
    return (
      <>
        {count(progress.failures, "attempt")} failed one after the other. The next comes{" "}
        <When at={progress.pausedUntil} />, and nothing is lost meanwhile.
      </>
    );
  }
  if (webhook.enabled === false) {
    return behind ? `It is off; ${count(behind, "event")} came since.` : "It is off.";
  }
  if (behind === undefined) return `It has seen everything up to event ${progress.sequence}.`;
  if (behind === 0) return "It has seen everything that happened.";
  return `It is ${count(behind, "event")} behind.`;
}
