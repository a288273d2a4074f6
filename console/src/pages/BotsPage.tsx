/** Bots: those that this server runs, and programs of one's own. */
import { Text } from "@mantine/core";
import { IconArrowBarToRight, IconRobot } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { settingsQuery, usersQuery } from "../api/queries";
import { useSkillName } from "../floor/names";
import { useFind } from "../lib/find";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { List } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { ReasonedButton } from "../ui/ReasonedButton";
import { FrontDialog } from "../users/FrontDialog";
import { foundUsers, UserRow } from "../users/UserRow";
import { standardCapacity } from "../users/user";

const route = getRouteApi("/shell/bots");

export function BotsPage() {
  const { dialog } = route.useSearch();
  const [find, onFind] = useFind();
  const selected = useMatch({ from: "/shell/bots/$userId", shouldThrow: false })?.params.userId;
  const canRead = useRefusal("UsersRead") === undefined;
  const users = useQuery({ ...usersQuery, enabled: canRead });
  const standard = standardCapacity(useQuery(settingsQuery).data);
  const navigate = useNavigate({ from: "/bots" });
  const refusal = useRefusal("UsersWrite");
  const nameOf = useSkillName();
  const shown = useMemo(() => {
    const bots = canRead ? users.data?.filter((user) => user.kind === "BOT") : [];
    return bots && foundUsers(bots, find, nameOf);
  }, [users.data, canRead, find, nameOf]);
  const isOpen = selected !== undefined;
  return (
    <ListPage
      title="Bots"
      search={{ label: "Search bots", hint: "Search by name, id or skill", find, onFind }}
      actions={
        <>
          {!isOpen && (
            <ReasonedButton
              size="xs"
              variant="default"
              leftSection={<IconArrowBarToRight size={15} />}
              reason={refusal}
              onClick={() =>
                void navigate({ to: ".", search: (search) => ({ ...search, dialog: "front" }) })
              }
            >
              Put in front of a skill
            </ReasonedButton>
          )}
          <NewButton
            label="New bot"
            isShort={isOpen}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/bots/$userId", params: { userId: "new" }, search: true })
            }
          />
        </>
      }
      isOpen={isOpen}
      pane={
        <>
          <Outlet />
          {dialog === "front" && (
            <FrontDialog
              onClose={() =>
                void navigate({
                  to: ".",
                  search: ({ dialog: _, ...others }) => others,
                  replace: true,
                })
              }
            />
          )}
        </>
      }
    >
      <List
        of="Bots"
        source={users}
        items={shown}
        keyOf={(user) => user.id ?? user.name}
        selected={selected}
        row={(user) => (
          <UserRow
            user={user}
            nameOf={nameOf}
            groupName={undefined}
            standard={standard}
            isSelected={user.id === selected}
            isCompact={isOpen}
          />
        )}
        empty={<None canRead={canRead} isSearched={find !== ""} />}
      />
    </ListPage>
  );
}

function None({ canRead, isSearched }: { canRead: boolean; isSearched: boolean }) {
  return (
    <Empty
      title={
        !canRead ? "Your role does not see bots" : isSearched ? "No bot is called so" : "No bot yet"
      }
      icon={<IconRobot size={30} stroke={1.5} />}
    >
      <Text className="quiet" maw={460}>
        {!canRead
          ? "What bots do stands in the conversations and decisions."
          : isSearched
            ? "The search looks at names, ids and skills."
            : "Put the hosted bot in front of a skill: it asks the policies about every conversation that begins there, and sends it where they say."}
      </Text>
    </Empty>
  );
}
