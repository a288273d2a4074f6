/** Puts the hosted bot in front of a skill: conversations that begin there are decided first. */
import { Alert, Button, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useSkillName } from "../floor/names";
import { SkillSelect } from "../skills/SkillSelect";
import { useFrontSkill } from "./changes";

export function FrontDialog({ onClose }: { onClose: () => void }) {
  const [skillId, setSkillId] = useState<string | null>(null);
  const front = useFrontSkill();
  const name = useSkillName()(skillId ?? "");
  return (
    <Modal
      opened
      onClose={onClose}
      title="Put the hosted bot in front of a skill"
      transitionProps={{ duration: 0 }}
    >
      <Stack>
        <SkillSelect label="Skill" value={skillId} onChange={setSkillId} />
        {skillId !== null && !front.data && (
          <Text size="sm" className="quiet">
            There will be a skill <Code>maven:{name}</Code> that the bot serves. Let conversations
            begin there: the bot asks the policies, and what they do not decide goes to {name}.
          </Text>
        )}
        {front.error && (
          <Alert color="red" variant="light" title="Nothing has changed" role="alert">
            {front.error.message}
          </Alert>
        )}
        {front.data && (
          <Alert variant="light" color="green" title="The bot is there" role="status">
            Let conversations begin in <Code>maven:{name}</Code>.
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {front.data ? "Close" : "Cancel"}
          </Button>
          {!front.data && (
            <Button
              disabled={skillId === null}
              loading={front.isPending}
              onClick={() => front.mutate(name)}
            >
              Put it there
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
