/** How the conversations of a skill are handed out, and where they go when nobody takes them. */
import { ActionIcon, Button, NativeSelect, NumberInput, Switch, Text } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { duration } from "../lib/format";
import { removed, replaced } from "../lib/json";
import { DurationInput } from "../ui/DurationInput";
import { Fields, Part } from "../ui/Pane";
import { SkillSelect } from "./SkillSelect";
import classes from "./Skills.module.css";
import type { Routing, SkillDraft, Standards } from "./skill";

export interface SkillFormProps {
  /** Nothing for a skill that is not made yet. */
  skillId: string | undefined;
  skill: SkillDraft;
  isFixed: boolean;
  standards: Standards;
  onChange: (members: Partial<SkillDraft>) => void;
}

export function RoutingForm({ skill, isFixed, standards, onChange }: SkillFormProps) {
  const { routing } = skill;
  const change = (members: Partial<Routing>) => onChange({ routing: { ...routing, ...members } });
  const isAuto = routing.isAutoAccepted ?? standards.isAutoAccepted;
  const standard = standards.isAutoAccepted ? "assigned at once" : "offered";
  return (
    <Part title="Handing out" hint="What is left empty is as the account has set.">
      <Fields>
        <NativeSelect
          label="A conversation is"
          disabled={isFixed}
          value={routing.isAutoAccepted === null ? "" : String(routing.isAutoAccepted)}
          data={[
            { value: "", label: `as in the account: ${standard}` },
            { value: "false", label: "offered: the agent accepts or declines" },
            { value: "true", label: "assigned at once" },
          ]}
          onChange={(event) => {
            const { value } = event.currentTarget;
            change({ isAutoAccepted: value === "" ? null : value === "true" });
          }}
        />
        <DurationInput
          label="An offer rings for"
          placeholder={duration(standards.ringSeconds)}
          seconds={routing.ringSeconds}
          disabled={isFixed || isAuto}
          onChange={(ringSeconds) => change({ ringSeconds })}
        />
        <DurationInput
          label="The agent has to answer within"
          description="Otherwise it is taken back and goes to somebody else."
          placeholder="never"
          seconds={routing.answerWithinSeconds}
          disabled={isFixed}
          onChange={(answerWithinSeconds) => change({ answerWithinSeconds })}
        />
        <NumberInput
          label="Least proficiency"
          description="1 to 10; without it, everybody who has the skill."
          placeholder="any"
          allowNegative={false}
          min={1}
          max={10}
          allowDecimal={false}
          disabled={isFixed}
          value={routing.proficiencyMin ?? ""}
          onChange={(value) => change({ proficiencyMin: value === "" ? null : Number(value) })}
        />
      </Fields>
      <Weights {...{ routing, standards, isFixed }} onChange={change} />
    </Part>
  );
}

interface WeightsProps {
  routing: Routing;
  standards: Standards;
  isFixed: boolean;
  onChange: (members: Partial<Routing>) => void;
}

/** What a conversation counts; in places, which the API has in thousandths. */
function Weights({ routing, standards, isFixed, onChange }: WeightsProps) {
  const { weights } = routing;
  const shown = weights ?? standards.weights;
  return (
    <div className={classes.weights}>
      <Switch
        label="Weights of its own"
        checked={weights !== null}
        disabled={isFixed}
        onChange={(event) =>
          onChange({ weights: event.currentTarget.checked ? { ...standards.weights } : null })
        }
      />
      {weights ? (
        <Fields>
          <Places
            label="While the agent has to act, it counts"
            perMille={weights.activePerMille}
            isFixed={isFixed}
            onChange={(activePerMille) => onChange({ weights: { ...weights, activePerMille } })}
          />
          <Places
            label="While the consumer has to act, it counts"
            perMille={weights.inactivePerMille}
            isFixed={isFixed}
            onChange={(inactivePerMille) => onChange({ weights: { ...weights, inactivePerMille } })}
          />
          <DurationInput
            label="The latter after"
            seconds={weights.inactiveAfterSeconds}
            disabled={isFixed}
            onChange={(seconds) =>
              onChange({ weights: { ...weights, inactiveAfterSeconds: seconds ?? 0 } })
            }
          />
        </Fields>
      ) : (
        <Text size="sm" className="quiet">
          A conversation takes {shown.activePerMille / 1_000} of a place, and{" "}
          {shown.inactivePerMille / 1_000} once the consumer has had to act for{" "}
          {duration(shown.inactiveAfterSeconds)}.
        </Text>
      )}
    </div>
  );
}

interface PlacesProps {
  label: string;
  perMille: number;
  isFixed: boolean;
  onChange: (perMille: number) => void;
}

function Places({ label, perMille, isFixed, onChange }: PlacesProps) {
  return (
    <NumberInput
      label={label}
      suffix=" of a place"
      allowNegative={false}
      min={0.1}
      max={1}
      step={0.1}
      decimalScale={3}
      disabled={isFixed}
      value={perMille / 1_000}
      onChange={(value) => onChange(Math.round(Number(value) * 1_000))}
    />
  );
}

/** Who else may have a conversation after a wait. */
export function OverflowForm({ skillId, skill, isFixed, onChange }: SkillFormProps) {
  const { relaxations } = skill.routing;
  const own = skillId === undefined ? [] : [skillId];
  const change = (next: Routing["relaxations"]) =>
    onChange({ routing: { ...skill.routing, relaxations: next } });
  const last = relaxations.at(-1)?.afterSeconds ?? 0;
  return (
    <Part
      title="Overflow"
      hint="Who else may have a conversation that waits, the shortest wait first."
    >
      {relaxations.length > 0 && (
        <ol className={classes.relaxations}>
          {relaxations.map((relaxation, index) => {
            const put = (members: Partial<typeof relaxation>) =>
              change(replaced(relaxations, index, { ...relaxation, ...members }));
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a step has no name, its place is what it is
              <li key={index} className={classes.relaxation}>
                <DurationInput
                  label="After a wait of"
                  seconds={relaxation.afterSeconds}
                  disabled={isFixed}
                  onChange={(seconds) => put({ afterSeconds: seconds ?? 0 })}
                />
                <SkillSelect
                  label="also agents of"
                  placeholder="this skill"
                  isClearable
                  value={relaxation.skillId ?? null}
                  without={own}
                  disabled={isFixed}
                  onChange={(next) => put({ skillId: next })}
                />
                <NumberInput
                  label="who are at least"
                  placeholder="any"
                  prefix="proficiency "
                  allowNegative={false}
                  min={1}
                  max={10}
                  allowDecimal={false}
                  disabled={isFixed}
                  value={relaxation.proficiencyMin ?? ""}
                  onChange={(value) => put({ proficiencyMin: value === "" ? null : Number(value) })}
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove step ${index + 1}`}
                  disabled={isFixed}
                  onClick={() => change(removed(relaxations, index))}
                >
                  <IconX size={16} />
                </ActionIcon>
              </li>
            );
          })}
        </ol>
      )}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={isFixed}
          onClick={() =>
            change([
              ...relaxations,
              { afterSeconds: last + 30, skillId: null, proficiencyMin: null },
            ])
          }
        >
          Let others in after a wait
        </Button>
      </div>
      <Fields>
        <DurationInput
          label="A conversation should wait at most"
          placeholder="as long as it takes"
          seconds={skill.maxWaitSeconds}
          disabled={isFixed}
          onChange={(maxWaitSeconds) => onChange({ maxWaitSeconds })}
        />
        <SkillSelect
          label="Then also agents of"
          placeholder="nobody else: it waits on"
          isClearable
          value={skill.fallbackSkillId}
          without={own}
          disabled={isFixed}
          onChange={(fallbackSkillId) => onChange({ fallbackSkillId })}
        />
      </Fields>
    </Part>
  );
}
