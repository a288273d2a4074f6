/** Tells what a change of the list has done to the last decisions, and offers to take it back. */
import { notifications } from "@mantine/notifications";
import { inWords, type Move, preview, turned, wayOf } from "./effect";
import classes from "./PolicyList.module.css";

/** One at a time: what was changed last. */
const ID = "policies-effect";
const SHOWN_MS = 12_000;
const WAYS_MAX = 2;
/** Characters of a policy's name: all of the note has to fit in. */
const NAME_CHARS_MAX = 32;

interface Done {
  /** The policy's name. */
  name: string;
  /** What has become of it. */
  what: string;
  /** The edit that takes it back. */
  back: Parameters<typeof preview>[0];
  undo: () => void;
}

export async function tellEffect({ name, what, back, undo }: Done): Promise<void> {
  // The change is made; if nobody can say what it does, it stands all the same.
  const effect = await preview(back).then(turned, () => undefined);
  if (!effect || effect.decisions === 0) return;
  const ways = effect.moves.slice(0, WAYS_MAX);
  notifications.hide(ID);
  notifications.show({
    id: ID,
    autoClose: SHOWN_MS,
    title: `“${short(name)}” ${what}`,
    message: (
      <>
        Asked again, {inWords(effect)}.
        {ways.length > 0 && (
          <ul className={classes.messages}>
            {ways.map((move) => (
              <li key={wayOf(move)}>
                {move.decisions} × {wayOf(shortened(move))}
              </li>
            ))}
          </ul>
        )}
        <button
          type="button"
          className={classes.undo}
          onClick={() => {
            notifications.hide(ID);
            undo();
          }}
        >
          Undo
        </button>
      </>
    ),
  });
}

function short(name: string): string {
  return name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX - 1).trimEnd()}…` : name;
}

function shortened(move: Move): Move {
  const named = (policy: Move["from"]) => policy && { ...policy, name: short(policy.name) };
  return { ...move, from: named(move.from), to: named(move.to) };
}
