/** Hands a conversation over to an agent or a skill, by how they are doing now. */
import {
  Alert,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Skeleton,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { agentsQuery, queuesQuery } from "../api/queries";
import { useHeld } from "../floor/held";
import { useFloor } from "../floor/staleness";
import { found } from "../lib/find";
import { count } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import { useConversationActions } from "./actions";
import { downgradeName } from "./conversation";
import classes from "./HandOverDialog.module.css";
import { agentTargets, type By, type From, skillTargets, type Target } from "./targets";

export type To = "agent" | "skill";

interface Props {
  conversationId: string;
  from: From;
  /** What the consumer is called. */
  who: string;
  by: By;
  /** What is offered first. */
  to: To;
  onClose: () => void;
}

export function HandOverDialog({ conversationId, from, who, by, onClose, ...props }: Props) {
  const [to, setTo] = useState(props.to);
  const [chosenId, setChosen] = useState<string>();
  const [isForced, setForced] = useState(false);
  const [message, setMessage] = useState("");
  const [find, setFind] = useState("");
  const { takeOver, transfer } = useConversationActions(conversationId);
  const targets = useTargets(to, from, by);
  const chosen = targets.all?.find(({ id }) => id === chosenId);
  const { error, isPending } = to === "agent" && by === "supervisor" ? takeOver : transfer;
  const reason = !chosen
    ? `Choose ${to === "agent" ? "an agent" : "a skill"} first.`
    : (chosen.reason ??
      (to === "agent" && chosen.isFull && !isForced
        ? `${chosen.name} is full: switch on that they get it all the same.`
        : undefined));
  const go = (next: To) => {
    setTo(next);
    setChosen(undefined);
    takeOver.reset();
    transfer.reset();
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!chosen || reason !== undefined || isPending) return;
    const { id, name } = chosen;
    const told = (text: string) => {
      notifications.show({ message: text });
      onClose();
    };
    if (to === "agent" && by === "supervisor") {
      const wanted = { agentId: id, force: isForced };
      takeOver.mutate(wanted, { onSuccess: () => told(`${name} has it now.`) });
      return;
    }
    const wanted = to === "agent" ? { agentId: id } : { skillId: id };
    transfer.mutate(
      { ...wanted, message: message.trim() },
      {
        onSuccess: ({ downgradedBecause: why }) =>
          told(
            why
              ? `${name} ${downgradeName(why)}: ${who} waits in the skill’s queue.`
              : `${who} goes to ${name}.`,
          ),
      },
    );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Hand ${who} over`}
      size={580}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": "Close without handing over" }}
    >
      <Stack component="form" gap="sm" onSubmit={submit}>
        <Group wrap="nowrap" gap="sm">
          <TextInput
            data-autofocus
            flex={1}
            type="search"
            aria-label={to === "agent" ? "Search agents" : "Search skills"}
            placeholder="Search by name"
            leftSection={<IconSearch size={15} />}
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
          <SegmentedControl
            aria-label="To whom"
            value={to}
            data={[
              { value: "agent", label: "To an agent" },
              { value: "skill", label: "To a skill" },
            ]}
            onChange={(next) => go(next === "skill" ? "skill" : "agent")}
          />
        </Group>
        <Choices
          key={to}
          label={to === "agent" ? "Agents" : "Skills"}
          targets={targets}
          find={find}
          chosen={chosenId}
          onChoose={setChosen}
        />
        {to === "agent" && by === "supervisor" ? (
          <Switch
            label="Even if they are full"
            checked={isForced}
            onChange={(event) => setForced(event.currentTarget.checked)}
          />
        ) : (
          <TextInput
            label="What the consumer is told first"
            description="May be left out."
            placeholder="One moment, I connect you."
            value={message}
            onChange={(event) => setMessage(event.currentTarget.value)}
          />
        )}
        {error && (
          <Alert color="red" variant="light" title="It stays where it is" role="alert">
            {error.message}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button size="xs" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <ReasonedButton size="xs" reason={reason} loading={isPending} onClick={() => submit()}>
            Hand over
          </ReasonedButton>
        </Group>
        <button type="submit" hidden />
      </Stack>
    </Modal>
  );
}

interface Targets {
  all: Target[] | undefined;
  error: Error | null;
  isFollowed: boolean;
  isFetching: boolean;
  lookAgain: () => void;
}

/** Follows the floor where one's role may; agents hear of nobody else, so they look once. */
function useTargets(to: To, from: From, by: By): Targets {
  const { isFollowed, lookAgain } = useFloor();
  const agents = useQuery({ ...agentsQuery, enabled: to === "agent" });
  const queues = useQuery({ ...queuesQuery, enabled: to === "skill" });
  const { error, isFetching } = to === "agent" ? agents : queues;
  const all =
    to === "agent"
      ? agents.data && agentTargets(agents.data, from, by)
      : queues.data && skillTargets(queues.data, from);
  return { all, error, isFetching, isFollowed, lookAgain };
}

interface ChoicesProps {
  label: string;
  targets: Targets;
  find: string;
  chosen: string | undefined;
  onChoose: (id: string) => void;
}

/** Choices that are shown at once; the search finds the others. */
const SHOWN_MAX = 100;

const keyOf = ({ id }: Target) => id;

function Choices({ label, targets, find, chosen, onChoose }: ChoicesProps) {
  const [isPointed, setPointed] = useState(false);
  // What is live changes their numbers, not their places, while somebody chooses.
  const held = useHeld(targets.all ?? [], keyOf, isPointed || chosen !== undefined);
  const fitting = found(held, find, ({ item }) => [item.name]);
  const more = fitting.length - SHOWN_MAX;
  return (
    <div>
      <div
        className={classes.choices}
        role="radiogroup"
        aria-label={label}
        onPointerEnter={() => setPointed(true)}
        onPointerLeave={() => setPointed(false)}
      >
        {targets.error && !targets.all ? (
          <FailureNote error={targets.error} retry={targets.lookAgain} />
        ) : !targets.all ? (
          <Skeleton height={160} />
        ) : (
          fitting
            .slice(0, SHOWN_MAX)
            .map(({ item, isGone }) => (
              <Choice
                key={item.id}
                target={isGone ? { ...item, reason: `${item.name} is gone.` } : item}
                isChosen={item.id === chosen}
                onChoose={() => onChoose(item.id)}
              />
            ))
        )}
        {targets.all && fitting.length === 0 && (
          <Text size="sm" className="quiet" p="sm">
            {find === "" ? "There is nobody else." : "None has such a name."}
          </Text>
        )}
        {more > 0 && (
          <Text size="sm" className="quiet" p="sm">
            and {count(more, "other")}: type a part of the name
          </Text>
        )}
      </div>
      {!targets.isFollowed && (
        <Group gap={6} mt={6}>
          <Text size="xs" className="quiet">
            As it was when you looked.
          </Text>
          <Button
            size="compact-xs"
            variant="subtle"
            loading={targets.isFetching}
            onClick={targets.lookAgain}
          >
            Look again
          </Button>
        </Group>
      )}
    </div>
  );
}

interface ChoiceProps {
  target: Target;
  isChosen: boolean;
  onChoose: () => void;
}

function Choice({ target, isChosen, onChoose }: ChoiceProps) {
  const { name, state, isFree, reason } = target;
  return (
    <label
      className={classes.choice}
      data-chosen={isChosen || undefined}
      data-out={reason !== undefined || undefined}
      title={reason}
    >
      <input
        type="radio"
        name="to"
        checked={isChosen}
        disabled={reason !== undefined && !isChosen}
        onChange={onChoose}
      />
      <span className="cut" title={name}>
        {name}
      </span>
      <span className={`${classes.state} number`} data-free={isFree || undefined}>
        {state}
      </span>
    </label>
  );
}
