/** Skills: what connects conversations to agents, and beside the list the one that is looked at. */
import { Button, Switch, Text, Tooltip } from "@mantine/core";
import { IconUpload, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Schemas } from "../api/client";
import { agentsQuery, queuesQuery, skillsQuery } from "../api/queries";
import { ImportDialog } from "../imports/ImportDialog";
import { byName, found, useFind } from "../lib/find";
import { count, number } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { useSwitchSkill } from "../skills/changes";
import { hoursInShort, type Skill } from "../skills/skill";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowAbove, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { ReasonedButton } from "../ui/ReasonedButton";

const route = getRouteApi("/shell/skills");

export function SkillsPage() {
  const { import: isImporting } = route.useSearch();
  const [find, onFind] = useFind();
  const selected = useMatch({ from: "/shell/skills/$skillId", shouldThrow: false })?.params.skillId;
  const skills = useQuery(skillsQuery);
  const queues = useQuery(queuesQuery).data;
  const agents = useQuery(agentsQuery).data;
  const navigate = useNavigate({ from: "/skills" });
  const refusal = useRefusal("SkillsWrite");
  const shown = useMemo(() => skills.data && inOrder(skills.data, find), [skills.data, find]);
  const looks = useMemo(() => looksOf(queues, agents), [queues, agents]);
  return (
    <ListPage
      title="Skills"
      search={{ label: "Search skills", hint: "Search by name, id or description", find, onFind }}
      actions={
        <>
          {selected === undefined && (
            <ReasonedButton
              size="xs"
              variant="default"
              leftSection={<IconUpload size={15} />}
              reason={refusal}
              onClick={() =>
                void navigate({ to: ".", search: (search) => ({ ...search, import: "yes" }) })
              }
            >
              Import
            </ReasonedButton>
          )}
          <NewButton
            label="New skill"
            isShort={selected !== undefined}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/skills/$skillId", params: { skillId: "new" }, search: true })
            }
          />
        </>
      }
      isOpen={selected !== undefined}
      pane={
        <>
          <Outlet />
          {isImporting && (
            <ImportDialog
              noun="skills"
              onClose={() =>
                void navigate({
                  to: ".",
                  search: ({ import: _, ...others }) => others,
                  replace: true,
                })
              }
            />
          )}
        </>
      }
    >
      <List
        of="Skills"
        source={skills}
        items={shown}
        keyOf={(skill) => skill.id ?? skill.name}
        selected={selected}
        row={(skill) => (
          <SkillRow
            skill={skill}
            look={looks.get(skill.id ?? "")}
            isSelected={skill.id === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={<None isSearched={find !== ""} />}
      />
    </ListPage>
  );
}

function inOrder(skills: readonly Skill[], find: string): Skill[] {
  return found(skills, find, (skill) => [skill.name, skill.id, skill.description]).sort(byName);
}

interface Look {
  waiting: number;
  online: number;
  agents: number;
}

/** Returns how each skill is doing. */
function looksOf(
  queues: readonly Schemas["Queue"][] | undefined,
  agents: readonly Schemas["AgentStatus"][] | undefined,
): Map<string, Look> {
  const looks = new Map<string, Look>();
  for (const queue of queues ?? []) {
    const waiting = queue.waiting + queue.ringing;
    looks.set(queue.skillId ?? "", { waiting, online: queue.agentsOnline, agents: 0 });
  }
  for (const skill of (agents ?? []).flatMap((agent) => agent.skills)) {
    const look = looks.get(skill.id);
    if (look) look.agents += 1;
  }
  return looks;
}

interface RowProps {
  skill: Skill;
  look: Look | undefined;
  isSelected: boolean;
  isCompact: boolean;
}

function SkillRow({ skill, look, isSelected, isCompact }: RowProps) {
  const isOff = skill.isEnabled === false;
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      isOff={isOff}
      columns="44px minmax(0, 1fr) 150px 110px 170px"
      before={<EnabledSwitch skill={skill} />}
      name={
        <Link
          to="/skills/$skillId"
          params={{ skillId: skill.id ?? "" }}
          search={(search) => search}
          className={rowLink}
          aria-current={isSelected ? "page" : undefined}
          title={skill.name}
        >
          {skill.name}
        </Link>
      }
      about={<span title={skill.description}>{skill.description || skill.id}</span>}
    >
      <Cell isQuiet>{isOff ? "off" : hoursInShort(skill.hours)}</Cell>
      <Cell isQuiet={!look?.waiting}>
        {look && (look.waiting > 0 ? `${number(look.waiting)} waiting` : "none waits")}
      </Cell>
      <Cell>{look && `${count(look.agents, "agent")}, ${number(look.online)} online`}</Cell>
    </Row>
  );
}

/** Switches a skill on and off. */
export function EnabledSwitch({ skill }: { skill: Skill }) {
  const change = useSwitchSkill();
  const refusal = useRefusal("SkillsWrite");
  return (
    <Tooltip label={refusal} disabled={!refusal}>
      <span className={rowAbove}>
        <Switch
          size="xs"
          aria-label={`${skill.name} is enabled`}
          checked={skill.isEnabled !== false}
          disabled={refusal !== undefined}
          onChange={(event) => change.mutate({ skill, isEnabled: event.currentTarget.checked })}
        />
      </span>
    </Tooltip>
  );
}

function None({ isSearched }: { isSearched: boolean }) {
  return (
    <Empty
      title={isSearched ? "No skill is called so" : "No skill yet"}
      icon={<IconUsersGroup size={30} stroke={1.5} />}
    >
      <Text className="quiet" maw={440}>
        {isSearched
          ? "The search looks at names, ids and descriptions."
          : "A skill is what a conversation is about, and what the agents are good at who may have it. Add the first one, or import yours from a spreadsheet."}
      </Text>
      {!isSearched && (
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link to="/skills/$skillId" params={{ skillId: "new" }} {...props} />
          )}
        >
          Add a skill
        </Button>
      )}
    </Empty>
  );
}
