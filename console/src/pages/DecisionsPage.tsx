/** The log of decisions: what was decided, for whom, and why. */
import { ActionIcon, Button, NativeSelect, Select, Text, TextInput, Tooltip } from "@mantine/core";
import { IconHistory, IconRefresh } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type Decision, type DecisionFilter, decisionsQuery, policiesQuery } from "../api/queries";
import { microseconds } from "../lib/format";
import { ActionChips } from "../policies/ActionChips";
import { asObjects } from "../policies/decision";
import { Empty } from "../ui/Failures";
import { Further, ListFailure, More, rowLink, type Source, useRows } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { Tag } from "../ui/Tag";
import { Waiting } from "../ui/Waiting";
import { When } from "../ui/When";
import classes from "./DecisionsPage.module.css";

const route = getRouteApi("/shell/decisions");

const ROW_HEIGHT = 44;

export function DecisionsPage() {
  const filter = route.useSearch();
  const log = useInfiniteQuery(decisionsQuery(filter));
  const rows = log.data?.pages.flatMap((page) => page.items);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <ListPage
      title="Decisions"
      actions={
        <Tooltip label="Look again">
          <ActionIcon
            variant="default"
            size={30}
            aria-label="Look for newer decisions"
            loading={log.isFetching && !log.isFetchingNextPage && !log.isPending}
            onClick={() => void log.refetch()}
          >
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      }
      tools={<Filters key={JSON.stringify(filter)} filter={filter} />}
    >
      {log.error && <ListFailure source={log} />}
      {rows && rows.length > 0 ? (
        <Log decisions={rows} source={log} />
      ) : rows ? (
        log.hasNextPage ? (
          <Further source={log} />
        ) : (
          <None isFiltered={isFiltered} />
        )
      ) : (
        log.isPending && <Waiting rowHeight={ROW_HEIGHT} />
      )}
    </ListPage>
  );
}

/** A table of which only what is seen is drawn; the rest is as high as it would be. */
function Log({ decisions, source }: { decisions: readonly Decision[]; source: Source }) {
  const { scroller, virtual, rows } = useRows<HTMLDivElement>({
    keys: decisions.map((decision) => decision.decisionId),
    rowHeight: ROW_HEIGHT,
    source,
  });
  const above = rows[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (rows.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className={classes.scroller}>
      <table className={classes.table} aria-rowcount={decisions.length + 1}>
        <thead>
          <tr>
            <th>When</th>
            <th>Decided by</th>
            <th>Did</th>
            <th>Conversation</th>
            <th>Consumer</th>
            <th className={classes.right}>Took</th>
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {rows.map(({ index, key }) => {
            const decision = decisions[index];
            return decision && <Row key={key} decision={decision} place={index + 2} />;
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
      <More source={source} />
    </div>
  );
}

/** `place` is that of the row in the whole table, its head being the first. */
function Row({ decision, place }: { decision: Decision; place: number }) {
  return (
    <tr className={classes.row} aria-rowindex={place}>
      <td>
        <Link
          to="/decisions/$decisionId"
          params={{ decisionId: decision.decisionId }}
          className={rowLink}
        >
          <When at={decision.receivedAt} />
        </Link>
      </td>
      <td>
        <div className={classes.by}>
          <span className="cut" title={decision.policy?.name}>
            {decision.policy?.name ?? <span className="quiet">nothing matched</span>}
          </span>
          {decision.faults.length > 0 && <Tag tone="bad">faulty</Tag>}
        </div>
      </td>
      <td>
        <ActionChips actions={asObjects(decision.actions)} />
      </td>
      <td className="cut" title={decision.conversationId ?? undefined}>
        {decision.conversationId ?? "–"}
      </td>
      <td className="cut" title={decision.consumerId ?? undefined}>
        {decision.consumerId ?? "–"}
      </td>
      <td className={`${classes.right} number quiet`}>{microseconds(decision.durationUs)}</td>
    </tr>
  );
}

function Filters({ filter }: { filter: DecisionFilter }) {
  const navigate = useNavigate();
  const policies = useQuery(policiesQuery).data ?? [];
  const [conversation, setConversation] = useState(filter.conversation ?? "");
  const [consumer, setConsumer] = useState(filter.consumer ?? "");
  const go = (change: Partial<DecisionFilter>) => {
    const wanted = { ...filter, ...change };
    void navigate({
      to: "/decisions",
      search: {
        ...(wanted.conversation && { conversation: wanted.conversation }),
        ...(wanted.consumer && { consumer: wanted.consumer }),
        ...(wanted.policy && { policy: wanted.policy }),
        ...(wanted.outcome && { outcome: wanted.outcome }),
        ...(wanted.status && { status: wanted.status }),
      },
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go({ conversation: conversation.trim(), consumer: consumer.trim() });
  };
  const shown = filter.status ?? filter.outcome ?? "";
  return (
    <form className={classes.filters} onSubmit={submit}>
      <TextInput
        size="sm"
        aria-label="Conversation"
        placeholder="Conversation id"
        value={conversation}
        onChange={(event) => setConversation(event.currentTarget.value)}
        onBlur={() =>
          conversation.trim() !== (filter.conversation ?? "") &&
          go({ conversation: conversation.trim() })
        }
      />
      <TextInput
        size="sm"
        aria-label="Consumer"
        placeholder="Consumer id"
        value={consumer}
        onChange={(event) => setConsumer(event.currentTarget.value)}
        onBlur={() =>
          consumer.trim() !== (filter.consumer ?? "") && go({ consumer: consumer.trim() })
        }
      />
      <Select
        size="sm"
        aria-label="Policy"
        placeholder="Any policy"
        searchable
        clearable
        limit={50}
        value={filter.policy ?? null}
        data={policies.map((policy) => ({ value: policy.id, label: policy.name }))}
        onChange={(policy) => go({ policy: policy ?? "" })}
      />
      <NativeSelect
        size="sm"
        aria-label="Outcome"
        value={shown}
        data={[
          { value: "", label: "Any outcome" },
          { value: "MATCHED", label: "A policy matched" },
          { value: "NO_MATCH", label: "Nothing matched" },
          { value: "ERROR", label: "A policy could not be judged" },
          { value: "INVALID", label: "A policy had mistakes" },
        ]}
        onChange={(event) => {
          const { outcome: _o, status: _s, ...others } = filter;
          const chosen = event.currentTarget.value;
          void navigate({
            to: "/decisions",
            search:
              chosen === "MATCHED" || chosen === "NO_MATCH"
                ? { ...others, outcome: chosen }
                : chosen === "ERROR" || chosen === "INVALID"
                  ? { ...others, status: chosen }
                  : others,
          });
        }}
      />
      {/* Enter in a field looks at once. */}
      <button type="submit" hidden />
      {Object.keys(filter).length > 0 && (
        <Button
          size="xs"
          variant="subtle"
          onClick={() => void navigate({ to: "/decisions", search: {} })}
        >
          Clear
        </Button>
      )}
    </form>
  );
}

function None({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Empty
      title={isFiltered ? "No decision is like this" : "No decision yet"}
      icon={<IconHistory size={32} stroke={1.5} />}
    >
      <Text className="quiet" maw={460}>
        {isFiltered
          ? "Decisions are kept for the days that the settings say; older ones are gone."
          : "Every time a bot or an app asks what to do next, the answer stands here with its reasons."}
      </Text>
      {!isFiltered && <Text className="quiet code">POST /api/v1/decisions</Text>}
    </Empty>
  );
}
