/** The people who work here: agents, and those who look after them. */
import { NativeSelect, Text } from "@mantine/core";
import { IconUpload, IconUsers, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { groupsQuery, settingsQuery, usersQuery } from "../api/queries";
import { useSkillName } from "../floor/names";
import { ImportDialog } from "../imports/ImportDialog";
import { useFind } from "../lib/find";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { List } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { ReasonedButton } from "../ui/ReasonedButton";
import { GroupsDialog } from "../users/GroupsDialog";
import { foundUsers, UserRow } from "../users/UserRow";
import { standardCapacity } from "../users/user";

const route = getRouteApi("/shell/users");

export function UsersPage() {
  const { group, dialog } = route.useSearch();
  const [find, onFind] = useFind();
  const selected = useMatch({ from: "/shell/users/$userId", shouldThrow: false })?.params.userId;
  const canRead = useRefusal("UsersRead") === undefined;
  const users = useQuery({ ...usersQuery, enabled: canRead });
  const groups = useQuery(groupsQuery).data ?? [];
  const standard = standardCapacity(useQuery(settingsQuery).data);
  const navigate = useNavigate({ from: "/users" });
  const refusal = useRefusal("UsersWrite");
  const nameOf = useSkillName();
  const people = useMemo(
    () => (canRead ? users.data?.filter((user) => user.kind !== "BOT") : []),
    [users.data, canRead],
  );
  const shown = useMemo(() => {
    const inGroup = people?.filter((user) => group === undefined || user.groupId === group);
    return inGroup && foundUsers(inGroup, find, nameOf);
  }, [people, find, group, nameOf]);
  const isOpen = selected !== undefined;
  const open = (next: "import" | "groups") =>
    void navigate({ to: ".", search: (search) => ({ ...search, dialog: next }) });
  const close = () =>
    void navigate({ to: ".", search: ({ dialog: _, ...others }) => others, replace: true });
  return (
    <ListPage
      title="Agents"
      search={{
        label: "Search agents",
        hint: "Search by name, address, role or skill",
        find,
        onFind,
      }}
      actions={
        <>
          {!isOpen && (
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
          <NewButton
            label="New person"
            isShort={isOpen}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/users/$userId", params: { userId: "new" }, search: true })
            }
          />
        </>
      }
      tools={
        !isOpen &&
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
      isOpen={isOpen}
      pane={
        <>
          <Outlet />
          {dialog === "import" && <ImportDialog noun="users" onClose={close} />}
          {dialog === "groups" && <GroupsDialog users={users.data ?? []} onClose={close} />}
        </>
      }
    >
      <List
        of="Agents"
        source={users}
        items={shown}
        keyOf={(user) => user.id ?? user.name}
        selected={selected}
        row={(user) => (
          <UserRow
            user={user}
            nameOf={nameOf}
            groupName={groups.find((one) => one.id === user.groupId)?.name}
            standard={standard}
            isSelected={user.id === selected}
            isCompact={isOpen}
          />
        )}
        empty={<None canRead={canRead} isSearched={find !== "" || group !== undefined} />}
      />
    </ListPage>
  );
}

function None({ canRead, isSearched }: { canRead: boolean; isSearched: boolean }) {
  if (!canRead) {
    return (
      <Empty
        title="Your role does not see who works here"
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
