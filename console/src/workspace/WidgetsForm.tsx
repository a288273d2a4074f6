/** The widgets of the account, to be changed. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { removed, replaced } from "../lib/json";
import classes from "./SettingsForm.module.css";
import { RemoveIcon, SettingsRows, type SkillChoice } from "./SettingsRows";

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
  /** Why none can be changed, if so. */
  refusal: string | undefined;
  onChange: (widgets: Widget[]) => void;
}

export function WidgetsForm({ widgets, skills, refusal, onChange }: Props) {
  const isFixed = refusal !== undefined;
  const reason =
    refusal ?? (widgets.length >= WIDGETS_MAX ? "There can be five at most." : undefined);
  return (
    <SettingsRows
      title="Widgets"
      hint={
        <>
          Pages of your own beside a conversation, in a frame. They learn whom the agent talks with
          from the script at <span className="code">/sdk/agent-workspace.js</span>.
        </>
      }
      noun="widget"
      items={widgets}
      blank={{ name: "", url: "", columns: 1, skillIds: [], parameters: {} }}
      skills={skills}
      isFixed={isFixed}
      reason={reason}
      onChange={onChange}
    >
      {(widget, change) => (
        <>
          <TextInput
            className={classes.wide}
            label="Address"
            placeholder="https://crm.example.com/customer"
            disabled={isFixed}
            value={widget.url}
            onChange={(event) => change({ url: event.currentTarget.value })}
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
            onChange={(event) => change({ columns: Number(event.currentTarget.value) })}
          />
          <NativeSelect
            label="Shown to"
            disabled={isFixed}
            value={widget.audience ?? "AGENTS"}
            data={AUDIENCES}
            onChange={(event) => {
              const wanted = event.currentTarget.value;
              const audience = AUDIENCES.find(({ value }) => value === wanted)?.value;
              if (audience) change({ audience });
            }}
          />
          <Parameters
            parameters={widget.parameters ?? {}}
            isFixed={isFixed}
            onChange={(parameters) => change({ parameters })}
          />
        </>
      )}
    </SettingsRows>
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
          <RemoveIcon
            label={`Remove ${name || "the new parameter"}`}
            isFixed={isFixed}
            onRemove={() => onChange(Object.fromEntries(removed(rows, index)))}
          />
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
