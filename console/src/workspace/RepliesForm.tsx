/** The canned replies of the account, to be changed. */
import { Textarea } from "@mantine/core";
import type { Schemas } from "../api/client";
import classes from "./SettingsForm.module.css";
import { SettingsRows, type SkillChoice } from "./SettingsRows";

type Reply = Schemas["CannedReply"];

interface Props {
  replies: readonly Reply[];
  skills: SkillChoice;
  /** Why none can be changed, if so. */
  refusal: string | undefined;
  onChange: (replies: Reply[]) => void;
}

export function RepliesForm({ replies, skills, refusal, onChange }: Props) {
  const isFixed = refusal !== undefined;
  return (
    <SettingsRows
      title="Canned replies"
      hint="Texts that are sent often. Agents find them with / in an empty message, and can change them before they send."
      noun="reply"
      items={replies}
      blank={{ name: "", text: "", skillIds: [] }}
      skills={skills}
      isFixed={isFixed}
      reason={refusal}
      onChange={onChange}
    >
      {(reply, change) => (
        <Textarea
          className={classes.wide}
          label="Text"
          autosize
          minRows={2}
          maxRows={8}
          disabled={isFixed}
          value={reply.text}
          onChange={(event) => change({ text: event.currentTarget.value })}
        />
      )}
    </SettingsRows>
  );
}
