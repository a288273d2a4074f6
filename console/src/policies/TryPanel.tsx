/** What a policy would say as it is written now: of a past decision, or of what one types. */

import { json } from "@codemirror/lang-json";
import { SegmentedControl, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, body } from "../api/client";
import { decisionsQuery } from "../api/queries";
import { ago } from "../lib/format";
import { isJson, isObject, type JsonObject } from "../lib/json";
import { useRefusal } from "../lib/permissions";
import { Code } from "../ui/Code";
import { FailureNote } from "../ui/Failures";
import { asWritten } from "./document";
import { Explanation, StatusMark } from "./Explanation";
import { STATUS_NAMES, statusOf } from "./explanation";
import classes from "./TryPanel.module.css";

const route = getRouteApi("/shell/policies/$policyId");
const JSON_LANGUAGE = json();
const PAUSE = 250;
const EXAMPLE = JSON.stringify({ orchestrator: { intent: "order status" } }, null, 2);

interface Ground {
  decisionId?: string;
  ground?: { attributes: JsonObject; consumerId?: string; conversationId?: string };
}

export function TryPanel({ draft, isComplete }: { draft: JsonObject; isComplete: boolean }) {
  const { decision } = route.useSearch();
  const navigate = useNavigate();
  const refusal = useRefusal("PoliciesWrite");
  const recent = useInfiniteQuery(decisionsQuery({}));
  const [source, setSource] = useState<"past" | "typed">(decision ? "past" : "typed");
  const [typed, setTyped] = useState(EXAMPLE);
  const [consumer, setConsumer] = useState("");
  const [conversation, setConversation] = useState("");
  const attributes = parsed(typed);
  const decisions = recent.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = decision ?? decisions[0]?.decisionId;
  const ground: Ground | undefined =
    source === "past"
      ? chosen === undefined
        ? undefined
        : { decisionId: chosen }
      : attributes && {
          ground: {
            attributes,
            ...(consumer && { consumerId: consumer }),
            ...(conversation && { conversationId: conversation }),
          },
        };
  if (refusal)
    return <Text className="quiet">{refusal} Trying a policy tells what it compares.</Text>;
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        aria-label="What to try it on"
        value={source}
        data={[
          { value: "typed", label: "What I type" },
          { value: "past", label: "A past decision" },
        ]}
        onChange={(value) => setSource(value === "past" ? "past" : "typed")}
      />
      {source === "past" ? (
        decisions.length === 0 && !recent.isPending ? (
          <Text className="quiet">No decision has been made yet; type what is known instead.</Text>
        ) : (
          <>
            <Select
              aria-label="Decision"
              searchable
              allowDeselect={false}
              value={chosen ?? null}
              data={options(decisions, decision)}
              onChange={(value) =>
                void navigate({
                  to: ".",
                  search: (search) => (value ? { ...search, decision: value } : search),
                  replace: true,
                })
              }
            />
            {chosen && (
              <Link
                to="/decisions/$decisionId"
                params={{ decisionId: chosen }}
                className={classes.link}
              >
                Look at this decision
              </Link>
            )}
          </>
        )
      ) : (
        <>
          <Code
            label="Attributes as JSON"
            value={typed}
            language={JSON_LANGUAGE}
            onChange={setTyped}
          />
          {!attributes && (
            <Text size="sm" c="var(--bad)">
              Expected JSON: {"{ namespace: { attribute: value } }"}.
            </Text>
          )}
          <div className={classes.who}>
            <TextInput
              size="xs"
              label="Consumer"
              placeholder="id, optional"
              value={consumer}
              onChange={(event) => setConsumer(event.currentTarget.value.trim())}
            />
            <TextInput
              size="xs"
              label="Conversation"
              placeholder="id, optional"
              value={conversation}
              onChange={(event) => setConversation(event.currentTarget.value.trim())}
            />
          </div>
        </>
      )}
      {!isComplete && (
        <Text size="sm" className="quiet">
          As soon as the policy is filled in, it stands here what it would say.
        </Text>
      )}
      {ground && isComplete && <Tried draft={draft} ground={ground} />}
    </Stack>
  );
}

function Tried({ draft, ground }: { draft: JsonObject; ground: Ground }) {
  const [asked] = useDebouncedValue({ draft, ground }, PAUSE);
  const tried = useQuery({
    queryKey: ["policies", "try", asked],
    queryFn: async () => {
      const wanted = { policy: asWritten(asked.draft), ...asked.ground };
      return body(await api.POST("/api/v1/policies/try", { body: wanted }));
    },
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (tried.error) return <FailureNote error={tried.error} retry={() => void tried.refetch()} />;
  if (!tried.data || !isJson(tried.data) || !isObject(tried.data)) return <Skeleton height={120} />;
  const status = statusOf(tried.data);
  return (
    <section className={classes.tried} aria-label="Explanation" aria-live="polite">
      <p className={classes.verdict} data-status={status}>
        <StatusMark status={status} /> It {STATUS_NAMES[status]}
      </p>
      <Explanation record={tried.data} />
    </section>
  );
}

function options(
  decisions: readonly {
    decisionId: string;
    receivedAt: string;
    conversationId?: string | null;
    policy?: { name: string } | null;
  }[],
  chosen: string | undefined,
) {
  const known = decisions.map((one) => ({
    value: one.decisionId,
    label: [
      ago(one.receivedAt, Date.now()),
      one.conversationId ?? "no conversation",
      one.policy?.name ?? "no match",
    ].join(" · "),
  }));
  if (!chosen || known.some((one) => one.value === chosen)) return known;
  return [{ value: chosen, label: `Decision ${chosen}` }, ...known];
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    return isObject(value) && Object.values(value).every(isObject) ? value : undefined;
  } catch {
    return undefined;
  }
}
