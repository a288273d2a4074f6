/** Engagements: the places on sites where conversations begin, and beside them the one that is set. */
import { Badge, Skeleton, Text, TextInput, Title } from "@mantine/core";
import { IconMessageCircle, IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { engagementsQuery } from "../api/queries";
import type { Engagement } from "../engagements/engagement";
import { useRefusal } from "../lib/permissions";
import { useSkillName } from "../policies/ActionChips";
import { Empty, FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./AttributesPage.module.css";
import page from "./PoliciesPage.module.css";

const route = getRouteApi("/shell/engagements");

export function EngagementsPage() {
  const { find = "" } = route.useSearch();
  const match = useMatch({ from: "/shell/engagements/$engagementId", shouldThrow: false });
  const selected = match?.params.engagementId;
  const engagements = useQuery(engagementsQuery);
  const navigate = useNavigate({ from: "/engagements" });
  const refusal = useRefusal("SkillsWrite");
  const shown = useMemo(() => found(engagements.data ?? [], find), [engagements.data, find]);
  const add = () =>
    void navigate({
      to: "/engagements/$engagementId",
      params: { engagementId: "new" },
      search: true,
    });
  return (
    <div className={page.page} data-editing={selected !== undefined || undefined}>
      <div className={page.side}>
        <header className={page.header}>
          <div className={classes.top}>
            <Title order={1}>Engagements</Title>
            <ReasonedButton
              size="xs"
              leftSection={<IconPlus size={15} />}
              reason={refusal}
              aria-label="New engagement"
              onClick={add}
            >
              New
            </ReasonedButton>
          </div>
          <div className={classes.tools}>
            <TextInput
              className={page.find}
              type="search"
              aria-label="Search engagements"
              placeholder="Search by name, id or campaign"
              leftSection={<IconSearch size={15} />}
              value={find}
              onChange={(event) => {
                const wanted = event.currentTarget.value;
                void navigate({
                  to: ".",
                  search: wanted === "" ? {} : { find: wanted },
                  replace: true,
                });
              }}
            />
          </div>
        </header>
        <section className={classes.scroller} aria-label="All engagements">
          {engagements.error ? (
            <div className={page.note}>
              <FailureNote error={engagements.error} retry={() => void engagements.refetch()} />
            </div>
          ) : !engagements.data ? (
            <Waiting />
          ) : shown.length === 0 ? (
            <None isFiltered={find !== ""} />
          ) : (
            <ul className={classes.list}>
              {shown.map((engagement) => (
                <Row
                  key={engagement.id}
                  engagement={engagement}
                  isSelected={engagement.id === selected}
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

function found(engagements: readonly Engagement[], find: string): Engagement[] {
  const words = find.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return engagements
    .filter(({ id, name, campaign }) => {
      const text = `${name} ${id ?? ""} ${campaign ?? ""}`.toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function Row(props: { engagement: Engagement; isSelected: boolean; isCompact: boolean }) {
  const { engagement, isSelected, isCompact } = props;
  const skillName = useSkillName();
  return (
    <li
      className={classes.row}
      data-selected={isSelected || undefined}
      data-compact={isCompact || undefined}
    >
      <div className={classes.what}>
        <Link
          to="/engagements/$engagementId"
          params={{ engagementId: engagement.id ?? "" }}
          search={(search) => search}
          className={`${classes.name} cut`}
          aria-current={isSelected ? "page" : undefined}
          title={engagement.name}
        >
          {engagement.name}
        </Link>
        <div className={`${classes.about} cut quiet`}>
          {[engagement.id, engagement.campaign].filter(Boolean).join(" · ")}
        </div>
      </div>
      {!isCompact && (
        <>
          <span>
            {!engagement.isEnabled && (
              <Badge size="sm" variant="light" color="gray">
                off
              </Badge>
            )}
          </span>
          <span className="cut" title={skillName(engagement.skillId)}>
            {engagement.skillId ? (
              skillName(engagement.skillId)
            ) : (
              <span className="quiet">as the channel says</span>
            )}
          </span>
          <span className="quiet cut">{engagement.messenger?.color ?? ""}</span>
        </>
      )}
    </li>
  );
}

function None({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Empty
      title={isFiltered ? "No engagement is called so" : "No engagement yet"}
      icon={<IconMessageCircle size={30} stroke={1.5} />}
    >
      <Text className="quiet" maw={440}>
        {isFiltered
          ? "The search looks at names, ids and campaigns."
          : "An engagement is a place on your site where conversations begin. Make one, give it a skill and your colour, and paste its tag into your pages."}
      </Text>
    </Empty>
  );
}

/** Keeps the place of rows that are on their way. */
function Waiting() {
  return (
    <div role="status" aria-label="Loading engagements">
      {Array.from({ length: 4 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.row}>
          <Skeleton height={12} width="60%" />
        </div>
      ))}
    </div>
  );
}
