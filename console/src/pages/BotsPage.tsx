/** Bots: those that this server runs, and programs of one's own. */
import { Text } from "@mantine/core";
import { IconArrowBarToRight, IconPlus, IconRobot } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { settingsQuery, usersQuery } from "../api/queries";
import { useSkillName } from "../floor/names";
import { useRefusal } from "../lib/permissions";
import { Directory } from "../ui/Directory";
import { Empty } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { FrontDialog } from "../users/FrontDialog";
import { foundUsers, UserRow } from "../users/UserRow";
import { standardCapacity } from "../users/user";

const route = getRouteApi("/shell/bots");

export function BotsPage() {
  const { find = "", dialog } = route.useSearch();
  const selected = useMatch({ from: "/shell/bots/$userId", shouldThrow: false })?.params.userId;
  const canRead = useRefusal("AccessRead") === undefined;
  const users = useQuery({ ...usersQuery, enabled: canRead });
  const standard = standardCapacity(useQuery(settingsQuery).data);
  const navigate = useNavigate({ from: "/bots" });
  const refusal = useRefusal("AccessWrite");
  const nameOf = useSkillName();
  const shown = useMemo(() => {
    const bots = canRead ? users.data?.filter((user) => user.kind === "BOT") : [];
    return bots && foundUsers(bots, find, nameOf);
  }, [users.data, canRead, find, nameOf]);
  const isNarrow = selected !== undefined;
  return (
    <Directory
      title="Bots"
      search={{
        label: "Search bots",
        hint: "Search by name, id or skill",
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
          <ReasonedButton
            size="xs"
            leftSection={<IconPlus size={15} />}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/bots/$userId", params: { userId: "new" }, search: true })
            }
          >
            New bot
          </ReasonedButton>
        </>
      }
      items={shown}
      error={users.error}
      retry={() => void users.refetch()}
      keyOf={(user) => user.id ?? user.name}
      row={(user) => (
        <UserRow
          user={user}
          nameOf={nameOf}
          groupName={undefined}
          standard={standard}
          isSelected={user.id === selected}
          isNarrow={isNarrow}
        />
      )}
      empty={<None canRead={canRead} isSearched={find !== ""} />}
      isNarrow={isNarrow}
    >
      <Outlet />
      {dialog === "front" && (
        <FrontDialog
          onClose={() =>
            void navigate({ to: ".", search: ({ dialog: _, ...others }) => others, replace: true })
          }
        />
      )}
    </Directory>
  );
}

function None({ canRead, isSearched }: { canRead: boolean; isSearched: boolean }) {
  return (
    <Empty
      title={
        !canRead
          ? "Only administrators see bots"
          : isSearched
            ? "No bot is called so"
            : "No bot yet"
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
