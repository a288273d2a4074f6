/** The canned replies of the account, to be changed. */
import { ActionIcon, Button, MultiSelect, Text, Textarea, TextInput, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { removed, replaced } from "../lib/json";
import classes from "./SettingsForm.module.css";

type Reply = Schemas["CannedReply"];

/** A choice of skills by name. */
export type SkillChoice = { value: string; label: string }[];

interface Props {
  replies: readonly Reply[];
  skills: SkillChoice;
  isFixed: boolean;
  onChange: (replies: Reply[]) => void;
}

export function RepliesForm({ replies, skills, isFixed, onChange }: Props) {
  const change = (index: number, members: Partial<Reply>) => {
    const before = replies[index];
    if (before) onChange(replaced(replies, index, { ...before, ...members }));
  };
  return (
    <section className={classes.part} aria-label="Canned replies">
      <h2 className={classes.title}>Canned replies</h2>
      <Text size="sm" className="quiet">
        Texts that are sent often. Agents find them with / in an empty message, and can change them
        before they send.
      </Text>
      {replies.map((reply, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a name changes with every key
        <fieldset key={index} className={classes.row}>
          <legend className={classes.legend}>{reply.name || "New reply"}</legend>
          <TextInput
            label="Name"
            disabled={isFixed}
            value={reply.name}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
          />
          <MultiSelect
            label="For conversations in"
            placeholder={reply.skillIds?.length ? undefined : "every skill"}
            searchable
            disabled={isFixed}
            data={skills}
            value={reply.skillIds ?? []}
            onChange={(skillIds) => change(index, { skillIds })}
          />
          <Tooltip label="Remove it">
            <ActionIcon
              className={classes.remove}
              variant="default"
              size={30}
              aria-label={`Remove ${reply.name || "the new reply"}`}
              disabled={isFixed}
              onClick={() => onChange(removed(replies, index))}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Tooltip>
          <Textarea
            className={classes.wide}
            label="Text"
            autosize
            minRows={2}
            maxRows={8}
            disabled={isFixed}
            value={reply.text}
            onChange={(event) => change(index, { text: event.currentTarget.value })}
          />
        </fieldset>
      ))}
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={isFixed}
          onClick={() => onChange([...replies, { name: "", text: "", skillIds: [] }])}
        >
          Add a reply
        </Button>
      </div>
    </section>
  );
}
