/** Attributes: everything that policies can ask about, and beside it the one that is looked at. */
import { SegmentedControl, Skeleton, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconSearch, IconTags } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { attributesQuery } from "../api/queries";
import { KIND_NAMES, TYPE_NAMES } from "../attributes/attribute";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Empty, FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./AttributesPage.module.css";
import page from "./PoliciesPage.module.css";

const route = getRouteApi("/shell/attributes");

type Attribute = Schemas["Attribute"];

export function AttributesPage() {
  const { find = "", own } = route.useSearch();
  const selected = useMatch({ from: "/shell/attributes/$name", shouldThrow: false })?.params.name;
  const attributes = useQuery(attributesQuery);
  const navigate = useNavigate({ from: "/attributes" });
  const refusal = useRefusal("AttributesWrite");
  const shown = useMemo(
    () => found(attributes.data ?? [], find, own === "yes"),
    [attributes.data, find, own],
  );
  const add = () =>
    void navigate({ to: "/attributes/$name", params: { name: "new" }, search: true });
  return (
    <div className={page.page} data-editing={selected !== undefined || undefined}>
      <div className={page.side}>
        <header className={page.header}>
          <div className={classes.top}>
            <Title order={1}>Attributes</Title>
            <ReasonedButton
              size="xs"
              leftSection={<IconPlus size={15} />}
              reason={refusal}
              onClick={add}
            >
              New attribute
            </ReasonedButton>
          </div>
          <div className={classes.tools}>
            <TextInput
              className={page.find}
              type="search"
              aria-label="Search attributes"
              placeholder="Search by name or description"
              leftSection={<IconSearch size={15} />}
              value={find}
              onChange={(event) => {
                const wanted = event.currentTarget.value;
                void navigate({
                  to: ".",
                  search: ({ find: _, ...others }) =>
                    wanted === "" ? others : { ...others, find: wanted },
                  replace: true,
                });
              }}
            />
            {selected === undefined && (
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
            )}
          </div>
        </header>
        <section className={classes.scroller} aria-label="All attributes">
          {attributes.error ? (
            <div className={page.note}>
              <FailureNote error={attributes.error} retry={() => void attributes.refetch()} />
            </div>
          ) : !attributes.data ? (
            <Waiting />
          ) : shown.length === 0 ? (
            <None isOwn={own === "yes" && find === ""} />
          ) : (
            <ul className={classes.list}>
              {shown.map((attribute) => (
                <Row
                  key={attribute.name}
                  attribute={attribute}
                  isSelected={attribute.name === selected}
                  isCompact={selected !== undefined}
                />
              ))}
            </ul>
          )}
        </section>
      </div>
      <Outlet />
    </div>
  );
}

function found(attributes: readonly Attribute[], find: string, isOwn: boolean): Attribute[] {
  const words = find.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const isTheirs = ({ kind }: Attribute) => kind === "STATIC" || kind === "FUNCTION";
  // One's own come first: they are what one changes.
  const inOrder = [...attributes].sort((a, b) => Number(isTheirs(b)) - Number(isTheirs(a)));
  return inOrder.filter((attribute) => {
    if (isOwn && !isTheirs(attribute)) return false;
    const text = `${attribute.name} ${attribute.description}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function Row(props: { attribute: Attribute; isSelected: boolean; isCompact: boolean }) {
  const { attribute, isSelected, isCompact } = props;
  return (
    <li
      className={classes.row}
      data-selected={isSelected || undefined}
      data-compact={isCompact || undefined}
    >
      <div className={classes.what}>
        <Link
          to="/attributes/$name"
          params={{ name: attribute.name }}
          search={(search) => search}
          className={`${classes.name} code cut`}
          aria-current={isSelected ? "page" : undefined}
          title={attribute.name}
        >
          {attribute.name}
        </Link>
        <div className={`${classes.about} cut quiet`}>{attribute.description || " "}</div>
      </div>
      {!isCompact && (
        <>
          <span className="quiet">
            {attribute.valueType ? TYPE_NAMES[attribute.valueType] : "anything"}
          </span>
          <span className="quiet">{KIND_NAMES[attribute.kind] ?? attribute.kind}</span>
          <span className="number">
            {attribute.policies.length === 0 ? (
              <span className="quiet">not used</span>
            ) : (
              count(attribute.policies.length, "policy", "policies")
            )}
          </span>
        </>
      )}
    </li>
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

/** Keeps the place of rows that are on their way. */
function Waiting() {
  return (
    <div role="status" aria-label="Loading attributes">
      {Array.from({ length: 10 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.row}>
          <Skeleton height={12} width="60%" />
        </div>
      ))}
    </div>
  );
}
