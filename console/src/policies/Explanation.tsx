/** Why a policy matched or not: clause by clause, with the value under each operand. */
import {
  IconAlertTriangle,
  IconCheck,
  IconMinus,
  IconPlayerPause,
  IconX,
} from "@tabler/icons-react";
import { isObject, type JsonObject, objectsOf, shown, textOf } from "../lib/json";
import { hasValue, operatorLabel } from "./document";
import classes from "./Explanation.module.css";
import {
  faultOf,
  guardOf,
  type Side,
  STATUS_NAMES,
  type Status,
  sideOf,
  statusOf,
} from "./explanation";
import { Attribute, Value } from "./Sentence";

const ICONS: Record<Status, typeof IconCheck> = {
  TRUE: IconCheck,
  FALSE: IconX,
  ERROR: IconAlertTriangle,
  INVALID: IconAlertTriangle,
  DISABLED: IconPlayerPause,
  NOT_REACHED: IconMinus,
  NOT_EVALUATED: IconMinus,
};

export function StatusMark({ status }: { status: Status }) {
  const Icon = ICONS[status];
  return (
    <span
      className={classes.mark}
      data-status={status}
      role="img"
      aria-label={STATUS_NAMES[status]}
      title={STATUS_NAMES[status]}
    >
      <Icon size={15} stroke={2.2} />
    </span>
  );
}

export function Explanation({ record }: { record: JsonObject }) {
  const exceptions = objectsOf(record, "exceptions");
  const fault = faultOf(record);
  return (
    <div className={classes.explanation}>
      {fault && <p className={classes.fault}>{fault}</p>}
      {exceptions.map((exception, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: exceptions have no name, and are not moved here
        <div key={index} className={classes.part}>
          <p className={`${classes.heading} quiet`}>
            <StatusMark status={statusOf(exception)} /> Exception
            {exceptions.length > 1 && ` ${index + 1}`}
            {exception["requiresRoot"] === true && ", if the policy applies too"}
          </p>
          <Guarded record={exception} />
        </div>
      ))}
      {exceptions.length > 0 && <p className={`${classes.heading} quiet`}>The policy itself</p>}
      <Guarded record={record} />
    </div>
  );
}

function Guarded({ record }: { record: JsonObject }) {
  const { clauses, expression } = guardOf(record);
  if (expression) {
    return (
      <ul className={classes.clauses}>
        {objectsOf(expression, "parts").map((part) => (
          <li key={String(part["start"])} className={classes.clause}>
            <StatusMark status={statusOf(part)} />
            <div className={classes.said}>
              <span className="code">{textOf(part, "text")}</span>
              <Compared clause={part} />
            </div>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <ul className={classes.clauses}>
      {clauses.map((clause, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: clauses have no name, and are not moved here
        <Clause key={index} clause={clause} />
      ))}
    </ul>
  );
}

function Clause({ clause }: { clause: JsonObject }) {
  const group = clause["any"];
  if (Array.isArray(group)) {
    return (
      <li className={classes.clause}>
        <StatusMark status={statusOf(clause)} />
        <div className={classes.said}>
          <span className="quiet">one of</span>
          <ul className={classes.clauses}>
            {group.filter(isObject).map((one, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <Clause key={index} clause={one} />
            ))}
          </ul>
        </div>
      </li>
    );
  }
  const type = textOf(clause, "type");
  return (
    <li className={classes.clause}>
      <StatusMark status={statusOf(clause)} />
      <div className={classes.said}>
        <span>
          <Attribute name={textOf(clause, "property")} /> {operatorLabel(type)}{" "}
          {hasValue(type) && <Value value={clause["value"]} />}
        </span>
        <Compared clause={clause} />
      </div>
    </li>
  );
}

/** The values that were compared; nothing where nothing was. */
function Compared({ clause }: { clause: JsonObject }) {
  const left = sideOf(clause, "left");
  const right = sideOf(clause, "right");
  const fault = faultOf(clause);
  const status = statusOf(clause);
  if (fault) return <span className={classes.fault}>{fault}</span>;
  if (!left || status === "NOT_EVALUATED") return null;
  // A constant on the right is said already.
  const isConstant = right && shown(right.value) === shown(clause["value"]);
  return (
    <span className={classes.values} data-status={status}>
      <Runtime side={left} />
      {right && !isConstant && (
        <>
          <span className="quiet">against</span> <Runtime side={right} />
        </>
      )}
    </span>
  );
}

/** Characters of a value that are shown at once. */
const CHARS_MAX = 80;

function Runtime({ side }: { side: Side }) {
  if (side.isMissing) return <i>not known</i>;
  const text = typeof side.value === "string" ? `“${side.value}”` : shown(side.value);
  return (
    <code className={classes.value} title={text}>
      {text.length > CHARS_MAX ? `${text.slice(0, CHARS_MAX)}…` : text}
    </code>
  );
}
