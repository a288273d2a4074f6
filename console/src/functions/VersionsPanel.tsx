/** What was deployed, what each version changed, and the way back to it. */
import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Actor } from "../access/Actor";
import type { Schemas } from "../api/client";
import { functionVersionsQuery, type UsherFunction, useFunctionChanges } from "../api/functions";
import { useRefusal } from "../lib/permissions";
import { complain } from "../policies/changes";
import list from "../policies/VersionsPanel.module.css";
import { Diff } from "../ui/Diff";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { Tag } from "../ui/Tag";
import { When } from "../ui/When";

type Code = Pick<Schemas["FunctionVersion"], "source" | "environment" | "timeoutMs">;

export function VersionsPanel({ it, isChanged }: { it: UsherFunction; isChanged: boolean }) {
  const versions = useQuery(functionVersionsQuery(it.id));
  const [opened, setOpened] = useState<number>();
  if (versions.error)
    return <FailureNote error={versions.error} retry={() => void versions.refetch()} />;
  if (!versions.data) return <Skeleton height={160} />;
  const rows = versions.data;
  const running = rows.find((row) => row.version === it.deployedVersion);
  const draft: Code = {
    source: it.source,
    environment: it.environment ?? {},
    timeoutMs: it.timeoutMs ?? 0,
  };
  if (rows.length === 0)
    return <Text className="quiet">It was never deployed. The last five versions are kept.</Text>;
  return (
    <Stack gap="sm">
      {it.state === "MODIFIED" && running && (
        <section aria-label="What deploying would change">
          <Text fw={600} mb={6}>
            What deploying would change
          </Text>
          <Diff before={linesOf(running)} after={linesOf(draft)} />
          {isChanged && (
            <Text size="sm" className="quiet">
              What you typed and have not saved is not in it.
            </Text>
          )}
        </section>
      )}
      <ol className={list.versions}>
        {rows.map((row, index) => {
          const isOpen = opened === row.version;
          const before = rows[index + 1];
          return (
            <li key={row.version} className={list.version}>
              <button
                type="button"
                className={list.head}
                aria-expanded={isOpen}
                onClick={() => setOpened(isOpen ? undefined : row.version)}
              >
                <span className="number">Version {row.version}</span>
                <span className={`${list.about} quiet cut`}>
                  deployed <When at={row.deployedAt} /> by <Actor actor={row.deployedBy} />{" "}
                  {row.version === it.deployedVersion && <Tag tone="good">runs</Tag>}
                </span>
              </button>
              {isOpen && (
                <Stack gap="xs" pb="sm">
                  <Diff before={before ? linesOf(before) : []} after={linesOf(row)} />
                  {row.version !== it.deployedVersion && <Back it={it} version={row.version} />}
                </Stack>
              )}
            </li>
          );
        })}
      </ol>
    </Stack>
  );
}

function Back({ it, version }: { it: UsherFunction; version: number }) {
  const refusal = useRefusal("FunctionsWrite");
  const { rollBack } = useFunctionChanges();
  return (
    <Group>
      <ReasonedButton
        size="compact-sm"
        variant="default"
        reason={refusal}
        loading={rollBack.isPending}
        onClick={() =>
          rollBack.mutate(
            { id: it.id, version },
            {
              onSuccess: (after) =>
                notifications.show({
                  message: `Version ${version} runs again, as version ${after.deployedVersion}; the draft is as it was.`,
                }),
              onError: (error) => complain("It was not rolled back", error),
            },
          )
        }
      >
        Let version {version} run again
      </ReasonedButton>
    </Group>
  );
}

/** Writes what a version is in lines: what it reads and how long it may take, then its source. */
function linesOf({ source, environment, timeoutMs }: Code): string[] {
  const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `// at most ${timeoutMs} ms`,
    ...variables.map(([name, value]) => `// ${name}=${value}`),
    ...source.split("\n"),
  ];
}
