/** What a policy was before: each version with what it changed, and the way back to it. */
import { Group, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Policy, versionsQuery } from "../api/queries";
import { type DiffLine, lineDiff } from "../lib/diff";
import { isJson, isObject, type JsonObject } from "../lib/json";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { When } from "../ui/When";
import { useRevert } from "./changes";
import { documentOf } from "./document";
import classes from "./VersionsPanel.module.css";

interface Props {
  policy: Policy;
  refusal: string | undefined;
  /** Whether something is typed that a revert would lose. */
  isChanged: boolean;
  onReverted: (policy: Policy) => void;
}

const CHANGES: Record<string, string> = {
  create: "added",
  update: "changed",
  enable: "switched on",
  disable: "switched off",
  move: "moved",
  revert: "brought back",
  import: "imported",
  duplicate: "copied",
  delete: "deleted",
};

export function VersionsPanel({ policy, refusal, isChanged, onReverted }: Props) {
  const versions = useQuery(versionsQuery(policy.id));
  const [opened, setOpened] = useState<number>();
  const revert = useRevert();
  if (versions.error)
    return <FailureNote error={versions.error} retry={() => void versions.refetch()} />;
  if (!versions.data) return <Skeleton height={160} />;
  const rows = versions.data;
  const reason = refusal ?? (isChanged ? "Save or discard what you typed first." : undefined);
  return (
    <ol className={classes.versions}>
      {rows.map((row, index) => {
        const isOpen = opened === row.revision;
        const isCurrent = row.version === policy.version;
        return (
          <li key={row.revision} className={classes.version}>
            <button
              type="button"
              className={classes.head}
              aria-expanded={isOpen}
              onClick={() => setOpened(isOpen ? undefined : row.revision)}
            >
              <span className="number">{row.version ? `Version ${row.version}` : "–"}</span>
              <span className={`${classes.about} quiet cut`}>
                {CHANGES[row.change] ?? row.change} <When at={row.at} /> by {row.by}
              </span>
            </button>
            {isOpen && (
              <Stack gap="xs" pb="sm">
                <Diff before={asDocument(rows[index + 1]?.policy)} after={asDocument(row.policy)} />
                {row.version && !isCurrent && (
                  <Group>
                    <ReasonedButton
                      size="compact-sm"
                      variant="default"
                      reason={reason}
                      loading={revert.isPending}
                      onClick={() => {
                        const wanted = { policyId: policy.id, version: row.version ?? 0 };
                        revert.mutate(wanted, { onSuccess: onReverted });
                      }}
                    >
                      Bring version {row.version} back
                    </ReasonedButton>
                  </Group>
                )}
              </Stack>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function asDocument(policy: unknown): JsonObject {
  return isJson(policy) && isObject(policy) ? documentOf(policy) : {};
}

function Diff({ before, after }: { before: JsonObject; after: JsonObject }) {
  const write = (document: JsonObject) =>
    Object.keys(document).length === 0 ? [] : JSON.stringify(document, null, 2).split("\n");
  const lines = lineDiff(write(before), write(after));
  if (lines.every((line) => line.kind === "same")) {
    return (
      <Text size="sm" className="quiet">
        Nothing that is written changed.
      </Text>
    );
  }
  return (
    <pre className={classes.diff}>
      {near(lines).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name, and are not moved here
        <span key={index} className={classes.line} data-kind={line.kind}>
          {line.kind === "added" ? "+ " : line.kind === "removed" ? "− " : "  "}
          {line.text}
        </span>
      ))}
    </pre>
  );
}

/** Lines around a change that are shown with it. */
const CONTEXT = 2;

/** Leaves out what is far from any change. */
function near(lines: readonly DiffLine[]): DiffLine[] {
  return lines.filter((_, at) =>
    lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((line) => line.kind !== "same"),
  );
}
