/** When people of a skill work, and what happens to conversations outside of that. */
import { ActionIcon, Button, NativeSelect, Select, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { removed, replaced } from "../lib/json";
import { Part } from "../ui/Pane";
import type { SkillFormProps } from "./RoutingForm";
import { SkillSelect } from "./SkillSelect";
import classes from "./Skills.module.css";
import { DAYS, type Hours } from "./skill";

const ZONES = Intl.supportedValuesOf("timeZone");
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const OPENING = { opens: "09:00", closes: "17:00" };

export function HoursForm({ skillId, skill, isFixed, onChange }: SkillFormProps) {
  const { hours } = skill;
  const change = (members: Partial<Hours>) =>
    hours && onChange({ hours: { ...hours, ...members } });
  return (
    <Part title="Business hours">
      <NativeSelect
        label="People work"
        disabled={isFixed}
        value={hours ? "hours" : "always"}
        data={[
          { value: "always", label: "always" },
          { value: "hours", label: "at these hours" },
        ]}
        onChange={(event) =>
          onChange({ hours: event.currentTarget.value === "hours" ? usual() : null })
        }
      />
      {hours && (
        <>
          <Select
            label="By the clock of"
            searchable
            limit={100}
            allowDeselect={false}
            disabled={isFixed}
            data={ZONES.includes(hours.zone) ? ZONES : [hours.zone, ...ZONES]}
            value={hours.zone}
            onChange={(zone) => zone && change({ zone })}
          />
          <Week hours={hours} isFixed={isFixed} onChange={change} />
          <Exceptions hours={hours} isFixed={isFixed} onChange={change} />
          <Outside
            hours={hours}
            isFixed={isFixed}
            without={skillId === undefined ? [] : [skillId]}
            onChange={change}
          />
        </>
      )}
    </Part>
  );
}

/** Returns the hours that most people begin from. */
function usual(): Hours {
  return {
    zone: HERE,
    week: DAYS.slice(0, 5).map(({ day }) => ({ day, ...OPENING })),
    exceptions: [],
    outside: { behavior: "QUEUE" },
  };
}

interface HoursProps {
  hours: Hours;
  isFixed: boolean;
  onChange: (members: Partial<Hours>) => void;
}

function Week({ hours, isFixed, onChange }: HoursProps) {
  const { week } = hours;
  return (
    <ul className={classes.days} aria-label="The usual week">
      {DAYS.map(({ day, name }) => (
        <li key={day} className={classes.day}>
          <span>{name}</span>
          <span className={classes.openings}>
            {week.every((opening) => opening.day !== day) && <span className="quiet">closed</span>}
            {week.map((opening, index) =>
              opening.day === day ? (
                <Times
                  // biome-ignore lint/suspicious/noArrayIndexKey: an opening has no name
                  key={index}
                  name={name}
                  opening={opening}
                  isFixed={isFixed}
                  onChange={(next) =>
                    onChange({ week: replaced(week, index, { ...opening, ...next }) })
                  }
                  onRemove={() => onChange({ week: removed(week, index) })}
                />
              ) : null,
            )}
          </span>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Open on ${name}`}
            disabled={isFixed}
            onClick={() => onChange({ week: [...week, { day, ...OPENING }] })}
          >
            <IconPlus size={16} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}

interface TimesProps {
  name: string;
  opening: { opens: string; closes: string };
  isFixed: boolean;
  onChange: (times: { opens?: string; closes?: string }) => void;
  onRemove: () => void;
}

/** A time as people type it, as the server wants it: `9:5` is not yet one. */
function Times({ name, opening, isFixed, onChange, onRemove }: TimesProps) {
  return (
    <span className={classes.opening}>
      <TextInput
        className={classes.time}
        aria-label={`${name} opens`}
        placeholder="09:00"
        error={isTime(opening.opens) ? undefined : true}
        disabled={isFixed}
        value={opening.opens}
        onChange={(event) => onChange({ opens: event.currentTarget.value })}
      />
      <span className="quiet">to</span>
      <TextInput
        className={classes.time}
        aria-label={`${name} closes`}
        placeholder="17:00"
        error={isTime(opening.closes) ? undefined : true}
        disabled={isFixed}
        value={opening.closes}
        onChange={(event) => onChange({ closes: event.currentTarget.value })}
      />
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Remove ${opening.opens} to ${opening.closes} on ${name}`}
        disabled={isFixed}
        onClick={onRemove}
      >
        <IconX size={14} />
      </ActionIcon>
    </span>
  );
}

/** Whether a text is a time of the day on a 24-hour clock. */
export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(text);
}

function Exceptions({ hours, isFixed, onChange }: HoursProps) {
  const { exceptions } = hours;
  const put = (index: number, members: Partial<Hours["exceptions"][number]>) => {
    const before = exceptions[index];
    if (before) onChange({ exceptions: replaced(exceptions, index, { ...before, ...members }) });
  };
  return (
    <>
      {exceptions.length > 0 && (
        <ul className={classes.days} aria-label="Days that are otherwise">
          {exceptions.map((exception, index) => {
            const { openings } = exception;
            const name = exception.date || "the day";
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a day has no name while it is typed
              <li key={index} className={classes.day} data-exception>
                <TextInput
                  className={classes.date}
                  type="date"
                  aria-label="Day"
                  disabled={isFixed}
                  value={exception.date}
                  onChange={(event) => put(index, { date: event.currentTarget.value })}
                />
                <span className={classes.openings}>
                  {openings.length === 0 && <span className="quiet">closed</span>}
                  {openings.map((opening, at) => (
                    <Times
                      // biome-ignore lint/suspicious/noArrayIndexKey: an opening has no name
                      key={at}
                      name={name}
                      opening={opening}
                      isFixed={isFixed}
                      onChange={(next) =>
                        put(index, { openings: replaced(openings, at, { ...opening, ...next }) })
                      }
                      onRemove={() => put(index, { openings: removed(openings, at) })}
                    />
                  ))}
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    disabled={isFixed}
                    onClick={() => put(index, { openings: [...openings, { ...OPENING }] })}
                  >
                    Add hours
                  </Button>
                </span>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove ${name}`}
                  disabled={isFixed}
                  onClick={() => onChange({ exceptions: removed(exceptions, index) })}
                >
                  <IconX size={16} />
                </ActionIcon>
              </li>
            );
          })}
        </ul>
      )}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={isFixed}
          onClick={() => onChange({ exceptions: [...exceptions, { date: "", openings: [] }] })}
        >
          Add a day that is otherwise
        </Button>
      </div>
    </>
  );
}

const OUTSIDE = [
  { value: "QUEUE", label: "waits until they are back" },
  { value: "TRANSFER", label: "goes to another skill" },
  { value: "CLOSE", label: "ends, and the consumer is told" },
] as const;

function Outside(props: HoursProps & { without: readonly string[] }) {
  const { outside } = props.hours;
  const change = (next: Hours["outside"]) => props.onChange({ outside: next });
  return (
    <>
      <NativeSelect
        label="Outside of these hours a conversation"
        disabled={props.isFixed}
        value={outside.behavior}
        data={[...OUTSIDE]}
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (value === "TRANSFER") change({ behavior: "TRANSFER", skillId: "" });
          else if (value === "CLOSE") change({ behavior: "CLOSE", message: "" });
          else change({ behavior: "QUEUE" });
        }}
      />
      {outside.behavior === "TRANSFER" && (
        <SkillSelect
          label="Which skill"
          value={outside.skillId}
          without={props.without}
          disabled={props.isFixed}
          onChange={(skillId) => change({ behavior: "TRANSFER", skillId: skillId ?? "" })}
        />
      )}
      {outside.behavior === "CLOSE" && (
        <Textarea
          label="What the consumer is told"
          autosize
          minRows={2}
          disabled={props.isFixed}
          value={outside.message}
          onChange={(event) => change({ behavior: "CLOSE", message: event.currentTarget.value })}
        />
      )}
    </>
  );
}
