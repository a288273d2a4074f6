/** The form of a new credential: for whom, what it may do, and how long. */
import { Alert, NativeSelect, Radio, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useCredentialChanges } from "../api/access";
import type { Schemas } from "../api/client";
import { usersQuery } from "../api/queries";
import { useRefusal } from "../lib/permissions";
import { Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { endOf, LIVES } from "./credential";
import { ROLE_NAMES, ROLE_POWERS, ROLES, type Role } from "./roles";

interface Props {
  close: ReactNode;
  onIssued: (issued: Schemas["IssuedCredential"]) => void;
}

export function NewCredential({ close, onIssued }: Props) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("bot");
  const [days, setDays] = useState(365);
  const [userId, setUserId] = useState<string | null>(null);
  const users = useQuery(usersQuery).data ?? [];
  const refusal = useRefusal("AccessWrite");
  const { create } = useCredentialChanges();
  const reason = refusal ?? (name.trim() === "" ? "Give it a name first." : undefined);
  const make = () => {
    if (reason !== undefined || create.isPending) return;
    const expiresAt = endOf(days, Date.now());
    const wanted = {
      name: name.trim(),
      role,
      ...(userId && { userId }),
      ...(expiresAt && { expiresAt }),
    };
    create.mutate(wanted, { onSuccess: onIssued });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make();
  };
  return (
    <Pane
      title="New credential"
      about="Its secrets are shown once, when it is made."
      actions={
        <>
          <ReasonedButton size="xs" reason={reason} loading={create.isPending} onClick={make}>
            Make it
          </ReasonedButton>
          {close}
        </>
      }
    >
      <form onSubmit={submit}>
        <Part title="What it is">
          {create.error && (
            <Alert
              color="red"
              variant="light"
              title="It was not made; what you typed is still here"
            >
              {create.error.message}
            </Alert>
          )}
          <TextInput
            label="Name"
            description="The program that will use it, so that it is known whom revoking hits."
            maxLength={200}
            autoFocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Radio.Group
            label="What it may do"
            value={role}
            onChange={(value) => setRole(ROLES.find((one) => one === value) ?? role)}
          >
            <Stack gap={8} mt={6}>
              {ROLES.map((one) => (
                <Radio
                  key={one}
                  value={one}
                  label={ROLE_NAMES[one]}
                  description={ROLE_POWERS[one]}
                />
              ))}
            </Stack>
          </Radio.Group>
          <NativeSelect
            label="Works for"
            maw={280}
            data={LIVES.map((life) => ({ value: String(life.days), label: life.label }))}
            value={String(days)}
            onChange={(event) => setDays(Number(event.currentTarget.value))}
          />
          <Select
            label="Acts as"
            description="An agent or a bot in whose name it takes part in conversations; it works while that user is enabled."
            placeholder="itself"
            maw={420}
            searchable
            clearable
            limit={50}
            nothingFoundMessage="Nobody is called so."
            data={users.flatMap((user) =>
              user.id ? [{ value: user.id, label: `${user.name} (${user.id})` }] : [],
            )}
            value={userId}
            onChange={setUserId}
          />
          <button type="submit" hidden />
        </Part>
      </form>
    </Pane>
  );
}
