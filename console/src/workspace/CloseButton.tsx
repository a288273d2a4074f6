/** Ends a conversation: asked once, for it cannot be taken back. */
import { Button, Group, Popover, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, body } from "../api/client";
import type { Conversation } from "../api/queries";
import { ReasonedButton } from "../ui/ReasonedButton";
import { consumerOf } from "./words";

interface Props {
  conversation: Conversation;
  /** Why it cannot be closed, if so. */
  refusal: string | undefined;
}

export function CloseButton({ conversation, refusal }: Props) {
  const [isAsked, setAsked] = useState(false);
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const who = consumerOf(conversation);
  const close = useMutation({
    mutationFn: async () => {
      // The main dialog: whoever is to be asked how it was, is asked then.
      const params = { path: { conversationId: conversation.id, dialogId: conversation.id } };
      const words = reason.trim();
      const path = "/api/v1/conversations/{conversationId}/dialogs/{dialogId}/close";
      return body(await api.POST(path, { params, body: words ? { reason: words } : {} }));
    },
    onSuccess: (closed) => {
      setAsked(false);
      queries.setQueryData(["conversations", conversation.id], closed);
      void queries.invalidateQueries({ queryKey: ["agents"] });
      notifications.show({ message: `The conversation with ${who} is closed.` });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    close.mutate();
  };
  return (
    <Popover
      opened={isAsked}
      onChange={setAsked}
      position="bottom-end"
      width={320}
      trapFocus
      withArrow
      shadow="md"
    >
      <Popover.Target>
        <ReasonedButton
          size="xs"
          variant="default"
          reason={refusal}
          onClick={() => setAsked(!isAsked)}
        >
          Close
        </ReasonedButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Close the conversation with ${who}`}>
        <form onSubmit={submit}>
          <Text size="sm" mb="xs">
            {who} cannot write in it any more. It cannot be opened again.
          </Text>
          <TextInput
            label="Why"
            description="May be left out."
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {close.error && (
            <Text size="sm" c="var(--bad)" role="alert" mt="xs">
              {close.error.message}
            </Text>
          )}
          <Group justify="flex-end" gap="xs" mt="sm">
            <Button size="xs" variant="default" onClick={() => setAsked(false)}>
              Keep it open
            </Button>
            <Button size="xs" color="red" type="submit" loading={close.isPending}>
              Close it
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
