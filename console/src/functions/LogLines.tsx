/** Lines that a function wrote. */
import type { Schemas } from "../api/client";
import { instant, shortInstant } from "../lib/format";
import classes from "./Functions.module.css";

interface Props {
  lines: readonly (Schemas["LogLine"] & { id?: string; requestId?: string })[];
  /** Shows all of one run. */
  onRequest?: (requestId: string) => void;
}

export function LogLines({ lines, onRequest }: Props) {
  return (
    <ol className={classes.lines}>
      {lines.map((line, index) => (
        <li key={line.id ?? index} className={classes.line} data-level={line.level}>
          <span className={classes.level}>{line.level}</span>
          <span className={classes.message}>
            {line.message}
            {line.extras.map((extra, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: arguments have no other name
              <span key={at} className="quiet">
                {" "}
                {JSON.stringify(extra)}
              </span>
            ))}
          </span>
          <time dateTime={line.at} title={instant(line.at)} className="quiet number">
            {shortInstant(line.at)}
          </time>
          {onRequest && line.requestId && (
            <button
              type="button"
              className={classes.request}
              title={`Only the run ${line.requestId}`}
              onClick={() => onRequest(line.requestId ?? "")}
            >
              run
            </button>
          )}
        </li>
      ))}
    </ol>
  );
}
