/** @jsxImportSource preact */
/** How it was, from 1 to 5. */
import { useState } from "preact/hooks";
import type { Chat } from "./chat";
import classes from "./Messenger.module.css";

const SCORES = [
  { csat: 1, means: "bad" },
  { csat: 2, means: "not good" },
  { csat: 3, means: "all right" },
  { csat: 4, means: "good" },
  { csat: 5, means: "very good" },
] as const;

export function Survey({ chat }: { chat: Chat }) {
  const [failure, setFailure] = useState("");
  const [isSending, setSending] = useState(false);
  const answer = async (done: Promise<void>) => {
    setSending(true);
    setFailure("");
    try {
      await done;
    } catch (error) {
      setFailure(error instanceof Error ? error.message : "The answer did not arrive.");
    } finally {
      setSending(false);
    }
  };
  return (
    <section class={classes.survey} aria-label="Rate the conversation">
      <div class={classes.scores}>
        {SCORES.map(({ csat, means }) => (
          <button
            key={csat}
            type="button"
            class={classes.score}
            aria-label={`${csat}, ${means}`}
            title={means}
            disabled={isSending}
            onClick={() => void answer(chat.rate(csat))}
          >
            {csat}
          </button>
        ))}
      </div>
      <div class={classes.scale} aria-hidden="true">
        <span>bad</span>
        <span>very good</span>
      </div>
      {failure && (
        <p class={classes.refused} role="alert">
          {failure}
        </p>
      )}
      <button
        type="button"
        class={classes.text}
        disabled={isSending}
        onClick={() => void answer(chat.end())}
      >
        Skip
      </button>
    </section>
  );
}
