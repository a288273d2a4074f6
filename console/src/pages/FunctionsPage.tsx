/** Functions: what runs when something happens, and beside them the one that is opened. */
import { Group, Text } from "@mantine/core";
import { IconFunction } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useMatch, useNavigate } from "@tanstack/react-router";
import {
  type FunctionEvent,
  functionEventsQuery,
  functionsQuery,
  type UsherFunction,
} from "../api/functions";
import { deadLettersQuery } from "../api/webhooks";
import { StateTag } from "../functions/StateTag";
import { found, useFind } from "../lib/find";
import { count } from "../lib/format";
import { useMay, useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { When } from "../ui/When";
import { lettersInWords } from "../webhooks/letters";

export function FunctionsPage() {
  const [find, onFind] = useFind();
  const match = useMatch({ from: "/shell/functions/$functionId", shouldThrow: false });
  const selected = match?.params.functionId;
  const isOpen = useLocation({ select: ({ pathname }) => pathname !== "/functions" });
  const functions = useQuery(functionsQuery);
  const events = useQuery(functionEventsQuery).data ?? [];
  const refusal = useRefusal("FunctionsWrite");
  const navigate = useNavigate();
  const shown = functions.data && found(functions.data, find, (it) => [it.name, it.description]);
  return (
    <ListPage
      title="Functions"
      summary={functions.data ? summaryOf(functions.data) : " "}
      isOpen={isOpen}
      pane={<Outlet />}
      actions={
        <NewButton
          label="New function"
          isShort={isOpen}
          reason={refusal}
          onClick={() =>
            void navigate({
              to: "/functions/$functionId",
              params: { functionId: "new" },
              search: true,
            })
          }
        />
      }
      search={{
        label: "Search functions",
        hint: "Search by name or description",
        find,
        onFind,
      }}
      tools={<Reach />}
    >
      <List
        of="Functions"
        source={functions}
        items={shown}
        keyOf={(it) => it.id}
        selected={selected}
        row={(it) => (
          <FunctionRow it={it} events={events} isSelected={it.id === selected} isCompact={isOpen} />
        )}
        empty={<None isFiltered={find !== ""} />}
      />
    </ListPage>
  );
}

function summaryOf(functions: readonly UsherFunction[]): string {
  if (functions.length === 0) return " ";
  const run = functions.filter((it) => it.deployedVersion != null).length;
  const changed = functions.filter((it) => it.state === "MODIFIED").length;
  const faulty = functions.filter((it) => it.state === "BUILD_ERROR").length;
  return [
    `${run} of ${count(functions.length, "function")} ${run === 1 ? "runs" : "run"}`,
    changed > 0 ? `${changed} changed since it was deployed` : "",
    faulty > 0 ? `${faulty} cannot be built` : "",
  ]
    .filter(Boolean)
    .join("; ");
}

/** What functions may reach, and what they did not take. */
function Reach() {
  const isAdministrator = useMay("FunctionsAdminister");
  const maySeeLetters = useMay("WebhooksRead");
  const letters = useInfiniteQuery({ ...deadLettersQuery("functions"), enabled: maySeeLetters });
  const page = letters.data?.pages[0];
  return (
    <Group gap={14} fz="sm">
      {isAdministrator && (
        <>
          <Link to="/functions/secrets" search={true} className="anchor">
            Secrets
          </Link>
          <Link to="/functions/domains" search={true} className="anchor">
            Allowed domains
          </Link>
        </>
      )}
      {page && page.items.length > 0 && (
        <Link to="/dead-letters" search={{ target: "functions" }} className="anchor">
          {lettersInWords(page.items.length, page.nextCursor != null)}
        </Link>
      )}
    </Group>
  );
}

interface RowProps {
  it: UsherFunction;
  events: readonly FunctionEvent[];
  isSelected: boolean;
  isCompact: boolean;
}

function FunctionRow({ it, events, isSelected, isCompact }: RowProps) {
  const starts = startsIt(it, events);
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) minmax(140px, 300px) 140px 150px"
      name={
        <Link
          to="/functions/$functionId"
          params={{ functionId: it.id }}
          search={true}
          className={rowLink}
          title={it.name}
          aria-current={isSelected ? "page" : undefined}
        >
          {it.name}
        </Link>
      }
      about={isCompact ? <StateTag it={it} /> : it.description || " "}
    >
      <Cell isQuiet title={starts}>
        {starts}
      </Cell>
      <Cell>
        <StateTag it={it} />
      </Cell>
      <Cell isQuiet>
        changed <When at={it.updatedAt} />
      </Cell>
    </Row>
  );
}

/** Says what starts a function. */
function startsIt(it: UsherFunction, events: readonly FunctionEvent[]): string {
  const event = it.eventId && (events.find((one) => one.id === it.eventId)?.name ?? it.eventId);
  const parts = [event, it.schedule && `time: ${it.schedule.cron}`].filter(Boolean);
  return parts.length > 0 ? parts.join("; ") : "policies and callers";
}

function None({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return <Empty title="No function is called so" icon={<IconFunction size={30} />} />;
  }
  return (
    <Empty title="No function yet" icon={<IconFunction size={30} stroke={1.5} />}>
      <Text className="quiet" maw={480}>
        A function is JavaScript of yours that runs when a conversation ends, when a policy asks for
        an attribute, at a time of day, or when a program calls it. Make one, try it on a sample,
        and deploy it.
      </Text>
    </Empty>
  );
}
