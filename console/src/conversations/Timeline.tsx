/** A conversation as one story: what was said, and what happened between. */
import { Button, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowRight,
  IconBell,
  IconCircleCheck,
  IconGitBranch,
  IconNote,
  IconUser,
  IconUserPlus,
} from "@tabler/icons-react";
import { memo, useMemo } from "react";
import { type Names, useNames } from "../floor/names";
import { count } from "../lib/format";
import { type JsonObject, textOf } from "../lib/json";
import type { Happened } from "../live/frames";
import { Tag } from "../ui/Tag";
import { useTail } from "../ui/useTail";
import { When } from "../ui/When";
import { lineOf, type Mark } from "./story";
import classes from "./Timeline.module.css";

export function Timeline({ events, isOpen }: { events: readonly Happened[]; isOpen: boolean }) {
  const names = useNames();
  const told = useMemo(
    () =>
      events.filter(
        ({ event }) => event["type"] === "MESSAGE_SENT" || lineOf(event, names) !== undefined,
      ),
    [events, names],
  );
  // Of one that goes on the end is what one came for; a reader who scrolled up is left alone.
  const tail = useTail<HTMLElement, HTMLOListElement>(told.length, isOpen);
  return (
    <section
      ref={tail.scroller}
      className={classes.scroller}
      aria-label="What happened"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by keyboard
      tabIndex={0}
      onScroll={tail.onScroll}
    >
      {tail.from > 0 && (
        <Button
          size="compact-sm"
          variant="default"
          className={classes.earlier}
          onClick={tail.onMore}
        >
          Show what came before ({count(tail.from, "line")})
        </Button>
      )}
      <ol ref={tail.content} className={classes.story}>
        {told.slice(tail.from).map((happened) => (
          <Told key={happened.sequence} happened={happened} names={names} />
        ))}
      </ol>
      {told.length === 0 && (
        <Text className="quiet" p="md">
          Its events are too old to be kept.
        </Text>
      )}
    </section>
  );
}

/** A line is drawn once, however often something else changes. */
const Told = memo(function Told({ happened, names }: { happened: Happened; names: Names }) {
  const { event, at } = happened;
  return (
    <li className={classes.line}>
      {event["type"] === "MESSAGE_SENT" ? (
        <Message event={event} at={at} names={names} />
      ) : (
        <Event event={event} at={at} names={names} />
      )}
    </li>
  );
});

interface Props {
  event: JsonObject;
  at: string;
  names: Names;
}

function Message({ event, at, names }: Props) {
  const role = textOf(event, "senderRole");
  const sender = textOf(event, "senderId");
  const isPrivate = textOf(event, "audience") === "AGENTS_AND_MANAGERS";
  return (
    <article
      className={classes.message}
      data-side={role === "CONSUMER" ? "consumer" : "ours"}
      data-private={isPrivate || undefined}
    >
      <header className={`${classes.sender} quiet`}>
        <span className="cut">
          {role === "CONSUMER" ? sender || "the consumer" : sender ? names.agent(sender) : "Usher"}
        </span>
        {isPrivate && <Tag tone="warn">private</Tag>}
        <When at={at} />
      </header>
      <p className={classes.text}>{textOf(event, "text")}</p>
    </article>
  );
}

const MARKS: Record<Mark, typeof IconBell> = {
  route: IconArrowRight,
  offer: IconBell,
  agent: IconUser,
  decision: IconGitBranch,
  person: IconUserPlus,
  warning: IconAlertTriangle,
  end: IconCircleCheck,
  note: IconNote,
};

function Event({ event, at, names }: Props) {
  const line = lineOf(event, names);
  if (!line) return null;
  const Icon = MARKS[line.mark];
  return (
    <div className={classes.event} data-mark={line.mark}>
      <Icon size={15} stroke={1.8} className={classes.mark} aria-hidden />
      <p className={classes.told}>{line.text}</p>
      <span className="quiet">
        <When at={at} />
      </span>
    </div>
  );
}
