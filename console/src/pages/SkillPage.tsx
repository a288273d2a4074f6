/** One skill: who gets its conversations, when, and what happens when nobody does. */

import { Alert, Group, Skeleton, Text, Textarea, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Failure, type Tagged } from "../api/client";
import { agentsQuery, policiesQuery, settingsQuery, skillQuery, skillsQuery } from "../api/queries";
import { type Draft, useDraft } from "../lib/draft";
import { count } from "../lib/format";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { useDeleteSkill, useSaveSkill } from "../skills/changes";
import { HoursForm } from "../skills/HoursForm";
import { OverflowForm, RoutingForm } from "../skills/RoutingForm";
import { SkillAgents } from "../skills/SkillAgents";
import { SurveyForm } from "../skills/SurveyForm";
import {
  draftOf,
  effectOf,
  mistakesOf,
  NEW_SKILL,
  policiesNaming,
  type Skill,
  type SkillDraft,
  standardsOf,
} from "../skills/skill";
import { CloseIcon } from "../ui/CloseIcon";
import { Confirm } from "../ui/Confirm";
import { Empty, FailureNote } from "../ui/Failures";
import { Effect, Fields, Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { SaveActions } from "../ui/SaveActions";
import { SaveNotes } from "../ui/SaveNotes";
import { EnabledSwitch } from "./SkillsPage";

const route = getRouteApi("/shell/skills/$skillId");
const NEW = "new";

export function SkillPage() {
  const { skillId } = route.useParams();
  if (skillId === NEW) return <Editor key={NEW} kept={undefined} />;
  return <Kept key={skillId} skillId={skillId} />;
}

function Kept({ skillId }: { skillId: string }) {
  const skill = useQuery(skillQuery(skillId));
  if (skill.data) return <Editor kept={skill.data} />;
  const isGone = skill.error instanceof Failure && skill.error.status === 404;
  return (
    <Pane title={skillId} about=" " actions={<CloseLink />}>
      {isGone ? (
        <Empty title="There is no such skill">
          <Text className="quiet">It may have been deleted, or the link is incomplete.</Text>
          <Link to="/skills" className="anchor">
            Back to the list
          </Link>
        </Empty>
      ) : skill.error ? (
        <FailureNote error={skill.error} retry={() => void skill.refetch()} />
      ) : (
        <>
          <Skeleton height={40} />
          <Skeleton height={180} />
          <Skeleton height={240} />
        </>
      )}
    </Pane>
  );
}

function CloseLink() {
  return (
    <CloseIcon
      label="Close the skill"
      link={(props) => <Link to="/skills" search={(search) => search} {...props} />}
    />
  );
}

function Editor({ kept }: { kept: Tagged<Skill> | undefined }) {
  const skill = kept?.value;
  const skillId = skill?.id ?? undefined;
  const navigate = useNavigate({ from: "/skills" });
  const refusal = useRefusal("SkillsWrite");
  const skills = useQuery(skillsQuery).data;
  const listed = skills?.find((one) => one.id === skillId) ?? skill;
  const standards = standardsOf(useQuery(settingsQuery).data);
  const [id, setId] = useState("");
  const [isDeleting, setDeleting] = useState(false);
  const draft = useDraft(
    useMemo(() => (kept ? draftOf(kept.value) : NEW_SKILL), [kept]),
    kept?.tag ?? "",
  );
  const letGo = useUnsaved(draft.isChanged);
  const save = useSaveSkill(skillId);
  const nameOf = (other: string) => skills?.find((one) => one.id === other)?.name ?? other;
  const reason =
    refusal ??
    mistakesOf(draft.value) ??
    (draft.isChanged || !skill ? undefined : "Nothing has changed.");
  const submit = () => {
    if (reason !== undefined || save.isPending) return;
    save.mutate(
      { id: id.trim(), draft: draft.value, tag: draft.tag },
      {
        onSuccess: (saved) => {
          draft.take(draftOf(saved.value), saved.tag);
          notifications.show({ message: `${saved.value.name} is saved, and holds from now on.` });
          if (!skill) {
            letGo();
            void navigate({
              to: "/skills/$skillId",
              params: { skillId: saved.value.id ?? "" },
              search: true,
            });
          }
        },
      },
    );
  };
  useHotkeys([["mod+S", submit]], []);
  const form = {
    skillId,
    skill: draft.value,
    isFixed: refusal !== undefined,
    standards,
    onChange: draft.change,
  };
  return (
    <Pane
      title={draft.value.name || (skill ? "Unnamed" : "New skill")}
      about={skill ? skill.id : "Agents who get it take its conversations."}
      before={listed && <EnabledSwitch skill={listed} />}
      actions={
        <>
          <SaveActions
            onDiscard={draft.isChanged && skill ? draft.discard : undefined}
            reason={reason}
            isPending={save.isPending}
            onSave={submit}
          />
          <CloseLink />
        </>
      }
    >
      <Effect>{effectOf(draft.value, standards, nameOf)}</Effect>
      <SaveNotes error={save.error} draft={draft} />
      <About skill={skill} draft={draft} id={id} onId={setId} isFixed={form.isFixed} />
      <RoutingForm {...form} />
      <OverflowForm {...form} />
      <HoursForm {...form} />
      <SurveyForm {...form} />
      {skill && <SkillAgents skill={skill} />}
      {skill && (
        <Group>
          <ReasonedButton
            size="xs"
            variant="default"
            leftSection={<IconTrash size={15} />}
            reason={refusal}
            onClick={() => setDeleting(true)}
          >
            Delete this skill
          </ReasonedButton>
        </Group>
      )}
      {skill && isDeleting && (
        <DeleteDialog
          skill={skill}
          onClose={() => setDeleting(false)}
          onDeleted={() => {
            letGo();
            void navigate({ to: "/skills", search: true });
          }}
        />
      )}
    </Pane>
  );
}

interface AboutProps {
  skill: Skill | undefined;
  draft: Draft<SkillDraft>;
  id: string;
  isFixed: boolean;
  onId: (id: string) => void;
}

function About({ skill, draft, id, isFixed, onId }: AboutProps) {
  return (
    <Part title="What it is">
      <Fields>
        <TextInput
          label="Name"
          data-autofocus={!skill}
          autoFocus={!skill}
          disabled={isFixed}
          value={draft.value.name}
          onChange={(event) => draft.change({ name: event.currentTarget.value })}
        />
        {!skill && (
          <TextInput
            label="Id"
            description="Policies and bots name it by this; it cannot be changed later. Without one, it gets one."
            placeholder="1001"
            classNames={{ input: "code" }}
            value={id}
            onChange={(event) => onId(event.currentTarget.value)}
          />
        )}
      </Fields>
      <Textarea
        label="What it is for"
        autosize
        minRows={1}
        maxRows={5}
        disabled={isFixed}
        value={draft.value.description}
        onChange={(event) => draft.change({ description: event.currentTarget.value })}
      />
    </Part>
  );
}

interface DeleteProps {
  skill: Skill;
  onClose: () => void;
  onDeleted: () => void;
}

/** Says what hangs on a skill before it goes. */
function DeleteDialog({ skill, onClose, onDeleted }: DeleteProps) {
  const id = skill.id ?? "";
  const remove = useDeleteSkill();
  const policies = policiesNaming(id, useQuery(policiesQuery).data ?? []);
  const agents = useQuery(agentsQuery).data ?? [];
  const having = agents.filter((agent) => agent.skills.some((one) => one.id === id)).length;
  return (
    <Confirm
      title={`Delete ${skill.name}?`}
      action="Delete it"
      isPending={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(skill, { onSuccess: onDeleted })}
    >
      <Text>
        {having > 0 && `${count(having, "agent")} will no longer have it. `}
        This cannot be taken back; a skill in which conversations are open is not deleted.
      </Text>
      {policies.length > 0 && (
        <Alert color="yellow" variant="light" title="Policies send conversations there">
          {policies.map((policy, index) => (
            <span key={policy.id}>
              {index > 0 && ", "}
              <Link to="/policies/$policyId" params={{ policyId: policy.id }} className="anchor">
                {policy.name}
              </Link>
            </span>
          ))}
          : their transfers will fail and the conversations go to the fallback.
        </Alert>
      )}
    </Confirm>
  );
}
