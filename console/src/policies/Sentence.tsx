/** A guard as a sentence that can be read aloud. */
import { isObject, type Json, type JsonObject, shown, textOf } from "../lib/json";
import { attributeOf, hasValue, modeOf, operatorLabel } from "./document";
import classes from "./Sentence.module.css";

export function Sentence({ guarded }: { guarded: JsonObject }) {
  if (modeOf(guarded) === "EXPRESSION") {
    return <span className="code">{textOf(guarded, "expression") || "no expression yet"}</span>;
  }
  const conditions = guarded["conditions"];
  const rows = Array.isArray(conditions) ? conditions.filter(isObject) : [];
  if (rows.length === 0) return <span>no condition yet</span>;
  return rows.map((row, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name, and are not moved here
    <span key={index}>
      {index > 0 && " and "}
      <Condition condition={row} />
    </span>
  ));
}

function Condition({ condition }: { condition: JsonObject }) {
  const group = condition["any"];
  if (!Array.isArray(group)) return <Row row={condition} />;
  return group.filter(isObject).map((row, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above
    <span key={index}>
      {index === 0 ? "either " : " or "}
      <Row row={row} />
    </span>
  ));
}

function Row({ row }: { row: JsonObject }) {
  const type = textOf(row, "type");
  return (
    <>
      <Attribute name={textOf(row, "property")} /> {operatorLabel(type)}
      {hasValue(type) && (
        <>
          {" "}
          <Value value={row["value"]} />
        </>
      )}
    </>
  );
}

/** The last part of a name says enough in a sentence; the whole one is its title. */
export function Attribute({ name }: { name: string }) {
  return (
    <b className={classes.attribute} title={name}>
      {name.split(".").at(-1) || "?"}
    </b>
  );
}

export function Value({ value }: { value: Json | undefined }) {
  const attribute = attributeOf(value);
  if (attribute !== undefined) return <Attribute name={attribute} />;
  const text = Array.isArray(value) ? value.map((item) => shown(item)).join(", ") : shown(value);
  return <span className={classes.value}>{typeof value === "string" ? `“${text}”` : text}</span>;
}
