/** How often the deployed versions ran, how often they failed, and how long they took. */
import { Button, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { functionUsageQuery, type UsherFunction } from "../api/functions";
import { count, microseconds, number, percent } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import { Effect } from "../ui/Pane";

type Usage = Schemas["FunctionUsage"];

const PERIODS = [
  { key: "lastHour", name: "This hour and the one before" },
  { key: "lastDay", name: "A day" },
  { key: "lastWeek", name: "7 days" },
  { key: "lastMonth", name: "30 days" },
] as const;

export function UsagePanel({ it }: { it: UsherFunction }) {
  const usage = useQuery(functionUsageQuery(it.id));
  if (usage.error) return <FailureNote error={usage.error} retry={() => void usage.refetch()} />;
  if (!usage.data) return <Skeleton height={200} />;
  const usages = usage.data;
  return (
    <Stack gap="sm">
      <Effect>{inWords(usages.lastDay)}</Effect>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>In</Table.Th>
            <Table.Th ta="right">Runs</Table.Th>
            <Table.Th ta="right">Failed</Table.Th>
            <Table.Th ta="right">Half within</Table.Th>
            <Table.Th ta="right">99% within</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="number">
          {PERIODS.map(({ key, name }) => (
            <Row key={key} name={name} usage={usages[key]} />
          ))}
        </Table.Tbody>
      </Table>
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="quiet">
          Each counts from the full hour. Runs on samples are not counted.
        </Text>
        <Button
          size="xs"
          variant="default"
          loading={usage.isRefetching}
          onClick={() => void usage.refetch()}
        >
          Count anew
        </Button>
      </Group>
    </Stack>
  );
}

function Row({ name, usage }: { name: string; usage: Usage }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {name}
      </Table.Th>
      <Table.Td ta="right">{number(usage.runs)}</Table.Td>
      <Table.Td ta="right" c={usage.failed > 0 ? "var(--bad)" : undefined}>
        {failedOf(usage)}
      </Table.Td>
      <Table.Td ta="right">{within(usage.p50Ms)}</Table.Td>
      <Table.Td ta="right">{within(usage.p99Ms)}</Table.Td>
    </Table.Tr>
  );
}

function failedOf({ runs, failed }: Usage): string {
  return failed === 0 ? "0" : `${number(failed)} (${percent(failed / runs)})`;
}

function within(milliseconds: number | null | undefined): string {
  return milliseconds == null ? "–" : microseconds(milliseconds * 1_000);
}

function inWords(day: Usage): string {
  if (day.runs === 0) return "In the last day nothing ran it.";
  const failed = day.failed === 0 ? "none failed" : `${number(day.failed)} failed`;
  return `In the last day it ran ${count(day.runs, "time")}; ${failed}.`;
}
