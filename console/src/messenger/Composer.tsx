/** @jsxImportSource preact */
/** Where one writes. Enter sends, Shift Enter begins a line; a draft survives the page. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./chat";
import { SendIcon } from "./icons";
import classes from "./Messenger.module.css";

/** The server's bound. */
const CHARS_MAX = 8_000;

interface Props {
  chat: Chat;
  /** Why nothing can be written, if so. */
  reason: string | undefined;
  /** Grows by one when the field is to have the focus. */
  focus: number;
  /** What is to be written anew, and how often something was. */
  returned: { text: string; times: number };
}

export function Composer({ chat, reason, focus, returned }: Props) {
  const [text, setText] = useState(chat.draft);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (focus > 0) field.current?.focus();
  }, [focus]);
  useEffect(() => {
    if (returned.times === 0) return;
    setText((written) => [returned.text, written].filter(Boolean).join("\n"));
    field.current?.focus();
  }, [returned]);
  useEffect(() => {
    chat.draft = text;
    // As high as what stands in it; the style sheet says how high at most.
    if (!field.current) return;
    field.current.style.height = "auto";
    field.current.style.height = `${field.current.scrollHeight}px`;
  }, [chat, text]);
  const isEmpty = text.trim() === "";
  const send = () => {
    if (isEmpty || reason !== undefined) return;
    chat.send(text.trim());
    setText("");
    field.current?.focus();
  };
  return (
    <form
      class={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        class={classes.field}
        aria-label="Message"
        placeholder={reason ?? "Write a message"}
        rows={1}
        maxLength={CHARS_MAX}
        disabled={reason !== undefined}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          chat.type();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <button
        type="submit"
        class={classes.send}
        aria-label="Send"
        title="Send"
        aria-disabled={isEmpty || reason !== undefined}
      >
        <SendIcon />
      </button>
    </form>
  );
}
