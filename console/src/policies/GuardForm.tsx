/** When a policy applies, as rows that all must hold; a row may be a choice of several. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  NativeSelect,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { attributesQuery } from "../api/queries";
import {
  isObject,
  type Json,
  type JsonObject,
  objectsOf,
  removed,
  replaced,
  shown,
  textOf,
  withMembers,
} from "../lib/json";
import {
  attributeOf,
  hasValue,
  modeOf,
  OPERATORS,
  typesFor,
  type ValueType,
  valueTypeOf,
  withOperator,
  withValueType,
} from "./document";
import { ExpressionField } from "./ExpressionField";
import classes from "./Form.module.css";
import { Problems } from "./Problems";
import { type Problem, within } from "./problems";
import { useValues } from "./values";

export interface FormProps {
  /** The policy, or one of its exceptions. */
  value: JsonObject;
  /** Where it is in the document. */
  pointer: string;
  problems: readonly Problem[];
  /** Why nothing can be changed, if so. */
  refusal: string | undefined;
  onChange: (value: JsonObject) => void;
  onMend: (problem: Problem) => void;
}

const NEW_ROW: JsonObject = { property: "", type: "EQUAL", value: "" };

export function GuardForm(props: FormProps) {
  const { value, onChange } = props;
  if (modeOf(value) === "EXPRESSION") return <ExpressionField {...props} />;
  const rows = objectsOf(value, "conditions");
  const change = (conditions: JsonObject[]) => onChange({ ...value, conditions });
  return (
    <Stack gap={8}>
      {rows.map((condition, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has no name, its place is what it is
        <div key={index} className={classes.condition}>
          <span className={`${classes.joint} quiet`}>{index === 0 ? "if" : "and"}</span>
          <ConditionForm
            {...props}
            value={condition}
            pointer={`${props.pointer}/conditions/${index}`}
            onChange={(next) => change(replaced(rows, index, next))}
            onRemove={() => change(removed(rows, index))}
          />
        </div>
      ))}
      <Problems
        problems={props.problems.filter(({ path }) => path === `${props.pointer}/conditions`)}
        onMend={props.onMend}
      />
      <Group gap="xs" ml={44}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={props.refusal !== undefined}
          onClick={() => change([...rows, NEW_ROW])}
        >
          Add a condition
        </Button>
      </Group>
    </Stack>
  );
}

type ConditionProps = FormProps & { onRemove: () => void };

function ConditionForm(props: ConditionProps) {
  const group = props.value["any"];
  if (!Array.isArray(group)) {
    const split = () =>
      props.onChange({
        any: [props.value, { ...NEW_ROW, property: textOf(props.value, "property") }],
      });
    return <RowForm {...props} onSplit={split} />;
  }
  const rows = group.filter(isObject);
  const change = (next: JsonObject[]) => {
    const [only] = next;
    if (next.length === 1 && only) props.onChange(only);
    else props.onChange({ ...props.value, any: next });
  };
  return (
    <div className={classes.group}>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: as above
        <div key={index} className={classes.choice}>
          <span className={`${classes.joint} quiet`}>{index === 0 ? "either" : "or"}</span>
          <RowForm
            {...props}
            value={row}
            pointer={`${props.pointer}/any/${index}`}
            onChange={(next) => change(replaced(rows, index, next))}
            onRemove={() => change(removed(rows, index))}
          />
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        ml={52}
        disabled={props.refusal !== undefined}
        onClick={() =>
          change([...rows, { ...NEW_ROW, property: textOf(rows.at(-1) ?? {}, "property") }])
        }
      >
        or …
      </Button>
    </div>
  );
}

function RowForm(props: ConditionProps & { onSplit?: () => void }) {
  const { value: row, onChange } = props;
  const attributes = useQuery(attributesQuery).data ?? [];
  const known = useValues(textOf(row, "property"));
  const type = textOf(row, "type");
  const valueType = valueTypeOf(row);
  const allowed = typesFor(type);
  const types = allowed.includes(valueType) ? allowed : [valueType, ...allowed];
  const isKnown = OPERATORS.some((operator) => operator.type === type);
  const operators = OPERATORS.map(({ type, label }) => ({
    value: type as string,
    label: label as string,
  }));
  const isFixed = props.refusal !== undefined;
  return (
    <div className={classes.rowBox}>
      <div className={classes.row}>
        <Autocomplete
          aria-label="Attribute"
          placeholder="namespace.attribute"
          data={attributes.map((attribute) => attribute.name)}
          limit={30}
          value={textOf(row, "property")}
          disabled={isFixed}
          classNames={{ input: classes.mono ?? "" }}
          title={attributes.find((one) => one.name === textOf(row, "property"))?.description}
          onChange={(property) => onChange(withMembers(row, { property }))}
        />
        <NativeSelect
          aria-label="Comparison"
          data={isKnown ? operators : [{ value: type, label: type }, ...operators]}
          value={type}
          disabled={isFixed}
          onChange={(event) => onChange(withOperator(row, event.currentTarget.value))}
        />
        {hasValue(type) ? (
          <>
            <NativeSelect
              aria-label="Type of value"
              data={types.map((one) => ({ value: one, label: TYPE_LABELS[one] }))}
              value={valueType}
              disabled={isFixed}
              onChange={(event) => {
                const wanted = types.find((one) => one === event.currentTarget.value);
                if (wanted) onChange(withValueType(row, wanted));
              }}
            />
            <ValueInput
              type={valueType}
              value={row["value"]}
              isFixed={isFixed}
              attributes={attributes.map((attribute) => attribute.name)}
              known={known}
              onChange={(value) => onChange(withMembers(row, { value }))}
            />
          </>
        ) : (
          <>
            <span />
            <span />
          </>
        )}
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Remove this condition"
          disabled={isFixed}
          onClick={props.onRemove}
        >
          <IconX size={16} />
        </ActionIcon>
      </div>
      {props.onSplit && !isFixed && (
        <button type="button" className={classes.split} onClick={props.onSplit}>
          or …
        </button>
      )}
      <Problems problems={within(props.problems, props.pointer)} onMend={props.onMend} />
    </div>
  );
}

const TYPE_LABELS: Record<ValueType, string> = {
  STRING: "text",
  NUMBER: "number",
  BOOLEAN: "yes / no",
  LIST: "list",
  ATTRIBUTE: "attribute",
  CHANNEL: "channel",
};

interface ValueProps {
  type: ValueType;
  value: Json | undefined;
  isFixed: boolean;
  attributes: string[];
  /** What the attribute is known to be. */
  known: readonly string[];
  onChange: (value: Json) => void;
}

function ValueInput({ type, value, isFixed, attributes, known, onChange }: ValueProps) {
  switch (type) {
    case "BOOLEAN":
      return (
        <NativeSelect
          aria-label="Value"
          disabled={isFixed}
          data={[
            { value: "true", label: "true" },
            { value: "false", label: "false" },
          ]}
          value={shown(value).toLowerCase() === "false" ? "false" : "true"}
          onChange={(event) => onChange(event.currentTarget.value === "true")}
        />
      );
    case "NUMBER":
      return (
        <TextInput
          aria-label="Value"
          inputMode="decimal"
          disabled={isFixed}
          value={shown(value)}
          onChange={(event) => onChange(asNumber(event.currentTarget.value))}
        />
      );
    case "LIST":
      return <ListInput value={value} isFixed={isFixed} known={known} onChange={onChange} />;
    case "ATTRIBUTE":
      return (
        <Autocomplete
          aria-label="Value"
          placeholder="namespace.attribute"
          classNames={{ input: classes.mono ?? "" }}
          disabled={isFixed}
          data={attributes}
          limit={30}
          value={attributeOf(value) ?? shown(value)}
          onChange={(name) => onChange(`{{${name.replace(/[{}]/g, "")}}}`)}
        />
      );
    case "STRING":
    case "CHANNEL":
      return (
        <Autocomplete
          aria-label="Value"
          disabled={isFixed}
          data={[...known]}
          limit={30}
          value={shown(value)}
          onChange={onChange}
        />
      );
  }
}

/** A number once it is one; what is not yet one stays as it is typed. */
function asNumber(text: string): Json {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) && String(number) === text.trim()
    ? number
    : text;
}

/** A list of texts; items that are something else stay what they are. */
function ListInput({
  value,
  isFixed,
  known,
  onChange,
}: Pick<ValueProps, "value" | "isFixed" | "known" | "onChange">) {
  const items = Array.isArray(value) ? value : [];
  const named = new Map(items.map((item) => [shown(item), item]));
  return (
    <TagsInput
      aria-label="Value"
      placeholder={items.length === 0 ? "type, then Enter" : ""}
      disabled={isFixed}
      splitChars={[]}
      data={[...known]}
      value={items.map((item) => shown(item))}
      onChange={(texts) => onChange(texts.map((text) => named.get(text) ?? text))}
    />
  );
}

export function Section(props: {
  title: string;
  hint?: string;
  aside?: React.ReactNode;
  children: React.ReactNode;
}) {
  return (
    <section className={classes.section} aria-label={props.title}>
      <Group justify="space-between" mb={10} wrap="nowrap">
        <div>
          <h2 className={classes.title}>{props.title}</h2>
          {props.hint && (
            <Text size="sm" className="quiet">
              {props.hint}
            </Text>
          )}
        </div>
        {props.aside}
      </Group>
      {props.children}
    </section>
  );
}
