/** The queues: who waits where, for how long, and who is there for them. */
import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { queuesQuery } from "../api/queries";
import { roughly } from "../conversations/conversation";
import { byName } from "../lib/find";
import { duration, number } from "../lib/format";
import { FailureNote } from "../ui/Failures";
import classes from "./Live.module.css";
import { Since } from "./Since";

type Queue = Schemas["Queue"];

interface Props {
  chosen: string | undefined;
  onChoose: (skillId: string | undefined) => void;
}

/** What stands for the conversations without a skill. */
export const NO_SKILL = "No skill";

export function Queues({ chosen, onChoose }: Props) {
  const queues = useQuery(queuesQuery);
  // By name: their places do not depend on how they are doing.
  const shown = [...(queues.data ?? [])].sort(byName);
  return (
    <section className={classes.column} aria-label="Queues">
      <h2 className={classes.heading}>Queues</h2>
      {queues.error && !queues.data ? (
        <FailureNote error={queues.error} retry={() => void queues.refetch()} />
      ) : !queues.data ? (
        <Skeleton height={240} />
      ) : shown.length === 0 ? (
        <Text className="quiet" size="sm">
          No skill yet, so no queue.
        </Text>
      ) : (
        <ul className={classes.list}>
          {shown.map((queue) => (
            <Row
              key={queue.skillId ?? NO_SKILL}
              queue={queue}
              isChosen={chosen !== undefined && queue.skillId === chosen}
              onChoose={onChoose}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface RowProps {
  queue: Queue;
  isChosen: boolean;
  onChoose: (skillId: string | undefined) => void;
}

function Row({ queue, isChosen, onChoose }: RowProps) {
  const waiting = queue.waiting + queue.ringing;
  const isStuck = queue.waiting > 0 && queue.agentsOnline === 0;
  return (
    <li>
      <button
        type="button"
        className={classes.queue}
        data-quiet={waiting === 0 || undefined}
        aria-pressed={isChosen}
        disabled={!queue.skillId}
        onClick={() => onChoose(isChosen ? undefined : (queue.skillId ?? undefined))}
      >
        <span className={classes.line}>
          <span className={`${classes.queueName} cut`} title={queue.name}>
            {queue.name || NO_SKILL}
          </span>
          <span className={`${classes.waiting} number`} data-stuck={isStuck || undefined}>
            {number(waiting)}
            <span className="quiet"> waiting</span>
          </span>
        </span>
        <span className="quiet cut">{people(queue)}</span>
        <span className={`${classes.line} quiet`}>
          <span className="cut" title={expectedTitle(queue)}>
            {expected(queue)}
          </span>
          {queue.oldestSince && <Since at={queue.oldestSince} />}
        </span>
      </button>
    </li>
  );
}

function people(queue: Queue): string {
  if (!queue.isEnabled) return "switched off";
  if (!queue.isOpen) return "outside business hours";
  if (queue.agentsOnline === 0) return "nobody online";
  const free = queue.freeSlots >= 10_000 ? "room for all" : `${number(queue.freeSlots)} free`;
  return `${number(queue.agentsOnline)} online, ${free}`;
}

/** Says how long somebody will probably wait who comes now. */
function expected(queue: Queue): string {
  const { expectedWaitSeconds: wait } = queue;
  if (!queue.isEnabled || !queue.isOpen) return "";
  if (queue.waiting === 0 && queue.freeSlots > 0) return "next: at once";
  return wait ? `next: about ${roughly(wait.likely)}` : "next: not known yet";
}

function expectedTitle({ expectedWaitSeconds: wait }: Queue): string {
  const range = wait
    ? `; 8 of 10 wait between ${duration(wait.from)} and ${duration(wait.to)}`
    : "; fewer than five were assigned in the last hour";
  return `How long somebody will probably wait who comes now${range}`;
}
