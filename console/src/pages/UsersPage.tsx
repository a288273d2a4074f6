/** The people who work here: agents, and those who look after them. */
import { NativeSelect, Text } from "@mantine/core";
import { IconPlus, IconUpload, IconUsers, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { groupsQuery, settingsQuery, usersQuery } from "../api/queries";
import { useSkillName } from "../floor/names";
import { ImportDialog } from "../imports/ImportDialog";
import { useRefusal } from "../lib/permissions";
import { Directory } from "../ui/Directory";
import { Empty } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { GroupsDialog } from "../users/GroupsDialog";
import { foundUsers, UserRow } from "../users/UserRow";
import { standardCapacity } from "../users/user";

const route = getRouteApi("/shell/users");

export function UsersPage() {
  const { find = "", group, dialog } = route.useSearch();
  const selected = useMatch({ from: "/shell/users/$userId", shouldThrow: false })?.params.userId;
  const canRead = useRefusal("AccessRead") === undefined;
  const users = useQuery({ ...usersQuery, enabled: canRead });
  const groups = useQuery(groupsQuery).data ?? [];
  const standard = standardCapacity(useQuery(settingsQuery).data);
  const navigate = useNavigate({ from: "/users" });
  const refusal = useRefusal("AccessWrite");
  const nameOf = useSkillName();
  const people = useMemo(
    () => (canRead ? users.data?.filter((user) => user.kind !== "BOT") : []),
    [users.data, canRead],
  );
  const shown = useMemo(() => {
    const inGroup = people?.filter((user) => group === undefined || user.groupId === group);
    return inGroup && foundUsers(inGroup, find, nameOf);
  }, [people, find, group, nameOf]);
  const isNarrow = selected !== undefined;
  const open = (next: "import" | "groups") =>
    void navigate({ to: ".", search: (search) => ({ ...search, dialog: next }) });
  const close = () =>
    void navigate({ to: ".", search: ({ dialog: _, ...others }) => others, replace: true });
  return (
    <Directory
      title="Agents"
      search={{
        label: "Search agents",
        hint: "Search by name, address, role or skill",
        find,
        onFind: (wanted) =>
          void navigate({
            to: ".",
            search: ({ find: _, ...others }) =>
              wanted === "" ? others : { ...others, find: wanted },
            replace: true,
          }),
      }}
      actions={
        <>
          {!isNarrow && (
            <>
              <ReasonedButton
                size="xs"
                variant="default"
                leftSection={<IconUsersGroup size={15} />}
                reason={refusal}
                onClick={() => open("groups")}
              >
                Groups
              </ReasonedButton>
              <ReasonedButton
                size="xs"
                variant="default"
                leftSection={<IconUpload size={15} />}
                reason={refusal}
                onClick={() => open("import")}
              >
                Import
              </ReasonedButton>
            </>
          )}
          <ReasonedButton
            size="xs"
            leftSection={<IconPlus size={15} />}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/users/$userId", params: { userId: "new" }, search: true })
            }
          >
            New person
          </ReasonedButton>
        </>
      }
      filters={
        groups.length > 0 && (
          <NativeSelect
            aria-label="Group"
            value={group ?? ""}
            data={[
              { value: "", label: "Any group" },
              ...groups.map((one) => ({ value: one.id ?? "", label: one.name })),
            ]}
            onChange={(event) => {
              const { value } = event.currentTarget;
              void navigate({
                to: ".",
                search: ({ group: _, ...others }) =>
                  value === "" ? others : { ...others, group: value },
                replace: true,
              });
            }}
          />
        )
      }
      items={shown}
      error={users.error}
      retry={() => void users.refetch()}
      keyOf={(user) => user.id ?? user.name}
      row={(user) => (
        <UserRow
          user={user}
          nameOf={nameOf}
          groupName={groups.find((one) => one.id === user.groupId)?.name}
          standard={standard}
          isSelected={user.id === selected}
          isNarrow={isNarrow}
        />
      )}
      empty={<None canRead={canRead} isSearched={find !== "" || group !== undefined} />}
      isNarrow={isNarrow}
    >
      <Outlet />
      {dialog === "import" && <ImportDialog noun="users" onClose={close} />}
      {dialog === "groups" && <GroupsDialog users={users.data ?? []} onClose={close} />}
    </Directory>
  );
}

function None({ canRead, isSearched }: { canRead: boolean; isSearched: boolean }) {
  if (!canRead) {
    return (
      <Empty
        title="Only administrators see who has access"
        icon={<IconUsers size={30} stroke={1.5} />}
      >
        <Text className="quiet" maw={440}>
          The agents at work, with their skills and their load, are on the page Live.
        </Text>
      </Empty>
    );
  }
  return (
    <Empty
      title={isSearched ? "Nobody is called so" : "Nobody works here yet"}
      icon={<IconUsers size={30} stroke={1.5} />}
    >
      <Text className="quiet" maw={440}>
        {isSearched
          ? "The search looks at names, addresses, roles and skills."
          : "Add the people who talk with consumers, give them skills, and send each a sign-in link; or import them from a spreadsheet."}
      </Text>
    </Empty>
  );
}
