/** What a policy was before: each version with what it changed, and the way back to it. */
import { Group, Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Policy, versionsQuery } from "../api/queries";
import { isJson, isObject } from "../lib/json";
import { Diff } from "../ui/Diff";
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
                <Diff before={lines(rows[index + 1]?.policy)} after={lines(row.policy)} />
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

/** A document as lines; one that is not there has none. */
function lines(policy: unknown): string[] {
  const document = isJson(policy) && isObject(policy) ? documentOf(policy) : {};
  return Object.keys(document).length === 0 ? [] : JSON.stringify(document, null, 2).split("\n");
}
