/** What the consumer is asked afterwards. */
import { Switch, Textarea } from "@mantine/core";
import { DurationInput } from "../ui/DurationInput";
import { Part } from "../ui/Pane";
import type { SkillFormProps } from "./RoutingForm";
import type { Survey } from "./skill";

const NEW_SURVEY: Survey = { question: "", thanks: null, timeoutSeconds: 86_400 };

export function SurveyForm({ skill, isFixed, onChange }: SkillFormProps) {
  const { survey } = skill;
  const change = (members: Partial<Survey>) =>
    survey && onChange({ survey: { ...survey, ...members } });
  return (
    <Part title="Afterwards">
      <Switch
        label="Consumers who come back may be offered to the agent they had"
        checked={skill.isLastAgentEnabled}
        disabled={isFixed}
        onChange={(event) => onChange({ isLastAgentEnabled: event.currentTarget.checked })}
      />
      <Switch
        label="Ask the consumer how it was"
        checked={survey !== null}
        disabled={isFixed}
        onChange={(event) => onChange({ survey: event.currentTarget.checked ? NEW_SURVEY : null })}
      />
      {survey && (
        <>
          <Textarea
            label="The question"
            description="It is answered by a number from 1 to 5."
            autosize
            minRows={1}
            disabled={isFixed}
            value={survey.question}
            onChange={(event) => change({ question: event.currentTarget.value })}
          />
          <Textarea
            label="What is said after the answer"
            autosize
            minRows={1}
            disabled={isFixed}
            value={survey.thanks ?? ""}
            onChange={(event) => change({ thanks: event.currentTarget.value || null })}
          />
          <DurationInput
            label="The consumer may take"
            seconds={survey.timeoutSeconds}
            disabled={isFixed}
            onChange={(seconds) => change({ timeoutSeconds: seconds ?? 0 })}
          />
        </>
      )}
    </Part>
  );
}
