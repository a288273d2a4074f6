/** One user, person or bot, as they are edited. */
import { Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import type { Tagged } from "../api/client";
import { agentsQuery, groupsQuery, settingsQuery, usersQuery } from "../api/queries";
import { type Draft, useDraft } from "../lib/draft";
import { count } from "../lib/format";
import { useUnsaved } from "../lib/leaving";
import { useSession } from "../lib/permissions";
import { Confirm } from "../ui/Confirm";
import { Effect, Fields, Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { SaveActions } from "../ui/SaveActions";
import { SaveNotes } from "../ui/SaveNotes";
import { loadOf, STATUS_NAMES } from "./agent";
import { BotForm } from "./BotForm";
import { useDeleteUser, useSaveUser } from "./changes";
import { EnabledSwitch } from "./EnabledSwitch";
import { useReach, useUserRefusal } from "./refusal";
import { SignInLink } from "./SignInLink";
import { CapacityForm, SkillsForm } from "./SkillsForm";
import {
  draftOf,
  type Kind,
  mistakeOf,
  newDraft,
  ROLES,
  standardCapacity,
  type User,
  type UserDraft,
} from "./user";

interface Props {
  kind: Kind;
  kept: Tagged<User> | undefined;
  closeLink: ReactNode;
  /** Goes where somebody is shown; nowhere once they are deleted. */
  onGo: (userId: string | undefined) => void;
}

export function UserEditor({ kind, kept, closeLink, onGo }: Props) {
  const user = kept?.value;
  const userId = user?.id ?? undefined;
  const refusal = useUserRefusal(user?.role);
  const listed = useQuery(usersQuery).data?.find((one) => one.id === userId) ?? user;
  const standard = standardCapacity(useQuery(settingsQuery).data);
  const [id, setId] = useState("");
  const [isDeleting, setDeleting] = useState(false);
  const draft = useDraft(
    useMemo(() => (kept ? draftOf(kept.value) : newDraft(kind)), [kept, kind]),
    kept?.tag ?? "",
  );
  const letGo = useUnsaved(draft.isChanged);
  const save = useSaveUser(userId);
  const reason =
    refusal ??
    mistakeOf(draft.value) ??
    (draft.isChanged || !user ? undefined : "Nothing has changed.");
  const submit = () => {
    if (reason !== undefined || save.isPending) return;
    save.mutate(
      { id: id.trim(), draft: draft.value, tag: draft.tag },
      {
        onSuccess: (saved) => {
          draft.take(draftOf(saved.value), saved.tag);
          notifications.show({ message: `${saved.value.name} is saved.` });
          if (user) return;
          letGo();
          onGo(saved.value.id ?? undefined);
        },
      },
    );
  };
  useHotkeys([["mod+S", submit]], []);
  const form = { user: draft.value, isFixed: refusal !== undefined, onChange: draft.change };
  const isBot = kind === "BOT";
  const fresh = isBot ? "New bot" : "New person";
  return (
    <Pane
      title={draft.value.name || fresh}
      about={user ? (user.email ?? user.id) : isBot ? "A program" : "A person"}
      before={listed && <EnabledSwitch user={listed} />}
      actions={
        <>
          <SaveActions
            onDiscard={draft.isChanged && user ? draft.discard : undefined}
            reason={reason}
            isPending={save.isPending}
            onSave={submit}
          />
          {closeLink}
        </>
      }
    >
      {userId !== undefined && <Now userId={userId} />}
      <SaveNotes error={save.error} draft={draft} />
      <About user={user} draft={draft} id={id} onId={setId} isFixed={form.isFixed} />
      {isBot && <BotForm {...form} />}
      <SkillsForm {...form} />
      {!draft.value.hostedBot && <CapacityForm {...form} standard={standard} />}
      {user && !isBot && <SignInLink user={user} />}
      {user && (
        <Group>
          <ReasonedButton
            size="xs"
            variant="default"
            leftSection={<IconTrash size={15} />}
            reason={refusal}
            onClick={() => setDeleting(true)}
          >
            Delete {isBot ? "this bot" : "this person"}
          </ReasonedButton>
        </Group>
      )}
      {user && isDeleting && (
        <DeleteDialog
          user={user}
          onClose={() => setDeleting(false)}
          onDeleted={() => {
            letGo();
            onGo(undefined);
          }}
        />
      )}
    </Pane>
  );
}

/** How they are doing at this moment. */
function Now({ userId }: { userId: string }) {
  const agent = useQuery(agentsQuery).data?.find((one) => one.id === userId);
  if (!agent) return null;
  return (
    <Effect>
      Now {agent.isEnabled ? (STATUS_NAMES[agent.status] ?? agent.status) : "switched off"}
      {agent.statusReason && ` (${agent.statusReason})`}, {loadOf(agent)}
      {agent.ringing > 0 && `, ${count(agent.ringing, "offer")} ringing`}.
    </Effect>
  );
}

interface AboutProps {
  user: User | undefined;
  draft: Draft<UserDraft>;
  id: string;
  isFixed: boolean;
  onId: (id: string) => void;
}

function About({ user, draft, id, isFixed, onId }: AboutProps) {
  const { value, change } = draft;
  const groups = useQuery(groupsQuery).data ?? [];
  const own = useSession().user?.id;
  const reaches = useReach();
  const isBot = value.kind === "BOT";
  return (
    <Part title={isBot ? "What it is" : "Who it is"}>
      <Fields>
        <TextInput
          label="Name"
          autoFocus={!user}
          disabled={isFixed}
          value={value.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {!user && (
          <TextInput
            label="Id"
            description="It cannot be changed later. Without one, they get one."
            classNames={{ input: "code" }}
            value={id}
            onChange={(event) => onId(event.currentTarget.value)}
          />
        )}
        {!isBot && (
          <TextInput
            label="E-mail"
            description="They sign in with it; without one they cannot."
            type="email"
            disabled={isFixed}
            value={value.email ?? ""}
            onChange={(event) => change({ email: event.currentTarget.value || null })}
          />
        )}
        <TextInput
          label="Nickname"
          description="What consumers see instead of the name."
          placeholder={value.name}
          disabled={isFixed}
          value={value.nickname ?? ""}
          onChange={(event) => change({ nickname: event.currentTarget.value || null })}
        />
        <TextInput
          label="Picture"
          placeholder="https://…"
          disabled={isFixed}
          value={value.pictureUrl ?? ""}
          onChange={(event) => change({ pictureUrl: event.currentTarget.value || null })}
        />
        <NativeSelect
          label="Role"
          description={`${ROLES.find((one) => one.role === value.role)?.may ?? ""}${
            user && user.id === own ? "; this is you" : ""
          }`}
          disabled={isFixed}
          value={value.role}
          data={ROLES.map(({ role }) => ({ value: role, label: role, disabled: !reaches(role) }))}
          onChange={(event) => change({ role: event.currentTarget.value })}
        />
        <NativeSelect
          label="Group"
          disabled={isFixed}
          value={value.groupId ?? ""}
          data={[
            { value: "", label: "none" },
            ...groups.map((group) => ({ value: group.id ?? "", label: group.name })),
          ]}
          onChange={(event) => change({ groupId: event.currentTarget.value || null })}
        />
      </Fields>
    </Part>
  );
}

interface DeleteProps {
  user: User;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteDialog({ user, onClose, onDeleted }: DeleteProps) {
  const remove = useDeleteUser();
  const agent = useQuery(agentsQuery).data?.find((one) => one.id === user.id);
  const held = agent?.assigned ?? 0;
  return (
    <Confirm
      title={`Delete ${user.name}?`}
      action="Delete"
      isPending={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(user, { onSuccess: onDeleted })}
    >
      <Text>
        {held > 0 ? `${count(held, "conversation")} will go back to their queues. ` : ""}
        They can no longer sign in, and this cannot be taken back; what they did stays in the
        history. Switching them off does the same until you switch them on again.
      </Text>
    </Confirm>
  );
}
