/** @jsxImportSource preact */
/** What was said, the newest at the bottom, and what is on its way. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Choice } from "./content";
import { partsOf } from "./links";
import classes from "./Messenger.module.css";
import type { Fate, Outgoing } from "./outbox";
import { type Message, readUpTo } from "./story";
import type { View } from "./view";
import { dayOf, timeOf } from "./words";

/** So near to the end that one wants to stay there. */
const NEAR = 80;

interface Props {
  view: View;
  onTakeBack: (id: string) => void;
  onSay: (text: string) => void;
}

export function Messages({ view, onTakeBack, onSay }: Props) {
  const { story, outgoing, look, nicknames } = view;
  const told = new Set(story.messages.map(({ clientMessageId }) => clientMessageId));
  const pending = outgoing.filter(({ clientMessageId }) => !told.has(clientMessageId));
  const read = readUpTo(story);
  const lastMine = story.messages.findLast(({ side }) => side === "MINE");
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what makes it longer
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && isAtEnd.current) box.scrollTop = box.scrollHeight;
  }, [story, pending.length, view.isTyping, view.stage]);
  return (
    <div
      ref={scroller}
      class={classes.scroller}
      onScroll={({ currentTarget: box }) => {
        isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
      }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
      tabIndex={0}
      role="log"
      aria-label="Messages"
      aria-live="polite"
    >
      {look.greeting && <Bubble side="THEIRS" text={look.greeting} isFirst />}
      {story.messages.map((message, index) => {
        const before = story.messages[index - 1];
        const isNewDay = !before || dayOf(before.at) !== dayOf(message.at);
        const isFirst = isNewDay || before.senderId !== message.senderId;
        return (
          <div key={message.id} class={classes.item}>
            {isNewDay && <p class={classes.day}>{dayOf(message.at)}</p>}
            <Bubble
              side={message.side}
              text={message.text}
              isFirst={isFirst}
              sender={isFirst ? senderOf(message, nicknames) : ""}
              note={
                message === lastMine && message.sequence <= read
                  ? `Read · ${timeOf(message.at)}`
                  : timeOf(message.at)
              }
            />
            <Choices
              choices={message.choices}
              // What has been answered is asked no more.
              onSay={
                view.stage === "ANSWERED" &&
                pending.length === 0 &&
                message.sequence > (lastMine?.sequence ?? 0)
                  ? onSay
                  : undefined
              }
            />
          </div>
        );
      })}
      {pending.map((message) => (
        <div key={message.clientMessageId} class={classes.item}>
          <Bubble
            side="MINE"
            text={message.text}
            isFirst={false}
            note={FATES[message.fate.is]}
            isPending={message.fate.is !== "SENT"}
          />
          <Refused message={message} onTakeBack={onTakeBack} />
        </div>
      ))}
      {view.isTyping && <Typing name={view.answering?.nickname ?? ""} />}
    </div>
  );
}

const FATES: Record<Fate["is"], string> = {
  SENDING: "Sending",
  KEPT: "Not sent yet; it is tried again",
  SENT: "Sent",
  REFUSED: "Not sent",
};

function senderOf({ side, senderId }: Message, nicknames: ReadonlyMap<string, string>): string {
  return side === "THEIRS" ? (nicknames.get(senderId) ?? "") : "";
}

interface BubbleProps {
  side: Message["side"];
  text: string;
  isFirst: boolean;
  sender?: string;
  note?: string;
  isPending?: boolean;
}

function Bubble({ side, text, isFirst, sender, note, isPending }: BubbleProps) {
  return (
    <div
      class={classes.said}
      data-side={side}
      data-first={isFirst || undefined}
      data-pending={isPending || undefined}
    >
      {side === "MINE" && <span class={classes.unseen}>You: </span>}
      {sender && <span class={classes.sender}>{sender}</span>}
      <p class={classes.bubble} dir="auto">
        {partsOf(text).map(({ text, address }, index) =>
          address ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: what was said does not change
            <a key={index} href={address} target="_blank" rel={NO_TRACE}>
              {text}
            </a>
          ) : (
            text
          ),
        )}
      </p>
      {note && <span class={classes.note}>{note}</span>}
    </div>
  );
}

interface ChoicesProps {
  choices: readonly Choice[];
  onSay: ((text: string) => void) | undefined;
}

function Choices({ choices, onSay }: ChoicesProps) {
  if (choices.length === 0) return null;
  return (
    <ul class={classes.choices} aria-label="Choices">
      {choices.map(({ title, says, address }) => (
        <li key={`${title} ${says ?? address}`}>
          {address ? (
            <a class={classes.choice} href={address} target="_blank" rel={NO_TRACE}>
              {title}
            </a>
          ) : (
            <button
              type="button"
              class={classes.choice}
              disabled={!onSay}
              onClick={() => onSay?.(says ?? title)}
            >
              {title}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const NO_TRACE = "noopener noreferrer nofollow";

function Refused(props: { message: Outgoing; onTakeBack: (id: string) => void }) {
  const { fate, clientMessageId } = props.message;
  if (fate.is !== "REFUSED") return null;
  return (
    <p class={classes.refused} role="alert">
      {fate.why}{" "}
      <button type="button" class={classes.text} onClick={() => props.onTakeBack(clientMessageId)}>
        Write it anew
      </button>
    </p>
  );
}

function Typing({ name }: { name: string }) {
  return (
    <div class={classes.typing} role="status">
      <span class={classes.dots} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class={classes.unseen}>{name || "Somebody"} is typing</span>
    </div>
  );
}
