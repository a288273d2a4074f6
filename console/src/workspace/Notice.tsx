/** Points the agent once at the customer's previous conversation, until they have seen enough of it. */
import { Alert } from "@mantine/core";
import { IconUserHeart } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import { type Conversation, lastContactQuery } from "../api/queries";
import { headline } from "./LastContact";
import classes from "./Pane.module.css";

export function Notice({ conversation }: { conversation: Conversation }) {
  const queries = useQueryClient();
  const query = lastContactQuery(conversation);
  const contact = useQuery(query).data;
  const dismiss = useMutation({
    mutationFn: async () => {
      const params = { path: { conversationId: conversation.id } };
      const path = "/api/v1/conversations/{conversationId}/last-contact/dismiss";
      await api.POST(path, { params });
    },
    onMutate: () =>
      queries.setQueryData(query.queryKey, (known) => known && { ...known, notify: false }),
  });
  if (!contact?.notify || !contact.previous) return null;
  const { previous, state } = contact;
  const at = previous.closedAt ? new Date(previous.closedAt).toISOString() : undefined;
  return (
    <Alert
      className={classes.alert}
      color="indigo"
      variant="light"
      role="status"
      icon={<IconUserHeart size={18} />}
      withCloseButton
      closeButtonLabel="Take the notice away"
      onClose={() => dismiss.mutate()}
    >
      {headline(state, previous, "You", at)}.
    </Alert>
  );
}
