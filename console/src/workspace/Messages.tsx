/** What was said in a conversation, the newest below, with what is still on its way. */
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { memo, useMemo } from "react";
import { count, instant, time } from "../lib/format";
import type { Happened } from "../live/frames";
import { FailureNote } from "../ui/Failures";
import { useTail } from "../ui/useTail";
import classes from "./Messages.module.css";
import type { Unsent } from "./outbox";
import { type Line, linesOf, type Message, type Names, seenByConsumer } from "./timeline";
import { useOutbox } from "./useDesk";
import { useNames } from "./words";

interface Props {
  events: readonly Happened[] | undefined;
  unsent: readonly Unsent[];
  agentId: string | undefined;
  /** What the consumer is called. */
  who: string;
  isConsumerTyping: boolean;
  /** Whether what is written can be sent right now. */
  isLive: boolean;
  error: unknown;
  retry: () => void;
}

export function Messages(props: Props) {
  const { events, unsent, agentId, who, isConsumerTyping } = props;
  const names = useNames();
  const lines = useMemo(() => (events ? linesOf(events, names) : []), [events, names]);
  const seen = useMemo(() => (events ? seenByConsumer(events) : 0), [events]);
  const known = new Set(lines.map((line) => (line.kind === "message" ? line.clientMessageId : "")));
  const waiting = unsent.filter(({ clientMessageId }) => !known.has(clientMessageId));
  const last = lines.findLast(
    (line): line is Message =>
      line.kind === "message" && line.senderId === agentId && !line.isPrivate,
  );
  const { scroller, content, onScroll, from, onMore } = useTail<HTMLDivElement, HTMLOListElement>(
    events && lines.length,
    true,
    `${waiting.length}:${isConsumerTyping}`,
  );
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="log"
      aria-label={`Messages with ${who}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller is reached by keyboard
      tabIndex={0}
      onScroll={onScroll}
    >
      {props.error ? (
        <FailureNote error={props.error} retry={props.retry} />
      ) : !events ? (
        <Waiting />
      ) : (
        <ol ref={content} className={classes.lines}>
          {from > 0 && (
            <li className={classes.more}>
              <Button size="compact-sm" variant="default" onClick={onMore}>
                Show what came before ({count(from, "line")})
              </Button>
            </li>
          )}
          {lines.slice(from).map((line) => (
            <LineView
              key={line.sequence}
              line={line}
              sender={senderOf(line, agentId, who, names)}
              seen={line === last && seen >= line.sequence}
            />
          ))}
          {waiting.map((message) => (
            <UnsentView key={message.clientMessageId} message={message} isLive={props.isLive} />
          ))}
          {isConsumerTyping && (
            <li className={classes.typing}>
              <Text size="sm" className="quiet">
                {who} writes…
              </Text>
            </li>
          )}
        </ol>
      )}
    </div>
  );
}

interface LineProps {
  line: Line;
  sender: string;
  /** Whether the consumer has read it. */
  seen: boolean;
}

/** A line is drawn once, however often something else changes. */
const LineView = memo(function LineView({ line, sender, seen }: LineProps) {
  if (line.kind === "note") {
    return (
      <li className={classes.note}>
        <span title={instant(line.at)}>{line.text}</span>
      </li>
    );
  }
  return (
    <li
      className={classes.message}
      data-side={line.role === "CONSUMER" ? "them" : "us"}
      data-private={line.isPrivate || undefined}
    >
      <div className={classes.meta}>
        <span className="cut">{sender}</span>
        {line.isPrivate && (
          <span className={classes.lock}>
            <IconLock size={12} aria-hidden /> the customer does not see this
          </span>
        )}
        <time dateTime={line.at} title={instant(line.at)} className="number">
          {time(line.at)}
        </time>
      </div>
      <div className={classes.bubble}>{line.text}</div>
      {seen && <span className={classes.state}>Seen</span>}
    </li>
  );
});

function senderOf(line: Line, agentId: string | undefined, who: string, names: Names): string {
  if (line.kind === "note") return "";
  if (line.role === "CONSUMER") return who;
  if (line.role === "SYSTEM") return "Usher";
  return line.senderId === agentId ? "You" : names.agent(line.senderId);
}

function UnsentView({ message, isLive }: { message: Unsent; isLive: boolean }) {
  const outbox = useOutbox();
  const { clientMessageId, refusal, isPrivate, isSent } = message;
  return (
    <li
      className={classes.message}
      data-side="us"
      data-private={isPrivate || undefined}
      data-unsent={!isSent || undefined}
    >
      <div className={classes.bubble}>{message.text}</div>
      {refusal !== undefined ? (
        <Group gap="xs" justify="flex-end" role="alert">
          <Text size="xs" c="var(--bad)">
            Not sent: {refusal}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => outbox.retry(clientMessageId)}>
            Try again
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => outbox.remove(new Set([clientMessageId]))}
          >
            Discard
          </Button>
        </Group>
      ) : (
        <span className={classes.state}>
          {isSent
            ? "Sent"
            : isLive
              ? "Sending…"
              : "Not sent yet; it is kept, and sent when the connection is back"}
        </span>
      )}
    </li>
  );
}

function Waiting() {
  return (
    <Stack gap="md" p="md">
      <Skeleton height={40} width="46%" />
      <Skeleton height={58} width="58%" />
      <Skeleton height={40} width="40%" ml="auto" />
    </Stack>
  );
}
