/** The groups of agents: teams, shifts, sites. */
import { ActionIcon, Alert, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { groupsQuery } from "../api/queries";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { FailureNote } from "../ui/Failures";
import { useGroupChanges } from "./changes";
import classes from "./Users.module.css";
import type { User } from "./user";

export function GroupsDialog({ users, onClose }: { users: readonly User[]; onClose: () => void }) {
  const groups = useQuery(groupsQuery);
  const refusal = useRefusal("UsersWrite");
  const { add, rename, remove } = useGroupChanges();
  const [name, setName] = useState("");
  const error = add.error ?? rename.error ?? remove.error;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") add.mutate(name.trim(), { onSuccess: () => setName("") });
  };
  return (
    <Modal opened onClose={onClose} title="Groups of agents" transitionProps={{ duration: 0 }}>
      <Stack>
        {groups.error && <FailureNote error={groups.error} retry={() => void groups.refetch()} />}
        {error && (
          <Alert color="red" variant="light" title="It was not saved" role="alert">
            {error.message}
          </Alert>
        )}
        {groups.data?.length === 0 && (
          <Text size="sm" className="quiet">
            No group yet. Groups are for finding and reporting: teams, shifts, sites.
          </Text>
        )}
        <ul className={classes.groups}>
          {groups.data?.map((group) => {
            const members = users.filter((user) => user.groupId === group.id).length;
            return (
              <li key={group.id} className={classes.group}>
                <TextInput
                  aria-label={`Name of ${group.name}`}
                  defaultValue={group.name}
                  disabled={refusal !== undefined}
                  onBlur={(event) => {
                    const wanted = event.currentTarget.value.trim();
                    if (wanted === "" || wanted === group.name) {
                      event.currentTarget.value = group.name;
                    } else rename.mutate({ groupId: group.id ?? "", name: wanted });
                  }}
                />
                <span className="number quiet">{count(members, "member")}</span>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Delete ${group.name}`}
                  title={members > 0 ? "Take its members out first." : undefined}
                  disabled={refusal !== undefined || members > 0}
                  onClick={() => remove.mutate(group.id ?? "")}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </li>
            );
          })}
        </ul>
        <form onSubmit={submit}>
          <Group gap="xs" wrap="nowrap" align="end">
            <TextInput
              flex={1}
              label="New group"
              placeholder="Night shift"
              disabled={refusal !== undefined}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button
              type="submit"
              variant="default"
              disabled={name.trim() === ""}
              loading={add.isPending}
            >
              Add
            </Button>
          </Group>
        </form>
      </Stack>
    </Modal>
  );
}
