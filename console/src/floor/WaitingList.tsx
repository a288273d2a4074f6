/** The conversations that nobody has yet, each with why, and what a supervisor can do. */
import { Button, Skeleton, Text } from "@mantine/core";
import { IconCornerUpRight, IconMoodSmile, IconUserShare, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { waitingQuery } from "../api/queries";
import { CloseDialog } from "../conversations/CloseDialog";
import { obstacleLine } from "../conversations/conversation";
import { HandOverDialog } from "../conversations/HandOverDialog";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Empty, FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { useHeld } from "./held";
import classes from "./Live.module.css";
import { useAgentName, useSkillName } from "./names";
import { Since, Until } from "./Since";

type Waiting = Schemas["Waiting"];
type Act = (kind: "agent" | "skill" | "close", waiting: Waiting) => void;

const ROW_HEIGHT = 64;
const keyOf = (waiting: Waiting) => waiting.conversationId;

interface Props {
  skillId: string | undefined;
  onAll: () => void;
}

export function WaitingList({ skillId, onAll }: Props) {
  const waiting = useQuery(waitingQuery(skillId));
  const skillName = useSkillName();
  const [acting, setActing] = useState<{ kind: Parameters<Act>[0]; waiting: Waiting }>();
  const items = waiting.data?.items ?? [];
  const close = () => setActing(undefined);
  return (
    <section className={classes.column} aria-label="Waiting conversations">
      <h2 className={classes.heading}>
        {skillId === undefined ? (
          "Waiting"
        ) : (
          <>
            <span className="cut">Waiting in {skillName(skillId)}</span>
            <Button size="compact-xs" variant="subtle" onClick={onAll}>
              Show all
            </Button>
          </>
        )}
      </h2>
      {waiting.error && !waiting.data ? (
        <FailureNote error={waiting.error} retry={() => void waiting.refetch()} />
      ) : !waiting.data ? (
        <Skeleton height={240} />
      ) : (
        <Rows
          key={skillId ?? ""}
          items={items}
          onAct={(kind, one) => setActing({ kind, waiting: one })}
        />
      )}
      {waiting.data && waiting.data.more > 0 && (
        <Text size="sm" className="quiet">
          and {count(waiting.data.more, "other")} behind them
        </Text>
      )}
      {acting?.kind === "close" ? (
        <CloseDialog
          conversationId={acting.waiting.conversationId}
          consumerId={acting.waiting.consumerId}
          onClose={close}
        />
      ) : acting ? (
        <HandOverDialog
          conversationId={acting.waiting.conversationId}
          from={{ skillId: acting.waiting.skillId ?? undefined, agentId: undefined }}
          who={acting.waiting.consumerId}
          by="supervisor"
          to={acting.kind}
          onClose={close}
        />
      ) : null}
    </section>
  );
}

function Rows({ items, onAct }: { items: readonly Waiting[]; onAct: Act }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [isPointed, setPointed] = useState(false);
  const [focused, setFocused] = useState<string>();
  // The row that has the focus stays for as long as it waits; then the list takes the focus over.
  const isFocusHere = focused !== undefined && items.some((item) => keyOf(item) === focused);
  const held = useHeld(items, keyOf, isPointed || isFocusHere);
  const isFocusLost = focused !== undefined && !held.some(({ item }) => keyOf(item) === focused);
  useEffect(() => {
    if (isFocusLost) scroller.current?.focus();
  }, [isFocusLost]);
  const virtual = useVirtualizer({
    count: held.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => held[index]?.item.conversationId ?? index,
    overscan: 6,
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only notices that somebody points at it
    <div
      ref={scroller}
      className={classes.scroller}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
      tabIndex={-1}
      onFocus={({ target }) => setFocused(target.closest("li")?.dataset["key"])}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) {
          setFocused(undefined);
        }
      }}
    >
      {held.length === 0 && (
        <Empty title="Nobody waits" icon={<IconMoodSmile size={30} stroke={1.5} />}>
          <Text className="quiet">Conversations show up here the moment they have to wait.</Text>
        </Empty>
      )}
      <ol className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const one = held[index];
          if (!one) return null;
          return (
            <li
              key={key}
              data-key={one.item.conversationId}
              className={classes.row}
              data-gone={one.isGone || undefined}
              style={{ top: start, height: ROW_HEIGHT }}
            >
              <Row waiting={one.item} isGone={one.isGone} onAct={onAct} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Row({ waiting, isGone, onAct }: { waiting: Waiting; isGone: boolean; onAct: Act }) {
  const skill = useSkillName()(waiting.skillId ?? "");
  const supervise = useRefusal("ConversationsSupervise");
  const write = useRefusal("ConversationsWrite");
  const gone = isGone ? "It no longer waits." : undefined;
  const actions = [
    { kind: "agent", verb: "Give to", icon: IconUserShare, reason: gone ?? supervise },
    { kind: "skill", verb: "Move to", icon: IconCornerUpRight, reason: gone ?? write },
    { kind: "close", verb: "Close", icon: IconX, reason: gone ?? write },
  ] as const;
  return (
    <>
      <span className={classes.wait}>
        <Since at={waiting.since} />
      </span>
      <div className="cut">
        <div className={classes.who}>
          <Link
            to="/conversations/$conversationId"
            params={{ conversationId: waiting.conversationId }}
            className={`${classes.link} cut`}
            title={waiting.consumerId}
          >
            {waiting.consumerId}
          </Link>
          <span className="quiet cut" title={skill}>
            {[skill, waiting.channel, waiting.isTransfer ? "transferred" : undefined]
              .filter(Boolean)
              .join(" · ")}
          </span>
        </div>
        <div className={`${classes.why} quiet cut`}>
          <WhyLine waiting={waiting} isGone={isGone} />
        </div>
      </div>
      <div className={classes.acts}>
        {actions.map(({ kind, verb, icon: Icon, reason }) => (
          <ReasonedButton
            key={kind}
            size="compact-sm"
            variant="default"
            reason={reason}
            onClick={() => onAct(kind, waiting)}
            aria-label={`${verb}: ${waiting.consumerId}`}
            title={verb}
          >
            <Icon size={15} stroke={1.7} />
            <span className={classes.verb}>{verb}</span>
          </ReasonedButton>
        ))}
      </div>
    </>
  );
}

function WhyLine({ waiting, isGone }: { waiting: Waiting; isGone: boolean }) {
  const agentName = useAgentName();
  if (isGone) return "It no longer waits.";
  const { ringing, obstacles } = waiting;
  if (ringing) {
    return (
      <>
        It rings at {agentName(ringing.agentId)}, <Until at={ringing.until} /> left.
      </>
    );
  }
  if (!obstacles) return "It is being handed out.";
  const line = obstacleLine(obstacles, agentName);
  return <span title={line}>{line}</span>;
}
