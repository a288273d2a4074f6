/** What was said in a conversation, the newest below, with what is still on its way. */
import { Button, Group, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { instant, time } from "../lib/format";
import type { Happened } from "../live/frames";
import { FailureNote } from "../ui/Failures";
import classes from "./Messages.module.css";
import type { Unsent } from "./outbox";
import { type Line, linesOf, type Message, seenByConsumer } from "./timeline";
import { useOutbox } from "./useDesk";
import { useNames } from "./words";

/** Lines that are shown before somebody asks for more. */
const SHOWN = 200;
/** How near to its end a reader is taken to follow what comes. */
const NEAR_PX = 48;

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
  const [shown, setShown] = useState(SHOWN);
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const lines = events ? linesOf(events, names) : [];
  const seen = events ? seenByConsumer(events) : 0;
  const known = new Set(lines.map((line) => (line.kind === "message" ? line.clientMessageId : "")));
  const waiting = unsent.filter(({ clientMessageId }) => !known.has(clientMessageId));
  const last = lines.findLast(
    (line): line is Message =>
      line.kind === "message" && line.senderId === agentId && !line.isPrivate,
  );
  const size = `${lines.length}:${waiting.length}:${isConsumerTyping}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever reads the end follows it
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && isAtEnd.current) box.scrollTop = box.scrollHeight;
  }, [size]);
  const isRead = events !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is inside is another thing then
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    // The composer grows and shrinks: the end stays in sight.
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, [isRead]);
  const earlier = lines.length - shown;
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="log"
      aria-label={`Messages with ${who}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller is reached by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: box }) => {
        isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      }}
    >
      {props.error ? (
        <FailureNote error={props.error} retry={props.retry} />
      ) : !events ? (
        <Waiting />
      ) : (
        <ol className={classes.lines}>
          {earlier > 0 && (
            <li className={classes.more}>
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => setShown(shown + 5 * SHOWN)}
              >
                Show what came before
              </Button>
            </li>
          )}
          {lines.slice(Math.max(0, earlier)).map((line) => (
            <LineView
              key={line.sequence}
              line={line}
              agentId={agentId}
              who={who}
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
  agentId: string | undefined;
  who: string;
  /** Whether the consumer has read it. */
  seen: boolean;
}

function LineView({ line, agentId, who, seen }: LineProps) {
  const names = useNames();
  if (line.kind === "note") {
    return (
      <li className={classes.note}>
        <Tooltip label={instant(line.at)}>
          <span>{line.text}</span>
        </Tooltip>
      </li>
    );
  }
  const isOwn = line.senderId === agentId && agentId !== undefined;
  const sender =
    line.role === "CONSUMER"
      ? who
      : line.role === "SYSTEM"
        ? "Usher"
        : isOwn
          ? "You"
          : names.agent(line.senderId);
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
        <Tooltip label={instant(line.at)}>
          <time dateTime={line.at} className="number">
            {time(line.at)}
          </time>
        </Tooltip>
      </div>
      <div className={classes.bubble}>{line.text}</div>
      {seen && <span className={classes.state}>Seen</span>}
    </li>
  );
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
