/** Why something was not saved, and that somebody saved something else; what is typed stays. */
import { Alert } from "@mantine/core";
import { Failure } from "../api/client";
import type { Draft } from "../lib/draft";
import { Overtaken } from "./Overtaken";

interface Props<T> {
  error: Error | null;
  draft: Draft<T>;
}

export function SaveNotes<T>({ error, draft }: Props<T>) {
  const details = error instanceof Failure ? (error.problem?.errors ?? []) : [];
  return (
    <>
      {error && (
        <Alert
          color="red"
          variant="light"
          title="It was not saved; what you changed is still here"
          role="alert"
        >
          {details.length > 0
            ? details.map((one) => <div key={one.pointer + one.detail}>{placed(one)}</div>)
            : error.message}
        </Alert>
      )}
      {draft.isOvertaken && (
        <Overtaken by="somebody else" onTheirs={draft.discard} onMine={draft.keepMine} />
      )}
    </>
  );
}

/** Says where a mistake is, in words. */
function placed({ pointer, detail }: { pointer: string; detail: string }): string {
  const path = pointer.replace(/^#\//, "").split("/");
  const words = path.map((part) =>
    /^\d+$/.test(part)
      ? String(Number(part) + 1)
      : part.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`),
  );
  return `${words.join(" ")}: ${detail}`;
}
