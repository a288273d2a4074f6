/** To whom a conversation goes: agents and skills, with how they are doing now. */
import { Badge, Button, Group, Modal, ScrollArea, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "../api/client";
import { agentsQuery, type Conversation, skillsQuery } from "../api/queries";
import { count } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import classes from "./TransferDialog.module.css";
import { consumerOf, statusOf } from "./words";

type Agent = Schemas["AgentStatus"];

/** How often it is looked who is free: an agent's stream tells of nobody else. */
const LOOK_AGAIN_MS = 5_000;

interface Target {
  key: string;
  name: string;
  /** What the server is asked for. */
  to: { agentId?: string; skillId?: string };
  state: string;
  isGood: boolean;
  /** Why it cannot be chosen. */
  reason?: string;
}

interface Props {
  conversation: Conversation;
  onClose: () => void;
}

export function TransferDialog({ conversation, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const [message, setMessage] = useState("");
  const queries = useQueryClient();
  const agents = useQuery({ ...agentsQuery, refetchInterval: LOOK_AGAIN_MS });
  const skills = useQuery(skillsQuery);
  const transfer = useMutation({
    mutationFn: async ({ to }: Target) => {
      const params = { path: { conversationId: conversation.id } };
      const text = message.trim();
      const wish = { ...to, ...(text && { message: text }) };
      return body(
        await api.POST("/api/v1/conversations/{conversationId}/transfer", { params, body: wish }),
      );
    },
    onSuccess: (came, { name }) => {
      notifications.show({ message: told(consumerOf(conversation), name, came.downgradedBecause) });
      void queries.invalidateQueries({ queryKey: ["agents"] });
      void queries.invalidateQueries({ queryKey: ["conversations", conversation.id] });
      onClose();
    },
  });
  const targets = [
    ...agentTargets(agents.data ?? [], conversation),
    ...skillTargets(skills.data ?? [], agents.data ?? [], conversation),
  ];
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = targets.filter(({ name }) =>
    words.every((word) => name.toLocaleLowerCase().includes(word)),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Pass ${consumerOf(conversation)} on`}
      size={560}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": "Close without passing on" }}
    >
      <TextInput
        data-autofocus
        label="To an agent or a skill"
        placeholder="Type a part of the name"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {(agents.error ?? skills.error ?? transfer.error) && (
        <div className={classes.note}>
          <FailureNote error={agents.error ?? skills.error ?? transfer.error} />
        </div>
      )}
      <ScrollArea.Autosize mah={320} className={classes.list} type="auto">
        <ul aria-label="Where it can go">
          {found.map((target) => (
            <li key={target.key} className={classes.target}>
              <div className={classes.name}>
                <span className="cut" title={target.name}>
                  {target.name}
                </span>
                <Badge
                  tt="none"
                  size="sm"
                  variant="light"
                  color={target.to.agentId ? "indigo" : "gray"}
                >
                  {target.to.agentId ? "agent" : "skill"}
                </Badge>
              </div>
              <Text size="xs" c={target.isGood ? "var(--good)" : undefined} className="quiet">
                {target.reason ?? target.state}
              </Text>
              <Button
                size="compact-sm"
                variant="default"
                className={classes.choose}
                disabled={target.reason !== undefined || transfer.isPending}
                aria-label={`Pass on to ${target.name}`}
                onClick={() => transfer.mutate(target)}
              >
                Pass on
              </Button>
            </li>
          ))}
        </ul>
        {found.length === 0 && !agents.isPending && (
          <Text size="sm" className="quiet" p="sm">
            Nobody has such a name.
          </Text>
        )}
      </ScrollArea.Autosize>
      <TextInput
        label="What the customer is told first"
        description="May be left out."
        placeholder="One moment, I connect you."
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" size="xs" onClick={onClose}>
          Keep it
        </Button>
      </Group>
    </Modal>
  );
}

function agentTargets(agents: readonly Agent[], conversation: Conversation): Target[] {
  const known = agents.filter(({ id, isEnabled, slots }) => {
    return isEnabled && slots !== 0 && id !== conversation.agentId;
  });
  const targets = known.map((agent): Target => {
    const { id, name, slots, assigned, loadPercent } = agent;
    const isThere = agent.status === "ONLINE" || agent.status === "OCCUPIED";
    const isFull = loadPercent >= 100;
    const room = slots ? `${assigned} of ${slots}` : String(assigned);
    const state = `${statusOf(agent.status).name} · ${room} conversations`;
    return {
      key: `agent ${id}`,
      name,
      to: { agentId: id },
      state: isThere && isFull ? `${state}; full` : state,
      isGood: isThere && !isFull,
      ...(!isThere && { reason: `${statusOf(agent.status).name}: would not get it` }),
      ...(isThere && isFull && { reason: `Full, ${room} conversations: would not get it` }),
    };
  });
  return targets.sort(
    (one, other) => Number(other.isGood) - Number(one.isGood) || one.name.localeCompare(other.name),
  );
}

function skillTargets(
  skills: readonly Schemas["Skill"][],
  agents: readonly Agent[],
  conversation: Conversation,
): Target[] {
  return skills.map((skill): Target => {
    const own = agents.filter((agent) => agent.skills.some(({ id }) => id === skill.id));
    const online = own.filter(({ status }) => status === "ONLINE");
    const free = online.filter(({ loadPercent }) => loadPercent < 100);
    return {
      key: `skill ${skill.id}`,
      name: skill.name,
      to: { skillId: skill.id ?? "" },
      state:
        online.length === 0
          ? "Nobody is online; it would wait"
          : `${count(online.length, "agent")} online, ${free.length} free`,
      isGood: free.length > 0,
      ...(skill.id === conversation.skillId && { reason: "It is in this skill already" }),
    };
  });
}

function told(who: string, name: string, why: string | null | undefined): string {
  if (!why) return `${who} goes to ${name}.`;
  return `${name} could not take ${who} (${DOWNGRADES[why] ?? why}); it waits in the skill's queue.`;
}

const DOWNGRADES: Record<string, string> = {
  AGENT_OFFLINE: "not there",
  AGENT_NOT_ONLINE: "away",
  AGENT_NOT_SKILLED: "without the skill",
  AGENT_AT_CAPACITY: "full",
};
