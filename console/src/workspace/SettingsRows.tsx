/** Rows of settings of which each has a name and is for some skills. */
import { ActionIcon, MultiSelect, TextInput, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { removed, replaced } from "../lib/json";
import { Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./SettingsForm.module.css";

/** A choice of skills by name. */
export type SkillChoice = { value: string; label: string }[];

interface Row {
  name: string;
  skillIds?: string[];
}

interface Props<Item extends Row> {
  title: string;
  hint: ReactNode;
  /** What one of them is called. */
  noun: string;
  items: readonly Item[];
  /** A new one. */
  blank: Item;
  skills: SkillChoice;
  isFixed: boolean;
  /** Why none can be added, if so. */
  reason: string | undefined;
  onChange: (items: Item[]) => void;
  /** The other fields of one. */
  children: (item: Item, change: (members: Partial<Item>) => void) => ReactNode;
}

export function SettingsRows<Item extends Row>(props: Props<Item>) {
  const { title, noun, items, skills, isFixed, onChange } = props;
  return (
    <Part level="h2" title={title} hint={props.hint}>
      {items.map((item, index) => {
        const set = (next: Item) => onChange(replaced(items, index, next));
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a name changes with every key
          <fieldset key={index} className={classes.row}>
            <legend className={classes.legend}>{item.name || `New ${noun}`}</legend>
            <TextInput
              label="Name"
              disabled={isFixed}
              value={item.name}
              onChange={(event) => set({ ...item, name: event.currentTarget.value })}
            />
            <MultiSelect
              label="For conversations in"
              placeholder={item.skillIds?.length ? undefined : "every skill"}
              searchable
              disabled={isFixed}
              data={skills}
              value={item.skillIds ?? []}
              onChange={(skillIds) => set({ ...item, skillIds })}
            />
            <RemoveIcon
              label={`Remove ${item.name || `the new ${noun}`}`}
              isFixed={isFixed}
              onRemove={() => onChange(removed(items, index))}
            />
            {props.children(item, (members) => set({ ...item, ...members }))}
          </fieldset>
        );
      })}
      <div>
        <ReasonedButton
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} />}
          reason={props.reason}
          onClick={() => onChange([...items, props.blank])}
        >
          Add a {noun}
        </ReasonedButton>
      </div>
    </Part>
  );
}

interface RemoveProps {
  label: string;
  isFixed: boolean;
  onRemove: () => void;
}

/** Takes a row away. */
export function RemoveIcon({ label, isFixed, onRemove }: RemoveProps) {
  return (
    <Tooltip label="Remove it">
      <ActionIcon
        className={classes.remove}
        variant="default"
        size={30}
        aria-label={label}
        disabled={isFixed}
        onClick={onRemove}
      >
        <IconTrash size={15} />
      </ActionIcon>
    </Tooltip>
  );
}
