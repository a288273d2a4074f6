/** What the deployed versions wrote, and why runs failed: the newest first, as it is written. */
import {
  Button,
  Group,
  NativeSelect,
  Skeleton,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { functionLogsQuery, type UsherFunction } from "../api/functions";
import { FailureNote } from "../ui/Failures";
import { LogLines } from "./LogLines";
import { useTail } from "./tail";

const route = getRouteApi("/shell/functions/$functionId");
const PAUSE = 250;

export function LogsPanel({ it }: { it: UsherFunction }) {
  const { level, request, follow } = route.useSearch();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), PAUSE);
  const filter = useMemo(
    () => ({ ...(level && { level }), ...(request && { request }), ...(search && { search }) }),
    [level, request, search],
  );
  const isFollowing = follow === undefined;
  const log = useInfiniteQuery(functionLogsQuery(it.id, filter));
  const entries = log.data?.pages.flatMap((page) => page.items);
  const failure = useTail(it.id, filter, isFollowing);
  const go = (change: { level?: string; request?: string; follow?: string }) =>
    void navigate({
      to: ".",
      search: (before) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value)),
      replace: true,
    });
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap">
        <TextInput
          flex={1}
          type="search"
          aria-label="Search the log"
          placeholder="Text in the log"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <NativeSelect
          aria-label="Level"
          value={level ?? ""}
          data={[
            { value: "", label: "all levels" },
            { value: "warn", label: "warnings and errors" },
            { value: "error", label: "errors" },
          ]}
          onChange={(event) => go({ level: event.currentTarget.value })}
        />
        <Switch
          label="Follow"
          checked={isFollowing}
          onChange={(event) => go({ follow: event.currentTarget.checked ? "" : "no" })}
        />
      </Group>
      {request && (
        <Group gap="xs">
          <Text size="sm">Only the run {request}</Text>
          <Button size="compact-sm" variant="subtle" onClick={() => go({ request: "" })}>
            Show all
          </Button>
        </Group>
      )}
      {failure && (
        <Text size="sm" role="status" c="var(--warn)">
          The log is not followed at the moment, and tried again: {failure.message}
        </Text>
      )}
      {log.error ? (
        <FailureNote error={log.error} retry={() => void log.refetch()} />
      ) : !entries ? (
        <Skeleton height={160} />
      ) : (
        <>
          {entries.length === 0 && !log.hasNextPage && (
            <Text className="quiet">
              {Object.keys(filter).length > 0
                ? "No entry is like this."
                : "Nothing is written yet. What deployed versions write with console.info, warn or error stands here for 30 days; runs on samples are not kept."}
            </Text>
          )}
          <div role="log" aria-label="What was written">
            <LogLines lines={entries} onRequest={(requestId) => go({ request: requestId })} />
          </div>
          {log.hasNextPage && (
            <Group justify="center">
              <Button
                size="xs"
                variant="default"
                loading={log.isFetchingNextPage}
                onClick={() => void log.fetchNextPage()}
              >
                {entries.length === 0 ? "Look further back" : "Show older ones"}
              </Button>
            </Group>
          )}
        </>
      )}
    </Stack>
  );
}
