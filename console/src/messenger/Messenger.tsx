/** @jsxImportSource preact */
/** The whole of the messenger: its head, what was said, and what can be done now. */
import { useEffect, useState } from "preact/hooks";
import { Composer } from "./Composer";
import type { Chat } from "./chat";
import { isFramed, tell } from "./frame";
import { CloseIcon } from "./icons";
import { Messages } from "./Messages";
import classes from "./Messenger.module.css";
import { Survey } from "./Survey";
import type { View } from "./view";
import { standingWords } from "./words";

interface Props {
  chat: Chat;
  /** Grows by one whenever the messenger is opened. */
  opened: number;
  /** Why nothing can be written, whatever the conversation allows. */
  reason: string | undefined;
}

export function Messenger({ chat, opened, reason }: Props) {
  const view = useView(chat);
  const [returned, setReturned] = useState({ text: "", times: 0 });
  const takeBack = (clientMessageId: string) => {
    const text = chat.takeBack(clientMessageId);
    setReturned(({ times }) => ({ text, times: times + 1 }));
  };
  const standing = standingWords(view);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from wherever one is in it
    <div
      class={classes.messenger}
      data-framed={isFramed || undefined}
      onKeyDown={({ key }) => {
        if (key === "Escape") tell({ usher: "CLOSE" });
      }}
    >
      {/* Named, for a page that frames this one has a head and a main part of its own. */}
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: the head of a page is a banner, which takes a name */}
      <header class={classes.head} aria-label={view.look.title}>
        <div class={classes.titles}>
          <h1 class={classes.title} title={view.look.title}>
            {view.look.title}
          </h1>
          <p class={classes.standing} role="status" data-lost={!view.isConnected || undefined}>
            {standing}
          </p>
        </div>
        <End chat={chat} view={view} />
        {isFramed && (
          <button
            type="button"
            class={classes.icon}
            aria-label="Close the chat window"
            title="Close"
            onClick={() => tell({ usher: "CLOSE" })}
          >
            <CloseIcon />
          </button>
        )}
      </header>
      <main class={classes.main} aria-label={view.look.title}>
        {view.failure ? (
          <Unavailable why={view.failure.message} retry={() => void chat.begin()} />
        ) : (
          <>
            <Messages view={view} onTakeBack={takeBack} onSay={(text) => chat.send(text)} />
            <Foot chat={chat} view={view} opened={opened} reason={reason} returned={returned} />
          </>
        )}
      </main>
    </div>
  );
}

interface FootProps extends Props {
  view: View;
  returned: { text: string; times: number };
}

function Foot({ chat, view, opened, reason, returned }: FootProps) {
  if (view.stage === "SURVEY") return <Survey chat={chat} />;
  if (view.stage === "OVER") {
    return (
      <div class={classes.over}>
        <button type="button" class={classes.again} onClick={() => chat.again()}>
          Start a new conversation
        </button>
      </div>
    );
  }
  const closed = "Nobody can be reached here at the moment.";
  const why = reason ?? (view.stage === "NEW" && !view.look.isEnabled ? closed : undefined);
  return <Composer chat={chat} reason={why} focus={opened} returned={returned} />;
}

/** Ends the conversation, asked twice: what is ended cannot be taken up again. */
function End({ chat, view }: { chat: Chat; view: View }) {
  const [isAsked, setAsked] = useState(false);
  const [isEnding, setEnding] = useState(false);
  if (view.stage !== "WAITING" && view.stage !== "ANSWERED") return null;
  if (!isAsked) {
    return (
      <button type="button" class={classes.end} onClick={() => setAsked(true)}>
        End
      </button>
    );
  }
  const end = async () => {
    setEnding(true);
    // It stays as it is where it did not work; the button is there again.
    await chat.end().catch(() => {});
    setEnding(false);
    setAsked(false);
  };
  return (
    <span class={classes.sure}>
      <button type="button" class={classes.end} disabled={isEnding} onClick={() => void end()}>
        End the conversation
      </button>
      <button type="button" class={classes.end} disabled={isEnding} onClick={() => setAsked(false)}>
        Go on
      </button>
    </span>
  );
}

function Unavailable({ why, retry }: { why: string; retry: () => void }) {
  return (
    <div class={classes.failure} role="alert">
      <h2>The chat cannot be opened</h2>
      <p>{why}</p>
      <button type="button" class={classes.again} onClick={retry}>
        Try again
      </button>
    </div>
  );
}

function useView(chat: Chat): View {
  const [view, setView] = useState(chat.view);
  useEffect(() => {
    setView(chat.view);
    return chat.watch(() => setView(chat.view));
  }, [chat]);
  return view;
}
