/** Where the agent writes: to the customer, or a note that the customer does not see. */
import { ActionIcon, Group, SegmentedControl, Text, Textarea, Tooltip } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { api, body } from "../api/client";
import { commandsQuery } from "../api/queries";
import { number } from "../lib/format";
import { CannedReplies } from "./CannedReplies";
import { CommandNote } from "./CommandNote";
import classes from "./Composer.module.css";
import { commandIn, type Given } from "./commands";
import { useDraft } from "./draft";
import { useOutbox, useOwner } from "./useDesk";

/** Characters of a message, at most. */
const TEXT_MAX = 8_000;
/** How often the customer is told that somebody writes, while somebody does. */
const TYPING_MS = 3_000;

interface Props {
  conversationId: string;
  skillId: string | undefined;
  who: string;
  /** Why nothing can be written, if so. */
  refusal: string | undefined;
  /** Whether the keys go here as soon as it is there. */
  hasFocus: boolean;
  onTyping: () => void;
}

export function Composer({ conversationId, skillId, who, refusal, hasFocus, onTyping }: Props) {
  const [draft, setDraft] = useDraft(useOwner(), conversationId);
  const outbox = useOutbox();
  const toldAt = useRef(0);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (!hasFocus || !field.current) return;
    field.current.focus();
    // One goes on where one stopped.
    const end = field.current.value.length;
    field.current.setSelectionRange(end, end);
  }, [hasFocus]);
  const { text, isPrivate } = draft;
  const [isChoosing, setChoosing] = useState(false);
  const isTooLong = text.length > TEXT_MAX;
  const commands = useQuery(commandsQuery).data ?? [];
  const names = commands.map(({ name }) => name);
  const command = commandIn(text.trimEnd(), names);
  const give = useMutation({
    mutationFn: async ({ given }: { given: Given; written: string }) => {
      const params = { path: { conversationId } };
      return body(
        await api.POST("/api/v1/conversations/{conversationId}/commands", { params, body: given }),
      );
    },
    onSuccess: () => setDraft({ text: "", isPrivate }),
  });
  const reason =
    refusal ??
    (text.trim() === ""
      ? "Nothing is written yet."
      : isTooLong
        ? `At most ${number(TEXT_MAX)} characters can be sent; there are ${number(text.length)}.`
        : give.isPending
          ? "The command is under way."
          : undefined);
  const send = () => {
    if (reason !== undefined) return;
    if (command) {
      give.mutate({ given: command, written: text.trim() });
      return;
    }
    outbox.add({ conversationId, text: text.trim(), isPrivate });
    setDraft({ text: "", isPrivate });
    toldAt.current = 0;
  };
  const type = (next: string) => {
    setDraft({ text: next, isPrivate });
    const now = Date.now();
    if (isPrivate || next === "" || now - toldAt.current < TYPING_MS) return;
    toldAt.current = now;
    onTyping();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "/" && text === "") {
      event.preventDefault();
      setChoosing(true);
    }
    // Enter chooses a word while an input method is at work.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className={classes.composer} data-private={isPrivate || undefined}>
      {give.variables && !give.isPending && (
        <CommandNote
          written={give.variables.written}
          text={give.data?.text ?? undefined}
          error={give.error}
          onClose={give.reset}
        />
      )}
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <SegmentedControl
          size="xs"
          className={classes.who}
          aria-label="Who sees it"
          value={isPrivate ? "note" : "reply"}
          onChange={(value) => setDraft({ text, isPrivate: value === "note" })}
          data={[
            { value: "reply", label: "Reply" },
            { value: "note", label: "Private note" },
          ]}
        />
        <Text size="xs" className="quiet cut" c={isTooLong ? "var(--bad)" : undefined}>
          {isTooLong
            ? reason
            : command
              ? `Runs ${command.name}; the answer is for you alone.`
              : isPrivate
                ? "Colleagues see it, the customer does not."
                : `Goes to ${who}.`}
        </Text>
      </Group>
      <div className={classes.field}>
        <Textarea
          className={classes.text}
          ref={field}
          aria-label={isPrivate ? "Private note" : `Message to ${who}`}
          placeholder={
            refusal ?? "Enter sends, Shift Enter begins a line, / finds a reply or command"
          }
          disabled={refusal !== undefined}
          autosize
          minRows={2}
          maxRows={8}
          value={text}
          onChange={(event) => type(event.currentTarget.value)}
          onKeyDown={keys}
        />
        <CannedReplies
          skillId={skillId}
          commands={commands}
          isDisabled={refusal !== undefined}
          isAsked={isChoosing}
          onClose={() => setChoosing(false)}
          onChoose={(reply) =>
            setDraft({ text: text.trim() ? `${text} ${reply}` : reply, isPrivate })
          }
          onCommand={(name) => setDraft({ text: `/${name} `, isPrivate })}
          field={field}
        />
        <Tooltip label={reason ?? "Send"}>
          <ActionIcon
            size={36}
            aria-label="Send"
            aria-disabled={reason !== undefined}
            data-disabled={reason !== undefined || undefined}
            onClick={send}
          >
            <IconSend size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  );
}
