/** The conversations of the agent, in the order in which they began: what is new does not move them. */
import { ActionIcon, Badge, Text, Tooltip } from "@mantine/core";
import { IconColumns2, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Conversation } from "../api/queries";
import { When } from "../ui/When";
import classes from "./HeldList.module.css";
import { type Message, messageOf, unreadOf } from "./timeline";
import type { Typing } from "./typing";
import { useTimeline } from "./useDesk";
import { consumerOf, useNames } from "./words";

interface Props {
  conversations: readonly Conversation[];
  agentId: string;
  open: string | undefined;
  beside: readonly string[];
  typing: Typing;
}

export function HeldList({ conversations, agentId, open, beside, typing }: Props) {
  return (
    <ul className={classes.list} aria-label="Your conversations">
      {conversations.map((conversation) => (
        <Row
          key={conversation.id}
          conversation={conversation}
          agentId={agentId}
          open={open}
          beside={beside}
          isTyping={typing.isTyping(conversation.id, conversation.consumerId)}
        />
      ))}
    </ul>
  );
}

interface RowProps extends Omit<Props, "conversations" | "typing"> {
  conversation: Conversation;
  isTyping: boolean;
}

function Row({ conversation, agentId, open, beside, isTyping }: RowProps) {
  const names = useNames();
  const events = useTimeline(conversation.id).data ?? [];
  const said = events.flatMap((one) => messageOf(one) ?? []);
  const last = said.findLast(({ isPrivate }) => !isPrivate);
  const unread = unreadOf(events, agentId).length;
  const who = consumerOf(conversation);
  const isOpen = conversation.id === open;
  const isBeside = beside.includes(conversation.id);
  const others = beside.filter((id) => id !== conversation.id);
  return (
    <li className={classes.row} data-open={isOpen || isBeside || undefined}>
      <Link
        to="/workspace/$conversationId"
        params={{ conversationId: conversation.id }}
        search={others.length > 0 ? { beside: others.join(",") } : {}}
        className={classes.link}
        aria-current={isOpen ? "page" : undefined}
        data-conversation={conversation.id}
      >
        <span className={classes.head}>
          <span className={`${classes.who} cut`} title={who}>
            {who}
          </span>
          {unread > 0 && (
            <Badge size="sm" circle flex="none" aria-label={`${unread} unread`}>
              {unread}
            </Badge>
          )}
        </span>
        <Text
          component="span"
          size="sm"
          className={`${classes.last} cut`}
          fw={unread > 0 ? 600 : undefined}
        >
          {isTyping ? <i>writes…</i> : last ? saidBy(last, agentId) : "Nothing was said yet."}
        </Text>
        <Text component="span" size="xs" className={`${classes.foot} quiet`}>
          <span className="cut">{names.skill(conversation.skillId ?? "")}</span>
          <When at={last?.at ?? conversation.startedAt} />
        </Text>
      </Link>
      {!isOpen && open && (
        <Tooltip label={isBeside ? "Close it beside" : "Open it beside the other"}>
          <ActionIcon
            className={classes.beside}
            variant="subtle"
            color="gray"
            size={24}
            aria-label={isBeside ? `Close ${who} beside` : `Open ${who} beside`}
            renderRoot={(props) => (
              <Link
                to="/workspace/$conversationId"
                params={{ conversationId: open }}
                search={besideSearch(isBeside ? others : [...others, conversation.id])}
                {...props}
              />
            )}
          >
            {isBeside ? <IconX size={15} /> : <IconColumns2 size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </li>
  );
}

function saidBy({ senderId, text }: Message, agentId: string): string {
  return senderId === agentId ? `You: ${text}` : text;
}

function besideSearch(ids: readonly string[]): { beside?: string } {
  return ids.length > 0 ? { beside: ids.join(",") } : {};
}
