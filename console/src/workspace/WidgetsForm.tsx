/** The widgets of the account, to be changed. */
import {
  ActionIcon,
  Button,
  MultiSelect,
  NativeSelect,
  Text,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { removed, replaced } from "../lib/json";
import { ReasonedButton } from "../ui/ReasonedButton";
import type { SkillChoice } from "./RepliesForm";
import classes from "./SettingsForm.module.css";

type Widget = Schemas["Widget"];

const WIDGETS_MAX = 5;
const AUDIENCES: { value: Schemas["WidgetAudience"]; label: string }[] = [
  { value: "AGENTS", label: "every agent" },
  { value: "MANAGERS", label: "managers, to try it out" },
  { value: "NOBODY", label: "nobody for now" },
];

interface Props {
  widgets: readonly Widget[];
  skills: SkillChoice;
  isFixed: boolean;
  /** Why none can be changed, if so. */
  refusal: string | undefined;
  onChange: (widgets: Widget[]) => void;
}

export function WidgetsForm({ widgets, skills, isFixed, refusal, onChange }: Props) {
  const change = (index: number, members: Partial<Widget>) => {
    const before = widgets[index];
    if (before) onChange(replaced(widgets, index, { ...before, ...members }));
  };
  const reason =
    refusal ?? (widgets.length >= WIDGETS_MAX ? "There can be five at most." : undefined);
  return (
    <section className={classes.part} aria-label="Widgets">
      <h2 className={classes.title}>Widgets</h2>
      <Text size="sm" className="quiet">
        Pages of your own beside a conversation, in a frame. They learn whom the agent talks with
        from the script at <span className="code">/sdk/agent-workspace.js</span>.
      </Text>
      {widgets.map((widget, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a name changes with every key
        <fieldset key={index} className={classes.row}>
          <legend className={classes.legend}>{widget.name || "New widget"}</legend>
          <TextInput
            label="Name"
            disabled={isFixed}
            value={widget.name}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
          />
          <MultiSelect
            label="For conversations in"
            placeholder={widget.skillIds?.length ? undefined : "every skill"}
            searchable
            disabled={isFixed}
            data={skills}
            value={widget.skillIds ?? []}
            onChange={(skillIds) => change(index, { skillIds })}
          />
          <Tooltip label="Remove it">
            <ActionIcon
              className={classes.remove}
              variant="default"
              size={30}
              aria-label={`Remove ${widget.name || "the new widget"}`}
              disabled={isFixed}
              onClick={() => onChange(removed(widgets, index))}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Tooltip>
          <TextInput
            className={classes.wide}
            label="Address"
            placeholder="https://crm.example.com/customer"
            disabled={isFixed}
            value={widget.url}
            onChange={(event) => change(index, { url: event.currentTarget.value })}
          />
          <NativeSelect
            label="Width"
            disabled={isFixed}
            value={String(widget.columns ?? 1)}
            data={[
              { value: "1", label: "single" },
              { value: "2", label: "double" },
              { value: "3", label: "triple" },
              { value: "4", label: "quadruple" },
            ]}
            onChange={(event) => change(index, { columns: Number(event.currentTarget.value) })}
          />
          <NativeSelect
            label="Shown to"
            disabled={isFixed}
            value={widget.audience ?? "AGENTS"}
            data={AUDIENCES}
            onChange={(event) => {
              const wanted = event.currentTarget.value;
              const audience = AUDIENCES.find(({ value }) => value === wanted)?.value;
              if (audience) change(index, { audience });
            }}
          />
          <Parameters
            parameters={widget.parameters ?? {}}
            isFixed={isFixed}
            onChange={(parameters) => change(index, { parameters })}
          />
        </fieldset>
      ))}
      <div>
        <ReasonedButton
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} />}
          reason={reason}
          onClick={() =>
            onChange([...widgets, { name: "", url: "", columns: 1, skillIds: [], parameters: {} }])
          }
        >
          Add a widget
        </ReasonedButton>
      </div>
    </section>
  );
}

interface ParametersProps {
  parameters: Record<string, string>;
  isFixed: boolean;
  onChange: (parameters: Record<string, string>) => void;
}

/** What the address says of the conversation: a name in the query, a path in the public model. */
function Parameters({ parameters, isFixed, onChange }: ParametersProps) {
  const rows = Object.entries(parameters);
  return (
    <div className={classes.wide}>
      {rows.map(([name, path], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a name changes with every key
        <div key={index} className={classes.parameter}>
          <TextInput
            label="Name in the query"
            disabled={isFixed}
            value={name}
            onChange={(event) =>
              onChange(Object.fromEntries(replaced(rows, index, [event.currentTarget.value, path])))
            }
          />
          <TextInput
            label="What it says"
            placeholder="visitorInfo.visitorId"
            disabled={isFixed}
            value={path}
            onChange={(event) =>
              onChange(Object.fromEntries(replaced(rows, index, [name, event.currentTarget.value])))
            }
          />
          <Tooltip label="Remove it">
            <ActionIcon
              variant="default"
              size={30}
              aria-label={`Remove ${name || "the new parameter"}`}
              disabled={isFixed}
              onClick={() => onChange(Object.fromEntries(removed(rows, index)))}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Tooltip>
        </div>
      ))}
      <Button
        size="compact-xs"
        variant="subtle"
        leftSection={<IconPlus size={13} />}
        disabled={isFixed}
        onClick={() => onChange({ ...parameters, "": "" })}
      >
        Say something of the conversation in the address
      </Button>
    </div>
  );
}
