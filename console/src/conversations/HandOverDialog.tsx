/** Gives a conversation to an agent or a skill, by how they are doing now. */
import {
  Alert,
  Button,
  Group,
  Modal,
  Skeleton,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { agentsQuery, queuesQuery } from "../api/queries";
import { count, number } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import { type Agent, loadOf, STATUS_NAMES } from "../users/agent";
import { type HandOver, useConversationActions } from "./actions";
import classes from "./HandOverDialog.module.css";

interface Props {
  conversationId: string;
  /** In which skill it is: its agents come first, and it does not move there. */
  skillId: string | undefined;
  /** Who has it. */
  agentId: string | undefined;
  to: "agent" | "skill";
  onClose: () => void;
}

export function HandOverDialog(props: Props) {
  const { to, onClose } = props;
  const [chosen, setChosen] = useState<{ id: string; name: string }>();
  const [force, setForce] = useState(false);
  const [find, setFind] = useState("");
  const { handOver } = useConversationActions(props.conversationId);
  const submit = () => {
    if (!chosen) return;
    const wanted: HandOver =
      to === "agent" ? { to, agentId: chosen.id, force } : { to, skillId: chosen.id };
    handOver.mutate(wanted, {
      onSuccess: () => {
        notifications.show({
          message: to === "agent" ? `${chosen.name} has it now.` : `It is in ${chosen.name} now.`,
        });
        onClose();
      },
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={to === "agent" ? "Give it to an agent" : "Move it to another skill"}
      size={560}
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <TextInput
          data-autofocus
          type="search"
          aria-label={to === "agent" ? "Search agents" : "Search skills"}
          placeholder="Search by name"
          leftSection={<IconSearch size={15} />}
          value={find}
          onChange={(event) => setFind(event.currentTarget.value)}
        />
        <div
          className={classes.choices}
          role="radiogroup"
          aria-label={to === "agent" ? "Agents" : "Skills"}
        >
          {to === "agent" ? (
            <Agents {...props} find={find} chosen={chosen?.id} onChoose={setChosen} />
          ) : (
            <Skills {...props} find={find} chosen={chosen?.id} onChoose={setChosen} />
          )}
        </div>
        {to === "agent" && (
          <Switch
            label="Even if they are full"
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
        )}
        {handOver.error && (
          <Alert color="red" variant="light" title="It stays where it is" role="alert">
            {handOver.error.message}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button disabled={!chosen} loading={handOver.isPending} onClick={submit}>
            {to === "agent" ? "Give it" : "Move it"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface ListProps extends Props {
  find: string;
  chosen: string | undefined;
  onChoose: (chosen: { id: string; name: string }) => void;
}

/** Choices that are shown at once; the search finds the others. */
const SHOWN_MAX = 100;

const STATUS_ORDER = ["ONLINE", "OCCUPIED", "AWAY", "OFFLINE"];

/** Returns agents, those first who have the skill, are there, and have room. */
function inOrder(agents: readonly Agent[], skillId: string | undefined): Agent[] {
  const lacks = (agent: Agent) => Number(agent.skills.every((skill) => skill.id !== skillId));
  const status = (agent: Agent) => STATUS_ORDER.indexOf(agent.status);
  return [...agents].sort(
    (a, b) =>
      lacks(a) - lacks(b) ||
      status(a) - status(b) ||
      a.loadPercent - b.loadPercent ||
      a.name.localeCompare(b.name),
  );
}

function Agents({ skillId, agentId, find, chosen, onChoose }: ListProps) {
  const agents = useQuery(agentsQuery);
  if (agents.error) {
    return <FailureNote error={agents.error} retry={() => void agents.refetch()} />;
  }
  if (!agents.data) return <Skeleton height={160} />;
  const wanted = find.toLocaleLowerCase();
  const found = inOrder(agents.data, skillId).filter(
    (agent) =>
      agent.kind === "HUMAN" &&
      agent.isEnabled &&
      agent.id !== agentId &&
      agent.name.toLocaleLowerCase().includes(wanted),
  );
  if (found.length === 0) return <None>No agent is called so.</None>;
  return found.slice(0, SHOWN_MAX).map((agent) => (
    <Choice
      key={agent.id}
      name={agent.name}
      isChosen={agent.id === chosen}
      onChoose={() => onChoose({ id: agent.id, name: agent.name })}
    >
      {agent.skills.every((skill) => skill.id !== skillId) && "lacks the skill · "}
      {STATUS_NAMES[agent.status] ?? agent.status} · {loadOf(agent)}
    </Choice>
  ));
}

function Skills({ skillId, find, chosen, onChoose }: ListProps) {
  const queues = useQuery(queuesQuery);
  if (queues.error) {
    return <FailureNote error={queues.error} retry={() => void queues.refetch()} />;
  }
  if (!queues.data) return <Skeleton height={160} />;
  const wanted = find.toLocaleLowerCase();
  const found = queues.data.filter(
    (queue) =>
      queue.skillId &&
      queue.skillId !== skillId &&
      queue.isEnabled &&
      queue.name.toLocaleLowerCase().includes(wanted),
  );
  if (found.length === 0) return <None>No other skill is called so.</None>;
  return found.slice(0, SHOWN_MAX).map((queue) => (
    <Choice
      key={queue.skillId}
      name={queue.name}
      isChosen={queue.skillId === chosen}
      onChoose={() => onChoose({ id: queue.skillId ?? "", name: queue.name })}
    >
      {!queue.isOpen && "closed now · "}
      {number(queue.waiting)} waiting · {count(queue.agentsOnline, "agent")} online
    </Choice>
  ));
}

interface ChoiceProps {
  name: string;
  isChosen: boolean;
  onChoose: () => void;
  children: ReactNode;
}

function Choice({ name, isChosen, onChoose, children }: ChoiceProps) {
  return (
    <label className={classes.choice} data-chosen={isChosen || undefined}>
      <input type="radio" name="to" checked={isChosen} onChange={onChoose} />
      <span className="cut" title={name}>
        {name}
      </span>
      <span className="quiet number">{children}</span>
    </label>
  );
}

function None({ children }: { children: string }) {
  return (
    <Text size="sm" className="quiet" p="sm">
      {children}
    </Text>
  );
}
