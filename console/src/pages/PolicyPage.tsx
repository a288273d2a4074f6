/** One policy: three views of the same document, with what it would do beside them. */

import { Alert, Button, Group, SegmentedControl, Skeleton, Tabs, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { Actor } from "../access/Actor";
import { type Policy, policiesQuery } from "../api/queries";
import { count } from "../lib/format";
import { isSame, type JsonObject, textOf } from "../lib/json";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { ActionsForm } from "../policies/ActionsForm";
import { useSave } from "../policies/changes";
import { useProblems } from "../policies/check";
import { documentOf, NEW_POLICY, SIDES } from "../policies/document";
import { EffectPanel } from "../policies/EffectPanel";
import { ExceptionsForm } from "../policies/ExceptionsForm";
import { ExpressionField } from "../policies/ExpressionField";
import { GuardForm, Section } from "../policies/GuardForm";
import { JsonView } from "../policies/JsonView";
import { NameForm } from "../policies/NameForm";
import { PolicyMenu } from "../policies/PolicyMenu";
import { EnabledSwitch } from "../policies/PolicyRow";
import { isUnfilled, mended, type Problem } from "../policies/problems";
import { TryPanel } from "../policies/TryPanel";
import { VersionsPanel } from "../policies/VersionsPanel";
import { CloseIcon } from "../ui/CloseIcon";
import { Empty, FailureNote } from "../ui/Failures";
import { Pane } from "../ui/Pane";
import { SaveActions } from "../ui/SaveActions";
import { When } from "../ui/When";

const route = getRouteApi("/shell/policies/$policyId");
const NEW = "new";

export function PolicyPage() {
  const { policyId } = route.useParams();
  const policies = useQuery(policiesQuery);
  const policy = policies.data?.find((one) => one.id === policyId);
  if (policyId === NEW) return <Editor key={NEW} policy={undefined} />;
  if (policy) return <Editor key={policyId} policy={policy} />;
  if (policies.isPending) {
    return (
      <Pane title="Policy" about=" " actions={<Close />}>
        <Skeleton height={28} width="40%" />
        <Skeleton height={180} />
      </Pane>
    );
  }
  if (policies.error) {
    return (
      <Pane title="Policy" about=" " actions={<Close />}>
        <FailureNote error={policies.error} retry={() => void policies.refetch()} />
      </Pane>
    );
  }
  return (
    <Pane title="Policy" about=" " actions={<Close />}>
      <Empty title="There is no such policy">
        <Text className="quiet">It may have been deleted; the audit log says by whom.</Text>
        <Link to="/policies" className="anchor">
          Back to the list
        </Link>
      </Empty>
    </Pane>
  );
}

function Close() {
  return (
    <CloseIcon
      label="Close the editor"
      link={(props) => (
        <Link
          to="/policies"
          search={({ find, period }) => ({ ...(find && { find }), ...(period && { period }) })}
          {...props}
        />
      )}
    />
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
  const all = useProblems(draft);
  const save = useSave(base);

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

  const letGo = useUnsaved(isChanged);

  // What is not filled in yet is no mistake before somebody has tried to save it.
  const problems = base || save.error ? all : all.filter((one) => !isUnfilled(draft, one));
  const isComplete = problems.length === all.length;
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
          letGo();
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
    <Pane
      title={textOf(draft, "name") || (base ? "Unnamed" : "New policy")}
      about={
        base ? (
          <>
            Place {(policy ?? base).position + 1} · version {base.version} ·{" "}
            <When at={base.updatedAt} /> by <Actor actor={base.updatedBy} />
          </>
        ) : (
          "It will be the last in the list, and off."
        )
      }
      before={policy && <EnabledSwitch policy={policy} />}
      actions={
        <>
          <SaveActions
            onDiscard={isChanged && base ? () => take(policy ?? base) : undefined}
            reason={reason}
            isPending={save.isPending}
            onSave={submit}
          />
          {policy && (
            <PolicyMenu
              policy={policy}
              label="More about this policy"
              onDuplicated={(copy) =>
                void navigate({ to: "/policies/$policyId", params: { policyId: copy.id } })
              }
              onDelete={() => {
                letGo();
                void navigate({ to: "/policies" });
              }}
            />
          )}
          <Close />
        </>
      }
      side={
        <Tabs
          value={side}
          onChange={(next) =>
            void navigate({
              to: ".",
              search: (search) => ({
                ...search,
                side: SIDES.find((one) => one === next) ?? "try",
              }),
              replace: true,
            })
          }
        >
          <Tabs.List>
            <Tabs.Tab value="try">Try it</Tabs.Tab>
            <Tabs.Tab value="effect">Effect</Tabs.Tab>
            <Tabs.Tab value="versions" disabled={!base}>
              Versions
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="try" pt="sm">
            {side === "try" && <TryPanel draft={draft} isComplete={isComplete} />}
          </Tabs.Panel>
          <Tabs.Panel value="effect" pt="sm">
            {side === "effect" && (
              <EffectPanel policy={policy} draft={draft} isChanged={isChanged} />
            )}
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
      }
    >
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
        <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
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
    </Pane>
  );
}
