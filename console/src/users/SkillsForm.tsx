/** What somebody is good at, and how much at once. */
import { ActionIcon, Button, NumberInput, Radio, Slider, Stack, Text } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { removed, replaced } from "../lib/json";
import { SkillSelect } from "../skills/SkillSelect";
import { Part } from "../ui/Pane";
import classes from "./Users.module.css";
import type { UserDraft } from "./user";

export interface UserFormProps {
  user: UserDraft;
  isFixed: boolean;
  onChange: (members: Partial<UserDraft>) => void;
}

export function SkillsForm({ user, isFixed, onChange }: UserFormProps) {
  const { skills } = user;
  const isPerson = user.kind === "HUMAN";
  return (
    <Part
      title="Skills"
      hint={
        isPerson
          ? "Conversations come from these; who is better at a skill is asked first."
          : "The bot gets the conversations of these first."
      }
    >
      {skills.length > 0 && (
        <ul className={classes.skills}>
          {skills.map((skill, index) => {
            const others = skills.filter((_, at) => at !== index).map((one) => one.skillId);
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: while it is chosen it has no name
              <li key={index} className={classes.skill}>
                <SkillSelect
                  label={`Skill ${index + 1}`}
                  isLabelHidden
                  value={skill.skillId}
                  without={others}
                  disabled={isFixed}
                  onChange={(skillId) =>
                    onChange({
                      skills: replaced(skills, index, { ...skill, skillId: skillId ?? "" }),
                    })
                  }
                />
                <span className={`${classes.proficiency} quiet number`}>
                  proficiency {skill.proficiency}
                </span>
                <Slider
                  thumbLabel={`Proficiency in skill ${index + 1}`}
                  min={1}
                  max={10}
                  label={null}
                  disabled={isFixed}
                  value={skill.proficiency}
                  onChange={(proficiency) =>
                    onChange({ skills: replaced(skills, index, { ...skill, proficiency }) })
                  }
                />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove skill ${index + 1}`}
                  disabled={isFixed}
                  onClick={() => onChange({ skills: removed(skills, index) })}
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
          onClick={() => onChange({ skills: [...skills, { skillId: "", proficiency: 5 }] })}
        >
          Add a skill
        </Button>
      </div>
    </Part>
  );
}

/** How many conversations at once; the API says it as nothing, -1, 0 or a number. */
export function CapacityForm(props: UserFormProps & { standard: number }) {
  const { user, isFixed, standard, onChange } = props;
  const { maxConversations } = user;
  const choice =
    maxConversations === null
      ? "standard"
      : maxConversations === -1
        ? "unlimited"
        : maxConversations === 0
          ? "none"
          : "number";
  return (
    <Part title="Capacity">
      <Radio.Group
        label="Conversations at once"
        value={choice}
        onChange={(next) =>
          onChange({
            maxConversations:
              next === "standard"
                ? null
                : next === "unlimited"
                  ? -1
                  : next === "none"
                    ? 0
                    : standard,
          })
        }
      >
        <Stack gap={10} mt={8}>
          <Radio
            value="standard"
            disabled={isFixed}
            label={
              user.kind === "BOT"
                ? "As for every bot: no limit"
                : `As the account says: ${standard}, and from now on whatever it says`
            }
          />
          <Radio
            value="number"
            disabled={isFixed}
            label="At most this many, where one that waits for the consumer counts less"
          />
          {choice === "number" && (
            <NumberInput
              className={classes.number}
              aria-label="How many conversations at once"
              allowNegative={false}
              min={1}
              max={10_000}
              allowDecimal={false}
              disabled={isFixed}
              value={maxConversations ?? standard}
              onChange={(value) => onChange({ maxConversations: Math.max(1, Number(value)) })}
            />
          )}
          <Radio value="unlimited" disabled={isFixed} label="No limit" />
          <Radio
            value="none"
            disabled={isFixed}
            label="None: only what somebody hands over by force"
          />
        </Stack>
      </Radio.Group>
      {user.hostedBot && (
        <Text size="sm" className="quiet">
          A bot that this server runs takes whatever comes.
        </Text>
      )}
    </Part>
  );
}
