/** Conversations, the open and the closed ones, and beside the list the one that is looked at. */
import { Button, NativeSelect, Text, TextInput } from "@mantine/core";
import { IconMessages, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import {
  agentsQuery,
  type ConversationFilter,
  conversationsQuery,
  PERIODS,
  type Period,
  skillsQuery,
} from "../api/queries";
import { type Conversation, isState, STATE_NAMES, STATES } from "../conversations/conversation";
import { StateBadge } from "../conversations/StateBadge";
import { useHeld } from "../floor/held";
import { useAgentName, useSkillName } from "../floor/names";
import { useStaleness } from "../floor/staleness";
import { count } from "../lib/format";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { When } from "../ui/When";
import classes from "./ConversationsPage.module.css";

const route = getRouteApi("/shell/conversations");

const keyOf = (conversation: Conversation) => conversation.id;

export function ConversationsPage() {
  const filter = route.useSearch();
  const selected = useMatch({ from: "/shell/conversations/$conversationId", shouldThrow: false })
    ?.params.conversationId;
  const list = useInfiniteQuery(conversationsQuery(filter));
  const queries = useQueryClient();
  const [isPointed, setPointed] = useState(false);
  // A search through what was said, and what was looked up far back, are not done anew all the time.
  const isFollowed = filter.text === undefined && (list.data?.pages.length ?? 0) <= 1;
  useStaleness(
    () => queries.invalidateQueries({ queryKey: ["conversations", "list"] }),
    isFollowed,
  );
  const found = list.data?.pages.flatMap((page) => page.items);
  // Rows follow what happens, but not away from under the pointer.
  const held = useHeld(found ?? [], keyOf, isPointed && isFollowed);
  const rows = found && held.map(({ item }) => item);
  const isOpen = selected !== undefined;
  return (
    <ListPage
      title="Conversations"
      tools={<Filters key={JSON.stringify(filter)} filter={filter} isNarrow={isOpen} />}
      isOpen={isOpen}
      pane={<Outlet />}
    >
      <List
        of="Conversations"
        source={list}
        items={rows}
        keyOf={keyOf}
        selected={selected}
        onPoint={setPointed}
        row={(conversation) => (
          <ConversationRow
            conversation={conversation}
            isSelected={conversation.id === selected}
            isCompact={isOpen}
          />
        )}
        empty={<None isFiltered={Object.keys(filter).length > 0} />}
      />
    </ListPage>
  );
}

interface RowProps {
  conversation: Conversation;
  isSelected: boolean;
  isCompact: boolean;
}

function ConversationRow({ conversation, isSelected, isCompact }: RowProps) {
  const skill = useSkillName()(conversation.skillId ?? "");
  const agent = useAgentName()(conversation.agentId ?? "");
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="112px minmax(0, 1.2fr) minmax(0, 1fr) minmax(0, 1fr) 116px 72px 110px"
      before={
        <div>
          <StateBadge state={conversation.state} />
        </div>
      }
      name={
        <Link
          from="/conversations"
          to="/conversations/$conversationId"
          params={{ conversationId: conversation.id }}
          search={(search) => search}
          className={rowLink}
          aria-current={isSelected ? "page" : undefined}
          title={conversation.consumerId}
        >
          {conversation.consumerId}
        </Link>
      }
      about={
        isCompact ? (
          <>
            <StateBadge state={conversation.state} /> {skill || "no skill"}
          </>
        ) : (
          [conversation.channel, conversation.isFirst ? "their first" : undefined]
            .filter(Boolean)
            .join(" · ") || " "
        )
      }
    >
      <Cell isQuiet={!skill} title={skill}>
        {skill || "no skill"}
      </Cell>
      <Cell isQuiet={!agent} title={agent}>
        {agent || "nobody yet"}
      </Cell>
      <Cell isQuiet>{count(conversation.messages, "message")}</Cell>
      <Cell>
        {conversation.mcs ?? <span className="quiet">–</span>}
        <span className="quiet"> MCS</span>
      </Cell>
      <div className={`${classes.when} quiet`}>
        <When at={conversation.startedAt} />
      </div>
    </Row>
  );
}

const PERIOD_NAMES: Record<Period, string> = {
  day: "Last 24 hours",
  week: "Last 7 days",
  month: "Last 30 days",
};

const isPeriod = (value: string): value is Period => value in PERIODS;

interface FilterProps {
  filter: ConversationFilter;
  isNarrow: boolean;
}

function Filters({ filter, isNarrow }: FilterProps) {
  const navigate = useNavigate({ from: "/conversations" });
  const skills = useQuery(skillsQuery).data ?? [];
  const agents = useQuery(agentsQuery).data ?? [];
  const [text, setText] = useState(filter.text ?? "");
  const [consumer, setConsumer] = useState(filter.consumer ?? "");
  const go = (change: { [Key in keyof ConversationFilter]: ConversationFilter[Key] | undefined }) =>
    void navigate({
      to: ".",
      search: () => {
        const wanted = { ...filter, ...change };
        return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
      },
    });
  const look = () => {
    const wanted = { text: text.trim() || undefined, consumer: consumer.trim() || undefined };
    if (wanted.text !== filter.text || wanted.consumer !== filter.consumer) go(wanted);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look();
  };
  return (
    <form
      className={classes.filters}
      data-narrow={isNarrow || undefined}
      onSubmit={submit}
      aria-label="Which conversations"
    >
      <TextInput
        className={classes.text}
        type="search"
        aria-label="What was said"
        placeholder="Search what was said"
        leftSection={<IconSearch size={15} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={look}
      />
      <NativeSelect
        aria-label="State"
        value={filter.state ?? ""}
        data={[
          { value: "", label: "Any state" },
          ...STATES.map((state) => ({ value: state, label: STATE_NAMES[state] })),
        ]}
        onChange={({ currentTarget: { value } }) =>
          go({ state: isState(value) ? value : undefined })
        }
      />
      {!isNarrow && (
        <>
          <NativeSelect
            aria-label="Skill"
            value={filter.skill ?? ""}
            data={[
              { value: "", label: "Any skill" },
              ...skills.map((skill) => ({ value: skill.id ?? "", label: skill.name })),
            ]}
            onChange={(event) => go({ skill: event.currentTarget.value || undefined })}
          />
          <NativeSelect
            aria-label="Agent"
            value={filter.agent ?? ""}
            data={[
              { value: "", label: "Anybody" },
              ...agents.map((agent) => ({ value: agent.id, label: agent.name })),
            ]}
            onChange={(event) => go({ agent: event.currentTarget.value || undefined })}
          />
          <TextInput
            aria-label="Consumer"
            placeholder="Consumer id"
            value={consumer}
            onChange={(event) => setConsumer(event.currentTarget.value)}
            onBlur={look}
          />
          <NativeSelect
            aria-label="When it began"
            value={filter.period ?? ""}
            data={[
              { value: "", label: "At any time" },
              ...Object.entries(PERIOD_NAMES).map(([value, label]) => ({ value, label })),
            ]}
            onChange={({ currentTarget: { value } }) =>
              go({ period: isPeriod(value) ? value : undefined })
            }
          />
          {Object.keys(filter).length > 0 && (
            <Button
              size="xs"
              variant="subtle"
              onClick={() => void navigate({ to: ".", search: {} })}
            >
              Clear
            </Button>
          )}
        </>
      )}
      {/* Enter in a field looks at once. */}
      <button type="submit" hidden />
    </form>
  );
}

function None({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Empty
      title={isFiltered ? "No conversation is like this" : "No conversation yet"}
      icon={<IconMessages size={32} stroke={1.5} />}
    >
      <Text className="quiet" maw={460}>
        {isFiltered
          ? "Leave a filter out, or look further back; conversations are kept for as long as the settings say."
          : "They begin where consumers write: in the messenger on your site, in your app, or by the API."}
      </Text>
      {!isFiltered && <Text className="quiet code">POST /api/v1/conversations</Text>}
    </Empty>
  );
}
