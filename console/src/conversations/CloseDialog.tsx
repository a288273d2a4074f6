/** Closes a conversation: asked once, because it cannot be opened again. */
import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../ui/Confirm";
import { useConversationActions } from "./actions";

interface Props {
  conversationId: string;
  consumerId: string;
  onClose: () => void;
}

export function CloseDialog({ conversationId, consumerId, onClose }: Props) {
  const [reason, setReason] = useState("");
  const { close } = useConversationActions(conversationId);
  return (
    <Confirm
      title="Close this conversation?"
      action="Close it"
      isPending={close.isPending}
      error={close.error}
      onClose={onClose}
      onConfirm={() => close.mutate(reason.trim(), { onSuccess: onClose })}
    >
      <Text>
        {consumerId} can no longer write in it and is not asked how it was. It stays in the history
        and cannot be opened again.
      </Text>
      <TextInput
        label="Why, in your words"
        placeholder="Optional; it stands in the history"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Confirm>
  );
}
