/** Attributes: everything that policies can ask about, and beside it the one that is looked at. */
import { SegmentedControl, Text } from "@mantine/core";
import { IconTags } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { attributesQuery } from "../api/queries";
import { KIND_NAMES, TYPE_NAMES } from "../attributes/attribute";
import { found, useFind } from "../lib/find";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";

const route = getRouteApi("/shell/attributes");

type Attribute = Schemas["Attribute"];

export function AttributesPage() {
  const { own } = route.useSearch();
  const [find, onFind] = useFind();
  const selected = useMatch({ from: "/shell/attributes/$name", shouldThrow: false })?.params.name;
  const attributes = useQuery(attributesQuery);
  const navigate = useNavigate({ from: "/attributes" });
  const refusal = useRefusal("AttributesWrite");
  const shown = useMemo(
    () => attributes.data && shownOf(attributes.data, find, own === "yes"),
    [attributes.data, find, own],
  );
  const add = () =>
    void navigate({ to: "/attributes/$name", params: { name: "new" }, search: true });
  return (
    <ListPage
      title="Attributes"
      actions={
        <NewButton
          label="New attribute"
          isShort={selected !== undefined}
          reason={refusal}
          onClick={add}
        />
      }
      search={{
        label: "Search attributes",
        hint: "Search by name or description",
        find,
        onFind,
      }}
      tools={
        selected === undefined && (
          <SegmentedControl
            size="xs"
            aria-label="Which attributes"
            value={own ?? "no"}
            data={[
              { value: "no", label: "All" },
              { value: "yes", label: "Your own" },
            ]}
            onChange={(value) =>
              void navigate({
                to: ".",
                search: ({ own: _, ...others }) =>
                  value === "yes" ? { ...others, own: "yes" } : others,
                replace: true,
              })
            }
          />
        )
      }
      isOpen={selected !== undefined}
      pane={<Outlet />}
    >
      <List
        of="Attributes"
        source={attributes}
        items={shown}
        keyOf={(attribute) => attribute.name}
        selected={selected}
        row={(attribute) => (
          <AttributeRow
            attribute={attribute}
            isSelected={attribute.name === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={<None isOwn={own === "yes" && find === ""} />}
      />
    </ListPage>
  );
}

function shownOf(attributes: readonly Attribute[], find: string, isOwn: boolean): Attribute[] {
  const isTheirs = ({ kind }: Attribute) => kind === "STATIC" || kind === "FUNCTION";
  const wanted = isOwn ? attributes.filter(isTheirs) : attributes;
  // One's own come first: they are what one changes.
  return found(wanted, find, ({ name, description }) => [name, description]).sort(
    (a, b) => Number(isTheirs(b)) - Number(isTheirs(a)),
  );
}

function AttributeRow(props: { attribute: Attribute; isSelected: boolean; isCompact: boolean }) {
  const { attribute, isSelected, isCompact } = props;
  const { name, description, valueType, kind, policies } = attribute;
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) 100px 150px 110px"
      name={
        <Link
          to="/attributes/$name"
          params={{ name }}
          search={(search) => search}
          className={`${rowLink} code`}
          aria-current={isSelected ? "page" : undefined}
          title={name}
        >
          {name}
        </Link>
      }
      about={description || " "}
    >
      <Cell isQuiet>{valueType ? TYPE_NAMES[valueType] : "anything"}</Cell>
      <Cell isQuiet>{KIND_NAMES[kind] ?? kind}</Cell>
      <Cell isQuiet={policies.length === 0}>
        {policies.length === 0 ? "not used" : count(policies.length, "policy", "policies")}
      </Cell>
    </Row>
  );
}

function None({ isOwn }: { isOwn: boolean }) {
  return (
    <Empty
      title={isOwn ? "No attribute of your own yet" : "No attribute is called so"}
      icon={<IconTags size={30} stroke={1.5} />}
    >
      <Text className="quiet" maw={440}>
        {isOwn
          ? "A list of VIPs, a switch for outages, a skill that changes with the season: policies read it as custom.name, and you change it here without touching them."
          : "The search looks at names and descriptions."}
      </Text>
    </Empty>
  );
}
