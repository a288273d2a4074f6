/** Engagements: the places on sites where conversations begin, and beside them the one that is set. */
import { ColorSwatch, Group, Text } from "@mantine/core";
import { IconMessageCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { engagementsQuery } from "../api/queries";
import type { Engagement } from "../engagements/engagement";
import { useSkillName } from "../floor/names";
import { byName, found, useFind } from "../lib/find";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { Tag } from "../ui/Tag";

export function EngagementsPage() {
  const [find, onFind] = useFind();
  const match = useMatch({ from: "/shell/engagements/$engagementId", shouldThrow: false });
  const selected = match?.params.engagementId;
  const engagements = useQuery(engagementsQuery);
  const navigate = useNavigate({ from: "/engagements" });
  const refusal = useRefusal("SkillsWrite");
  const shown = useMemo(
    () => engagements.data && inOrder(engagements.data, find),
    [engagements.data, find],
  );
  const add = () =>
    void navigate({
      to: "/engagements/$engagementId",
      params: { engagementId: "new" },
      search: true,
    });
  return (
    <ListPage
      title="Engagements"
      actions={
        <NewButton
          label="New engagement"
          isShort={selected !== undefined}
          reason={refusal}
          onClick={add}
        />
      }
      search={{
        label: "Search engagements",
        hint: "Search by name, id or campaign",
        find,
        onFind,
      }}
      isOpen={selected !== undefined}
      pane={<Outlet />}
    >
      <List
        of="Engagements"
        source={engagements}
        items={shown}
        keyOf={(engagement) => engagement.id ?? engagement.name}
        selected={selected}
        row={(engagement) => (
          <EngagementRow
            engagement={engagement}
            isSelected={engagement.id === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={<None isFiltered={find !== ""} />}
      />
    </ListPage>
  );
}

function inOrder(engagements: readonly Engagement[], find: string): Engagement[] {
  return found(engagements, find, ({ name, id, campaign }) => [name, id, campaign]).sort(byName);
}

function EngagementRow(props: { engagement: Engagement; isSelected: boolean; isCompact: boolean }) {
  const { engagement, isSelected, isCompact } = props;
  const skill = useSkillName()(engagement.skillId ?? "");
  const color = engagement.messenger?.color;
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) 60px minmax(120px, 260px) 110px"
      name={
        <Link
          to="/engagements/$engagementId"
          params={{ engagementId: engagement.id ?? "" }}
          search={(search) => search}
          className={rowLink}
          aria-current={isSelected ? "page" : undefined}
          title={engagement.name}
        >
          {engagement.name}
        </Link>
      }
      about={[engagement.id, engagement.campaign].filter(Boolean).join(" · ")}
    >
      <Cell>{engagement.isEnabled ? <Tag tone="good">on</Tag> : <Tag tone="quiet">off</Tag>}</Cell>
      <Cell isQuiet={!skill} title={skill}>
        {skill || "as the channel says"}
      </Cell>
      <Cell isQuiet>
        {color && (
          <Group gap={8} wrap="nowrap">
            <ColorSwatch size={14} color={color} /> {color}
          </Group>
        )}
      </Cell>
    </Row>
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
