/** Asks where a new document is to be; writing it makes what is not there. */
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

interface Props {
  /** The namespace, where it is known. */
  namespace: string | undefined;
  onClose: () => void;
}

/** The session of what is written without one. */
const DEFAULT_SESSION = "__default__";

export function NewDocument({ namespace, onClose }: Props) {
  const [name, setName] = useState(namespace ?? "");
  const [session, setSession] = useState("");
  const navigate = useNavigate();
  const isName = /^[A-Za-z0-9_]{1,128}$/.test(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isName) return;
    onClose();
    void navigate({
      to: "/context/$namespace/$session",
      params: { namespace: name, session: session.trim() || DEFAULT_SESSION },
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title="New document"
      yOffset="16vh"
      transitionProps={{ duration: 0 }}
    >
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Namespace"
            description="Letters, digits and underscores; a new one is made by writing to it."
            data-autofocus={namespace === undefined || undefined}
            disabled={namespace !== undefined}
            error={name !== "" && !isName ? "Expected letters, digits and underscores." : undefined}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Session"
            description="Usually the id of a conversation or of a consumer; none is the account's own document."
            placeholder={DEFAULT_SESSION}
            maxLength={256}
            data-autofocus={namespace !== undefined || undefined}
            value={session}
            onChange={(event) => setSession(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button type="submit" size="xs" disabled={!isName}>
              Write it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
