/** How a bot behaves that this server runs. */
import { Switch, Textarea } from "@mantine/core";
import { SkillSelect } from "../skills/SkillSelect";
import { Part } from "../ui/Pane";
import type { UserFormProps } from "./SkillsForm";
import { type HostedBot, NEW_BOT } from "./user";

export function BotForm({ user, isFixed, onChange }: UserFormProps) {
  const { hostedBot } = user;
  const change = (members: Partial<HostedBot>) =>
    hostedBot && onChange({ hostedBot: { ...hostedBot, ...members } });
  return (
    <Part
      title="Hosting"
      hint="A hosted bot asks the policies what to do and does it; any other is a program of yours that signs in with a credential."
    >
      <Switch
        label="This server runs it"
        checked={hostedBot !== null}
        disabled={isFixed}
        onChange={(event) => onChange({ hostedBot: event.currentTarget.checked ? NEW_BOT : null })}
      />
      {hostedBot && (
        <>
          <Switch
            label="It works"
            description="Off, it takes nothing, and what it has goes back to the queues."
            checked={hostedBot.isEnabled}
            disabled={isFixed}
            onChange={(event) => change({ isEnabled: event.currentTarget.checked })}
          />
          <Switch
            label="It decides only once the consumer has written"
            checked={hostedBot.waitsForFirstMessage}
            disabled={isFixed}
            onChange={(event) => change({ waitsForFirstMessage: event.currentTarget.checked })}
          />
          <SkillSelect
            label="When nothing says where to"
            description="After the skill the consumer asked for, and before the account's fallback."
            placeholder="the account's fallback"
            isClearable
            value={hostedBot.fallbackSkillId}
            disabled={isFixed}
            onChange={(fallbackSkillId) => change({ fallbackSkillId })}
          />
          <Textarea
            label="What the consumer is told then"
            placeholder="Nothing"
            autosize
            minRows={1}
            disabled={isFixed}
            value={hostedBot.fallbackMessage ?? ""}
            onChange={(event) => change({ fallbackMessage: event.currentTarget.value || null })}
          />
        </>
      )}
    </Part>
  );
}
