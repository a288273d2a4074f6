/** The audit log: who changed what, the newest first. */
import { Button, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { actorName, deedOf, NOUNS, nameOf } from "../access/audit";
import { useActorNames } from "../access/names";
import { type AuditEntry, type AuditFilter, auditQuery } from "../api/access";
import { capital } from "../lib/format";
import { useMay } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { When } from "../ui/When";

const route = getRouteApi("/shell/settings/audit");

export function AuditPage() {
  const filter = route.useSearch();
  const selected = useMatch({ from: "/shell/settings/audit/$auditId", shouldThrow: false })?.params
    .auditId;
  const maySee = useMay("AuditRead");
  const log = useInfiniteQuery({ ...auditQuery(filter), enabled: maySee });
  const names = useActorNames();
  const entries = log.data?.pages.flatMap((page) => page.items);
  if (!maySee) {
    return (
      <Empty
        title="Only managers and administrators see the audit log"
        icon={<IconListDetails size={30} stroke={1.5} />}
      >
        <Text className="quiet" maw={440}>
          It has every change of configuration, with what was before.
        </Text>
      </Empty>
    );
  }
  return (
    <ListPage
      title="Audit"
      summary={entries?.[0] ? <Latest entry={entries[0]} names={names} /> : " "}
      isOpen={selected !== undefined}
      pane={<Outlet />}
      actions={
        <Button
          size="xs"
          variant="default"
          loading={log.isRefetching && !log.isFetchingNextPage}
          onClick={() => void log.refetch()}
        >
          Look again
        </Button>
      }
      tools={
        selected === undefined ? (
          <Filters key={JSON.stringify(filter)} filter={filter} names={names} />
        ) : (
          <Narrowed filter={filter} names={names} />
        )
      }
    >
      <List
        of="Audit"
        source={log}
        items={entries}
        keyOf={(entry) => entry.id}
        selected={selected}
        row={(entry) => (
          <EntryRow
            entry={entry}
            names={names}
            isSelected={entry.id === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={
          <Empty title="Nothing was changed like this" icon={<IconListDetails size={30} />}>
            <Text className="quiet">The log keeps every change; look with fewer filters.</Text>
          </Empty>
        }
      />
    </ListPage>
  );
}

type Names = ReadonlyMap<string, string>;

function Latest({ entry, names }: { entry: AuditEntry; names: Names }) {
  return (
    <div className="cut">
      The newest, <When at={entry.at} />: {actorName(entry.actor, names)} {deedOf(entry.action)}{" "}
      {nameOf(entry) && `“${nameOf(entry)}”`}
    </div>
  );
}

function EntryRow(props: {
  entry: AuditEntry;
  names: Names;
  isSelected: boolean;
  isCompact: boolean;
}) {
  const { entry, names, isSelected, isCompact } = props;
  const who = actorName(entry.actor, names);
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) minmax(120px, 220px) 130px"
      name={
        <Link
          to="/settings/audit/$auditId"
          params={{ auditId: entry.id }}
          search={true}
          className={rowLink}
          title={nameOf(entry)}
          aria-current={isSelected ? "page" : undefined}
        >
          {capital(deedOf(entry.action))} {nameOf(entry) && `“${nameOf(entry)}”`}
        </Link>
      }
      about={
        isCompact ? (
          <>
            {who} · <When at={entry.at} />
          </>
        ) : (
          <span className="code">{entry.target}</span>
        )
      }
    >
      <Cell title={entry.actor}>{who}</Cell>
      <Cell isQuiet>
        <When at={entry.at} />
      </Cell>
    </Row>
  );
}

/** The filter in words, where there is no room to change it. */
function Narrowed({ filter, names }: { filter: AuditFilter; names: Names }) {
  const { actor, action, target, from, to } = filter;
  const parts = [
    actor && `by ${actorName(actor, names)}`,
    action && `of a ${NOUNS[action] ?? deedOf(action)}`,
    target && `of ${target}`,
    from && `from ${from}`,
    to && `to ${to}`,
  ].filter(Boolean);
  if (parts.length === 0) return null;
  return (
    <Text size="sm" className="cut">
      Only {parts.join(", ")} ·{" "}
      <Link to="." search={{}} className="anchor">
        all
      </Link>
    </Text>
  );
}

function Filters({ filter, names }: { filter: AuditFilter; names: Names }) {
  const navigate = useNavigate();
  const [actor, setActor] = useState(filter.actor ?? "");
  const [target, setTarget] = useState(filter.target ?? "");
  const go = (change: AuditFilter) => {
    const wanted = Object.entries({ ...filter, ...change }).filter(([, value]) => value !== "");
    void navigate({ to: ".", search: Object.fromEntries(wanted), replace: true });
  };
  const typed = () => {
    const wanted = { actor: actor.trim(), target: target.trim() };
    if (wanted.actor !== (filter.actor ?? "") || wanted.target !== (filter.target ?? ""))
      go(wanted);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    typed();
  };
  return (
    <form onSubmit={submit}>
      <Group gap={8}>
        <TextInput
          w={190}
          aria-label="Who"
          placeholder="Who: user/ada"
          list="actors"
          value={actor}
          onChange={(event) => setActor(event.currentTarget.value)}
          onBlur={typed}
        />
        <datalist id="actors">
          {[...names].map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </datalist>
        <NativeSelect
          w={180}
          aria-label="Kind of change"
          value={filter.action ?? ""}
          data={[
            { value: "", label: "Any change" },
            ...Object.entries(NOUNS).map(([value, label]) => ({ value, label: `Of a ${label}` })),
            ...(filter.action && !(filter.action in NOUNS)
              ? [{ value: filter.action, label: deedOf(filter.action) }]
              : []),
          ]}
          onChange={(event) => go({ action: event.currentTarget.value })}
        />
        <TextInput
          w={230}
          aria-label="Of what"
          placeholder="Of what: policy/3f0c…"
          value={target}
          onChange={(event) => setTarget(event.currentTarget.value)}
          onBlur={typed}
        />
        <TextInput
          type="date"
          w={196}
          leftSection="from"
          leftSectionWidth={52}
          aria-label="From the day"
          value={filter.from ?? ""}
          onChange={(event) => go({ from: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          w={180}
          leftSection="to"
          leftSectionWidth={34}
          aria-label="To the day"
          value={filter.to ?? ""}
          onChange={(event) => go({ to: event.currentTarget.value })}
        />
        {Object.keys(filter).length > 0 && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => void navigate({ to: ".", search: {}, replace: true })}
          >
            Clear
          </Button>
        )}
        {/* Enter in a field looks at once. */}
        <button type="submit" hidden />
      </Group>
    </form>
  );
}
