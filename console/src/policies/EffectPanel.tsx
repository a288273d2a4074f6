/** What a policy would change for the rest of the list, judged by the last decisions. */
import { Skeleton, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Policy } from "../api/queries";
import { count } from "../lib/format";
import type { JsonObject } from "../lib/json";
import { FailureNote } from "../ui/Failures";
import { Effect } from "../ui/Pane";
import { asWritten } from "./document";
import classes from "./EffectPanel.module.css";
import { inWords, type Move, previewQuery, unknownInWords, wayOf } from "./effect";

interface Props {
  policy: Policy | undefined;
  draft: JsonObject;
  isChanged: boolean;
}

/** Milliseconds of quiet before what is typed is compared. */
const PAUSE = 400;

export function EffectPanel({ policy, draft, isChanged }: Props) {
  const [settled] = useDebouncedValue(draft, PAUSE);
  const isOn = policy?.enabled ?? false;
  // What is on and saved is shown by its absence.
  const enabled = !isOn || isChanged;
  const effect = useQuery({
    ...previewQuery({
      ...(policy && { policyId: policy.id }),
      ...((isChanged || !policy) && { policy: asWritten(settled) }),
      enabled,
    }),
    placeholderData: keepPreviousData,
  });
  if (effect.error) {
    return <FailureNote error={effect.error} retry={() => void effect.refetch()} />;
  }
  if (!effect.data) return <Skeleton height={120} />;
  const unknown = unknownInWords(effect.data);
  return (
    <Stack gap="sm">
      <Effect>
        {conditionOf(isOn, isChanged)}, {inWords(effect.data)}.
      </Effect>
      <ul className={classes.moves}>
        {effect.data.moves.map((move) => (
          <MoveLine key={`${move.from?.id} ${move.to?.id}`} move={move} />
        ))}
      </ul>
      <Text size="sm" className="quiet">
        {unknown} The last 200 decisions are decided again, by the list as it is and with this
        change, each on what was known when it was made.
      </Text>
    </Stack>
  );
}

function conditionOf(isOn: boolean, isChanged: boolean): string {
  if (isChanged) return isOn ? "Saved as it is typed" : "Saved as it is typed and switched on";
  return isOn ? "Switched off" : "Switched on";
}

function MoveLine({ move }: { move: Move }) {
  const way = wayOf(move);
  return (
    <li className={classes.move}>
      <span className={classes.way} title={way}>
        {way}
      </span>
      <Link
        to="/decisions/$decisionId"
        params={{ decisionId: move.example }}
        className="anchor"
        title="The newest of them"
      >
        {count(move.decisions, "decision")}
      </Link>
    </li>
  );
}
