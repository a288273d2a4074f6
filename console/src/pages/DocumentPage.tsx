/** One context document: its properties as JSON, and how long they live. */

import { json } from "@codemirror/lang-json";
import { Alert, Button, NativeSelect, Skeleton, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type ContextDocument, documentQuery, useContextChanges } from "../api/context";
import { LIVES, leftInWords, secondsLeft } from "../context/life";
import { useDraft } from "../lib/draft";
import { count, instant } from "../lib/format";
import { isJson, isObject, type JsonObject } from "../lib/json";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { complain } from "../policies/changes";
import { CloseIcon } from "../ui/CloseIcon";
import { Code } from "../ui/Code";
import { FailureNote } from "../ui/Failures";
import { Overtaken } from "../ui/Overtaken";
import { Pane } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";

const route = getRouteApi("/shell/context/$namespace/$session");
const LANGUAGE = json();
const AS_IT_IS = "as it is";

export function DocumentPage() {
  const { namespace, session } = route.useParams();
  const found = useQuery(documentQuery(namespace, session));
  if (found.data !== undefined) {
    return (
      <Editor
        key={`${namespace}/${session}`}
        namespace={namespace}
        session={session}
        document={found.data}
      />
    );
  }
  return (
    <Pane title={session} about=" " actions={<Close namespace={namespace} />}>
      {found.error ? (
        <FailureNote error={found.error} retry={() => void found.refetch()} />
      ) : (
        <Skeleton height={320} />
      )}
    </Pane>
  );
}

function Close({ namespace }: { namespace: string }) {
  return (
    <CloseIcon
      label="Close the document"
      link={(props) => <Link to="/context/$namespace" params={{ namespace }} {...props} />}
    />
  );
}

interface Props {
  namespace: string;
  session: string;
  /** Null if there is none: saving makes it. */
  document: ContextDocument | null;
}

function Editor({ namespace, session, document }: Props) {
  const kept = JSON.stringify(document?.properties ?? {}, null, 2);
  const draft = useDraft({ text: kept, life: AS_IT_IS }, `"${document?.revision ?? 0}"`);
  const { text, life } = draft.value;
  const { save, remove } = useContextChanges();
  const refusal = useRefusal("ContextWrite");
  const navigate = useNavigate();
  const [now] = useState(() => Date.now());
  const letGo = useUnsaved(draft.isChanged);
  const properties = parsed(text);
  const reason =
    refusal ??
    (properties === undefined
      ? "Expected a JSON object: its members are the properties."
      : draft.isChanged
        ? undefined
        : "Nothing has changed.");
  const write = () => {
    if (reason !== undefined || properties === undefined || save.isPending) return;
    const seconds =
      life !== AS_IT_IS ? Number(life) : document && secondsLeft(document.expiresAt, Date.now());
    save.mutate(
      {
        namespace,
        session,
        tag: draft.tag,
        properties,
        ...(seconds ? { ttlSeconds: seconds } : {}),
      },
      {
        onSuccess: (after) => {
          const text = JSON.stringify(after.properties, null, 2);
          draft.take({ text, life: AS_IT_IS }, `"${after.revision}"`);
          notifications.show({
            message: `${namespace}/${session} is saved; the next decision reads it.`,
          });
        },
      },
    );
  };
  useHotkeys([["mod+S", write]], [], true);
  const takeAway = (before: ContextDocument) =>
    remove.mutate(
      { namespace, session },
      {
        onError: (error) => complain("The document was not deleted", error),
        onSuccess: () => {
          letGo();
          void navigate({ to: "/context/$namespace", params: { namespace } });
          const id = `deleted-${namespace}-${session}`;
          const undo = () => {
            notifications.hide(id);
            const properties = parsed(JSON.stringify(before.properties)) ?? {};
            const ttlSeconds = secondsLeft(before.expiresAt, Date.now());
            save.mutate({ namespace, session, tag: '"0"', properties, ttlSeconds });
          };
          notifications.show({
            id,
            autoClose: 12_000,
            title: `${namespace}/${session} is deleted`,
            message: (
              <Button size="compact-sm" variant="default" onClick={undo}>
                Undo
              </Button>
            ),
          });
        },
      },
    );
  return (
    <Pane
      title={session}
      about={
        document ? (
          <span title={`until ${instant(document.expiresAt)}`}>
            {count(Object.keys(document.properties).length, "property", "properties")},{" "}
            {leftInWords(document.expiresAt, now)} ·{" "}
            <Link to="/consumers/$consumerId" params={{ consumerId: session }} className="anchor">
              all that is kept under this id
            </Link>
          </span>
        ) : (
          "There is no such document, or it has expired; saving makes it."
        )
      }
      actions={
        <>
          {document && (
            <ReasonedButton
              size="xs"
              variant="default"
              reason={refusal}
              loading={remove.isPending}
              onClick={() => takeAway(document)}
            >
              Delete
            </ReasonedButton>
          )}
          <ReasonedButton size="xs" reason={reason} loading={save.isPending} onClick={write}>
            Save
          </ReasonedButton>
          <Close namespace={namespace} />
        </>
      }
    >
      {save.error && (
        <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
          {save.error.message}
        </Alert>
      )}
      {draft.isOvertaken && (
        <Overtaken by="somebody else" onTheirs={draft.discard} onMine={draft.keepMine} />
      )}
      <Code
        label="Properties as JSON"
        value={text}
        language={LANGUAGE}
        isNumbered
        minHeight={280}
        maxHeight="max(280px, calc(100dvh - 300px))"
        {...(refusal === undefined && { onChange: (next: string) => draft.change({ text: next }) })}
      />
      {properties === undefined && (
        <Text size="sm" c="var(--bad)">
          Expected a JSON object: its members are the properties.
        </Text>
      )}
      <NativeSelect
        label="Lives until"
        description="Saving sets it for every property of the document."
        maw={360}
        disabled={refusal !== undefined}
        value={life}
        data={[
          {
            value: AS_IT_IS,
            label: document
              ? `as it is: ${instant(document.expiresAt)}`
              : "as long as can be: 13 months",
          },
          ...LIVES.filter(({ seconds }) => document || seconds > 0).map(({ seconds, label }) => ({
            value: String(seconds),
            label,
          })),
        ]}
        onChange={(event) => draft.change({ life: event.currentTarget.value })}
      />
    </Pane>
  );
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) && isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
