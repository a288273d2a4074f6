/** What happens when a policy applies, in order. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { skillsQuery, usersQuery } from "../api/queries";
import {
  isObject,
  type JsonObject,
  objectsOf,
  removed,
  replaced,
  shown,
  textOf,
  withMembers,
} from "../lib/json";
import { ACTIONS, actionLabel } from "./document";
import classes from "./Form.module.css";
import type { FormProps } from "./GuardForm";
import { Problems } from "./Problems";
import { within } from "./problems";

export function ActionsForm(props: FormProps) {
  const actions = objectsOf(props.value, "actions");
  const change = (next: JsonObject[]) => props.onChange({ ...props.value, actions: next });
  const isFixed = props.refusal !== undefined;
  return (
    <Stack gap={8}>
      {actions.map((action, index) => {
        const pointer = `${props.pointer}/actions/${index}`;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: an action has no name, its place is what it is
          <div key={index}>
            <div className={classes.action}>
              <span className="quiet number">{index + 1}</span>
              <TypeSelect
                action={action}
                isFixed={isFixed}
                onChange={(next) => change(replaced(actions, index, next))}
              />
              <PayloadForm
                action={action}
                isFixed={isFixed}
                onChange={(next) => change(replaced(actions, index, next))}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label="Remove this action"
                disabled={isFixed}
                onClick={() => change(removed(actions, index))}
              >
                <IconX size={16} />
              </ActionIcon>
            </div>
            <Problems problems={within(props.problems, pointer)} onMend={props.onMend} />
          </div>
        );
      })}
      <Problems
        problems={props.problems.filter(({ path }) => path === `${props.pointer}/actions`)}
        onMend={props.onMend}
      />
      <Group ml={28}>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={isFixed}
          onClick={() => change([...actions, { type: "SEND_MESSAGE", payload: { message: "" } }])}
        >
          Add an action
        </Button>
      </Group>
    </Stack>
  );
}

interface PartProps {
  action: JsonObject;
  isFixed: boolean;
  onChange: (action: JsonObject) => void;
}

function TypeSelect({ action, isFixed, onChange }: PartProps) {
  const type = textOf(action, "type");
  const known: { value: string; label: string }[] = ACTIONS.map((one) => ({
    value: one.type,
    label: one.label,
  }));
  const all = known.some((one) => one.value === type)
    ? known
    : [{ value: type, label: actionLabel(type) }, ...known];
  return (
    <NativeSelect
      aria-label="Action"
      data={all}
      value={type}
      disabled={isFixed}
      onChange={(event) => {
        const chosen = ACTIONS.find((one) => one.type === event.currentTarget.value);
        if (chosen) onChange({ type: chosen.type, payload: { ...chosen.payload } });
      }}
    />
  );
}

function PayloadForm({ action, isFixed, onChange }: PartProps) {
  const payload = isObject(action["payload"]) ? action["payload"] : {};
  const skills = useQuery(skillsQuery).data ?? [];
  const users = useQuery(usersQuery).data ?? [];
  const put = (members: JsonObject) =>
    onChange({ ...action, payload: withMembers(payload, members) });
  const known = (rows: readonly { id?: string | null; name: string }[]) =>
    rows.map(({ id, name }) => ({ value: id ?? "", label: name }));
  switch (textOf(action, "type")) {
    case "TRANSFER_TO_SKILL":
      return (
        <IdInput
          label="Skill"
          value={shown(payload["skillId"])}
          known={known(skills)}
          isFixed={isFixed}
          onChange={(skillId) => put({ skillId })}
        />
      );
    case "TRANSFER_TO_AGENT": {
      const agentKey = "agentId" in payload ? "agentId" : "userId";
      const skillKey = "fallbackSkillId" in payload ? "fallbackSkillId" : "skillId";
      return (
        <div className={classes.payload} data-two>
          <IdInput
            label="Agent"
            value={shown(payload[agentKey])}
            known={known(users)}
            isFixed={isFixed}
            onChange={(id) => put({ [agentKey]: id })}
          />
          <IdInput
            label="Fallback skill"
            hint="else to this skill"
            value={shown(payload[skillKey])}
            known={known(skills)}
            isFixed={isFixed}
            onChange={(id) =>
              onChange({
                ...action,
                payload: withMembers(payload, { [skillKey]: id === "" ? undefined : id }),
              })
            }
          />
        </div>
      );
    }
    case "SEND_MESSAGE": {
      const key = "text" in payload ? "text" : "message";
      return (
        <Textarea
          aria-label="Message"
          placeholder="Plain text; {{namespace.attribute}} puts a value in"
          autosize
          minRows={1}
          maxRows={8}
          disabled={isFixed}
          value={shown(payload[key])}
          onChange={(event) => put({ [key]: event.currentTarget.value })}
        />
      );
    }
    default:
      return (
        <Text size="sm" className="quiet" pt={8}>
          <span className="code">{JSON.stringify(payload)}</span> · change it as JSON
        </Text>
      );
  }
}

interface IdProps {
  label: string;
  hint?: string;
  value: string;
  known: { value: string; label: string }[];
  isFixed: boolean;
  onChange: (id: string) => void;
}

/** An id picked by name, or typed: an id that is not known yet, or `{{attribute}}`. */
function IdInput({ label, hint, value, known, isFixed, onChange }: IdProps) {
  const nameOf = (id: string) => {
    const row = known.find((one) => one.value === id);
    return row ? `${row.label} · ${row.value}` : id;
  };
  const idOf = (text: string) => known.find((one) => nameOf(one.value) === text)?.value ?? text;
  return (
    <Autocomplete
      aria-label={label}
      placeholder={hint ?? "name, id or {{attribute}}"}
      data={[...new Set(known.map((one) => nameOf(one.value)))]}
      limit={50}
      disabled={isFixed}
      value={nameOf(value)}
      onChange={(text) => onChange(idOf(text))}
    />
  );
}
