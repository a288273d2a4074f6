/** One policy: three views of the same document, with what it would do beside them. */
import {
  ActionIcon,
  Alert,
  Button,
  Group,
  Menu,
  SegmentedControl,
  Skeleton,
  Stack,
  Tabs,
  Text,
} from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconCopy, IconDots, IconHistory, IconTrash, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { Actor } from "../access/Actor";
import { api, body } from "../api/client";
import { type Policy, policiesQuery } from "../api/queries";
import { count } from "../lib/format";
import { isSame, type JsonObject, textOf } from "../lib/json";
import { useRefusal } from "../lib/permissions";
import { ActionsForm } from "../policies/ActionsForm";
import { useDuplicate, useSave } from "../policies/changes";
import { asWritten, documentOf, NEW_POLICY } from "../policies/document";
import { ExceptionsForm } from "../policies/ExceptionsForm";
import { ExpressionField } from "../policies/ExpressionField";
import { GuardForm, Section } from "../policies/GuardForm";
import { JsonView } from "../policies/JsonView";
import { NameForm } from "../policies/NameForm";
import { EnabledSwitch, useDeleteWithUndo } from "../policies/PolicyRow";
import { isUnfilled, mended, type Problem } from "../policies/problems";
import { TryPanel } from "../policies/TryPanel";
import { VersionsPanel } from "../policies/VersionsPanel";
import { Empty, FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { When } from "../ui/When";
import classes from "./PolicyPage.module.css";

const route = getRouteApi("/shell/policies/$policyId");
const NEW = "new";
const NO_PROBLEMS: readonly Problem[] = [];

export function PolicyPage() {
  const { policyId } = route.useParams();
  const policies = useQuery(policiesQuery);
  const policy = policies.data?.find((one) => one.id === policyId);
  if (policyId === NEW) return <Editor key={NEW} policy={undefined} />;
  if (policy) return <Editor key={policyId} policy={policy} />;
  if (policies.isPending) {
    return (
      <div className={classes.pane}>
        <Skeleton height={28} width="40%" m="md" />
        <Skeleton height={180} m="md" />
      </div>
    );
  }
  if (policies.error) {
    return (
      <div className={classes.pane}>
        <Stack p="md">
          <FailureNote error={policies.error} retry={() => void policies.refetch()} />
        </Stack>
      </div>
    );
  }
  return (
    <div className={classes.pane}>
      <Empty title="There is no such policy">
        <Text className="quiet">It may have been deleted; the audit log says by whom.</Text>
        <Link to="/policies">Back to the list</Link>
      </Empty>
    </div>
  );
}

function Editor({ policy }: { policy: Policy | undefined }) {
  const { view = "form", side = "try" } = route.useSearch();
  const navigate = useNavigate();
  const refusal = useRefusal("PoliciesWrite");
  /** What is edited, and the version it began from. */
  const [base, setBase] = useState(policy);
  const [draft, setDraft] = useState<JsonObject>(() => (policy ? documentOf(policy) : NEW_POLICY));
  /** JSON that is not one yet, kept as it is typed. */
  const [broken, setBroken] = useState<string>();
  const saved = useMemo(() => (base ? documentOf(base) : NEW_POLICY), [base]);
  const isChanged = broken !== undefined || !isSame(draft, saved);
  const isOvertaken = policy !== undefined && base !== undefined && policy.version !== base.version;
  const check = useCheck(draft);
  const save = useSave(base);
  const isLeaving = useRef(false);

  const take = (next: Policy) => {
    setBase(next);
    setDraft(documentOf(next));
    setBroken(undefined);
    save.reset();
  };
  // What others saved is taken up at once where nobody has typed.
  useEffect(() => {
    if (policy && isOvertaken && !isChanged) {
      setBase(policy);
      setDraft(documentOf(policy));
    }
  }, [policy, isOvertaken, isChanged]);

  useBlocker({
    shouldBlockFn: ({ current, next }) => {
      const isWithin =
        "policyId" in current.params &&
        "policyId" in next.params &&
        current.params.policyId === next.params.policyId;
      if (!isChanged || isLeaving.current || isWithin) return false;
      return !window.confirm("What you typed in this policy is not saved. Leave it?");
    },
    enableBeforeUnload: () => isChanged && !isLeaving.current,
  });

  // What is not filled in yet is no mistake before somebody has tried to save it.
  const problems =
    base || save.error ? check.problems : check.problems.filter((one) => !isUnfilled(draft, one));
  const isComplete = problems.length === check.problems.length;
  const mistakes = problems.filter((problem) => problem.severity === "ERROR");
  const reason =
    refusal ??
    (broken !== undefined
      ? "The JSON has a mistake."
      : textOf(draft, "name").trim() === ""
        ? "Give it a name first."
        : !isChanged
          ? "Nothing has changed."
          : undefined);
  const submit = () => {
    if (reason !== undefined || save.isPending) return;
    save.mutate(draft, {
      onSuccess: (next) => {
        take(next);
        notifications.show({
          message: base
            ? `Version ${next.version} of “${next.name}” is saved.`
            : `“${next.name}” is the last in the list, and off until you switch it on.`,
        });
        if (!base) {
          isLeaving.current = true;
          void navigate({ to: "/policies/$policyId", params: { policyId: next.id }, search: true });
        }
      },
    });
  };
  useHotkeys([["mod+S", submit]], [], true);

  const form = {
    value: draft,
    pointer: "",
    problems,
    refusal,
    onChange: setDraft,
    onMend: (problem: Problem) => setDraft(mended(draft, problem)),
  };
  return (
    <article className={classes.pane} aria-label={base ? `Policy ${base.name}` : "New policy"}>
      <header className={classes.header}>
        <Group gap="sm" wrap="nowrap" className={classes.heading}>
          {policy && <EnabledSwitch policy={policy} />}
          <div className={classes.named}>
            <h1 className={`${classes.title} cut`}>
              {textOf(draft, "name") || (base ? "Unnamed" : "New policy")}
            </h1>
            <Text size="sm" className="quiet cut">
              {base ? (
                <>
                  Place {(policy ?? base).position + 1} · version {base.version} ·{" "}
                  <When at={base.updatedAt} /> by <Actor actor={base.updatedBy} />
                </>
              ) : (
                "It will be the last in the list, and off."
              )}
            </Text>
          </div>
        </Group>
        <Group gap="xs" wrap="nowrap">
          {isChanged && base && (
            <Button size="xs" variant="default" onClick={() => take(policy ?? base)}>
              Discard
            </Button>
          )}
          <ReasonedButton size="xs" reason={reason} loading={save.isPending} onClick={submit}>
            Save
          </ReasonedButton>
          {policy && <EditorMenu policy={policy} onLeave={() => (isLeaving.current = true)} />}
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Close the editor"
            renderRoot={(props) => <Link to="/policies" search={{}} {...props} />}
          >
            <IconX size={18} />
          </ActionIcon>
        </Group>
      </header>
      <div className={classes.body}>
        <div className={classes.document}>
          <Group justify="space-between" wrap="nowrap">
            <SegmentedControl
              size="xs"
              aria-label="View"
              value={view}
              data={[
                { value: "form", label: "Form" },
                { value: "expression", label: "Expression" },
                { value: "json", label: "JSON" },
              ]}
              onChange={(next) =>
                void navigate({
                  to: ".",
                  search: (search) => ({ ...search, view: next }),
                  replace: true,
                })
              }
            />
            <Text
              size="sm"
              role="status"
              c={mistakes.length > 0 ? "var(--bad)" : undefined}
              className={mistakes.length > 0 ? "" : "quiet"}
            >
              {broken !== undefined
                ? "not yet JSON"
                : mistakes.length > 0
                  ? count(mistakes.length, "mistake")
                  : isComplete
                    ? "no mistakes"
                    : "not complete yet"}
            </Text>
          </Group>
          {save.error && (
            <Alert
              color="red"
              variant="light"
              title="It was not saved; what you typed is still here"
            >
              {save.error.message}
            </Alert>
          )}
          {isOvertaken && isChanged && policy && (
            <Alert
              color="yellow"
              variant="light"
              title={`Version ${policy.version} was saved by ${policy.updatedBy} meanwhile`}
            >
              <Group gap="xs">
                <Button size="compact-sm" variant="default" onClick={() => take(policy)}>
                  Take theirs
                </Button>
                <Button size="compact-sm" variant="default" onClick={() => setBase(policy)}>
                  Keep mine over theirs
                </Button>
              </Group>
            </Alert>
          )}
          {broken !== undefined && view !== "json" && (
            <Alert color="yellow" variant="light" title="The JSON has a mistake">
              What you typed there is kept; below is the policy before it.
            </Alert>
          )}
          {view === "form" && (
            <>
              <NameForm {...form} />
              <Section title="When" hint="All of these must hold.">
                <GuardForm {...form} />
              </Section>
              <Section title="Then" hint="Done in this order.">
                <ActionsForm {...form} />
              </Section>
              <ExceptionsForm {...form} />
            </>
          )}
          {view === "expression" && (
            <Section title="When">
              <ExpressionField {...form} />
            </Section>
          )}
          {view === "json" && (
            <JsonView
              draft={draft}
              broken={broken}
              problems={problems}
              refusal={refusal}
              onChange={setDraft}
              onBroken={setBroken}
            />
          )}
        </div>
        <Tabs
          className={classes.side}
          value={side}
          onChange={(next) =>
            void navigate({
              to: ".",
              search: (search) => ({ ...search, side: next === "versions" ? "versions" : "try" }),
              replace: true,
            })
          }
        >
          <Tabs.List>
            <Tabs.Tab value="try">Try it</Tabs.Tab>
            <Tabs.Tab value="versions" disabled={!base}>
              Versions
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="try" pt="sm">
            {side === "try" && <TryPanel draft={draft} isComplete={isComplete} />}
          </Tabs.Panel>
          <Tabs.Panel value="versions" pt="sm">
            {side === "versions" && base && (
              <VersionsPanel
                policy={base}
                refusal={refusal}
                isChanged={isChanged}
                onReverted={take}
              />
            )}
          </Tabs.Panel>
        </Tabs>
      </div>
    </article>
  );
}

/** Milliseconds of quiet before what is typed is checked. */
const PAUSE = 200;

/** Returns what is wrong with a draft; while it is asked, what was wrong before. */
function useCheck(draft: JsonObject) {
  const [settled] = useDebouncedValue(draft, PAUSE);
  const check = useQuery({
    queryKey: ["policies", "check", settled],
    queryFn: async () =>
      body(await api.POST("/api/v1/policies/check", { body: asWritten(settled) })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  return { problems: check.data?.problems ?? NO_PROBLEMS };
}

function EditorMenu({ policy, onLeave }: { policy: Policy; onLeave: () => void }) {
  const navigate = useNavigate();
  const refusal = useRefusal("PoliciesWrite");
  const duplicate = useDuplicate();
  const remove = useDeleteWithUndo();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More about this policy">
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {refusal && <Menu.Label>{refusal}</Menu.Label>}
        <Menu.Item
          leftSection={<IconHistory size={15} />}
          onClick={() => void navigate({ to: "/decisions", search: { policy: policy.id } })}
        >
          Decisions it won
        </Menu.Item>
        <Menu.Item
          leftSection={<IconCopy size={15} />}
          disabled={refusal !== undefined}
          onClick={() =>
            duplicate.mutate(policy, {
              onSuccess: (copy) =>
                void navigate({ to: "/policies/$policyId", params: { policyId: copy.id } }),
            })
          }
        >
          Duplicate
        </Menu.Item>
        <Menu.Item
          color="red"
          leftSection={<IconTrash size={15} />}
          disabled={refusal !== undefined}
          onClick={() => {
            onLeave();
            remove(policy);
            void navigate({ to: "/policies" });
          }}
        >
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
