/** One engagement: where its conversations go, how the messenger looks there, and the tag for it. */

import {
  Alert,
  Button,
  ColorInput,
  CopyButton,
  Group,
  Select,
  Skeleton,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCheck, IconCopy, IconExternalLink } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { api, body } from "../api/client";
import { engagementsQuery, skillsQuery } from "../api/queries";
import classes from "../attributes/Attributes.module.css";
import {
  addressOf,
  type Draft,
  draftOf,
  type Engagement,
  lackOf,
  tagOf,
  written,
} from "../engagements/engagement";
import { Preview } from "../engagements/Preview";
import { useDraft } from "../lib/draft";
import { useUnsaved } from "../lib/leaving";
import { useRefusal, useSession } from "../lib/permissions";
import { complain } from "../policies/changes";
import { CloseIcon } from "../ui/CloseIcon";
import { Empty } from "../ui/Failures";
import { Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import own from "./EngagementPage.module.css";

const route = getRouteApi("/shell/engagements/$engagementId");

/** What stands in the messenger unless something else is set. */
const TITLE = "Chat with us";

export function EngagementPage() {
  const { engagementId } = route.useParams();
  const engagements = useQuery(engagementsQuery);
  const engagement = engagements.data?.find(({ id }) => id === engagementId);
  if (engagementId === "new") return <Editor key="new" engagement={undefined} />;
  if (engagement) return <Editor key={engagementId} engagement={engagement} />;
  return (
    <Pane title="Engagement" about=" " actions={<Close />}>
      {engagements.data ? (
        <Empty title="There is no such engagement">
          <Link to="/engagements" className="anchor">
            Back to the list
          </Link>
        </Empty>
      ) : (
        !engagements.error && <Skeleton height={200} />
      )}
    </Pane>
  );
}

function Close() {
  return (
    <CloseIcon
      label="Close the engagement"
      link={(props) => <Link to="/engagements" search={true} {...props} />}
    />
  );
}

function Editor({ engagement }: { engagement: Engagement | undefined }) {
  const navigate = useNavigate({ from: "/engagements" });
  const { account } = useSession();
  const refusal = useRefusal("SkillsWrite");
  const kept = draftOf(engagement);
  const { value: draft, change: set, isChanged, take } = useDraft(kept, JSON.stringify(kept));
  const letGo = useUnsaved(isChanged);
  const changes = useChanges();
  const reason = refusal ?? lackOf(draft) ?? (isChanged ? undefined : "Nothing has changed.");
  const save = () => {
    if (reason !== undefined) return;
    changes.save.mutate(
      { draft, isNew: engagement === undefined },
      {
        onSuccess: (saved) => {
          notifications.show({
            message: `“${saved.name}” is saved; sites show it within a minute.`,
          });
          take(draftOf(saved), JSON.stringify(draftOf(saved)));
          if (engagement) return;
          letGo();
          const params = { engagementId: saved.id ?? "" };
          void navigate({ to: "/engagements/$engagementId", params, search: true });
        },
      },
    );
  };
  const remove = (removed: Engagement) => {
    letGo();
    changes.remove.mutate(removed);
    void navigate({ to: "/engagements", search: true });
  };
  const look = {
    isEnabled: true,
    title: draft.title.trim() || TITLE,
    greeting: draft.greeting.trim(),
    color: draft.color,
  };
  return (
    <Pane
      title={engagement?.name ?? "New engagement"}
      about={engagement ? engagement.id : "A place on your site where conversations begin."}
      actions={
        <>
          {engagement && (
            <ReasonedButton
              size="xs"
              variant="default"
              reason={refusal}
              onClick={() => remove(engagement)}
            >
              Delete
            </ReasonedButton>
          )}
          <ReasonedButton size="xs" reason={reason} loading={changes.save.isPending} onClick={save}>
            Save
          </ReasonedButton>
          <Close />
        </>
      }
      side={
        <Part title="How it looks">
          <Preview account={account} look={look} />
        </Part>
      }
    >
      {changes.save.error && (
        <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
          {changes.save.error.message}
        </Alert>
      )}
      {engagement?.id && <Tag account={account} id={engagement.id} />}
      <Form
        draft={draft}
        isNew={!engagement}
        isFixed={refusal !== undefined}
        set={set}
        save={save}
      />
    </Pane>
  );
}

interface FormProps {
  draft: Draft;
  isNew: boolean;
  isFixed: boolean;
  set: (change: Partial<Draft>) => void;
  save: () => void;
}

function Form({ draft, isNew, isFixed, set, save }: FormProps) {
  const skills = useQuery(skillsQuery).data ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save();
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <Part title="Where it leads">
        <TextInput
          label="Name"
          autoFocus={isNew}
          maxLength={200}
          disabled={isFixed}
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        {isNew && (
          <TextInput
            label="Id"
            description="It stands in the tag and cannot be changed later. Left empty, one is made."
            placeholder="checkout"
            value={draft.id}
            onChange={(event) => set({ id: event.currentTarget.value })}
          />
        )}
        <Select
          label="Skill"
          description="Where its conversations start. Without one, the channel and the account decide."
          placeholder="As the channel says"
          searchable
          clearable
          disabled={isFixed}
          clearButtonProps={{ "aria-label": "No skill" }}
          data={skills.map(({ id, name }) => ({ value: id ?? "", label: name }))}
          value={draft.skillId || null}
          onChange={(skillId) => set({ skillId: skillId ?? "" })}
        />
        <TextInput
          label="Campaign"
          description="In your words, to find it again."
          maxLength={200}
          disabled={isFixed}
          value={draft.campaign}
          onChange={(event) => set({ campaign: event.currentTarget.value })}
        />
        <Switch
          label="Conversations may begin here"
          description="Switched off, sites show no button; conversations that go on are not cut off."
          disabled={isFixed}
          checked={draft.isEnabled}
          onChange={(event) => set({ isEnabled: event.currentTarget.checked })}
        />
      </Part>
      <Part title="The messenger there">
        <TextInput
          label="Title"
          placeholder={TITLE}
          maxLength={60}
          disabled={isFixed}
          value={draft.title}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <Textarea
          label="Greeting"
          description="What stands there before anybody has written."
          autosize
          minRows={2}
          maxRows={6}
          maxLength={500}
          disabled={isFixed}
          value={draft.greeting}
          onChange={(event) => set({ greeting: event.currentTarget.value })}
        />
        <ColorInput
          label="Colour of your brand"
          description="What is written on it and in it is always made dark or light enough to be read."
          placeholder="#3b5bdb"
          format="hex"
          disabled={isFixed}
          eyeDropperButtonProps={{ "aria-label": "Take a colour from the screen" }}
          value={draft.color}
          onChange={(color) => set({ color })}
        />
      </Part>
      <button type="submit" hidden />
    </form>
  );
}

/** What a site puts into its pages. */
function Tag({ account, id }: { account: string; id: string }) {
  const tag = tagOf(location.origin, account, id);
  return (
    <Part title="Tag">
      <Group justify="space-between">
        <Text size="sm" className="quiet">
          Paste this before the end of your pages.
        </Text>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            component="a"
            href={addressOf(location.origin, account, id)}
            target="_blank"
            rel="noopener"
            leftSection={<IconExternalLink size={14} />}
          >
            Open it alone
          </Button>
          <CopyButton value={tag}>
            {({ copied, copy }) => (
              <Button
                size="compact-sm"
                leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                onClick={copy}
              >
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Group>
      <pre className={own.code}>{tag}</pre>
    </Part>
  );
}

function useChanges() {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: engagementsQuery.queryKey });
  const save = useMutation({
    mutationFn: async ({ draft, isNew }: { draft: Draft; isNew: boolean }) => {
      if (isNew) return body(await api.POST("/api/v1/engagements", { body: written(draft) }));
      const params = { path: { engagementId: draft.id } };
      const path = "/api/v1/engagements/{engagementId}";
      return body(await api.PUT(path, { params, body: written(draft) }));
    },
    // The page of what was made looks for it in the list.
    onSuccess: refresh,
  });
  const remove = useMutation({
    mutationFn: async (engagement: Engagement) => {
      const params = { path: { engagementId: engagement.id ?? "" } };
      await api.DELETE("/api/v1/engagements/{engagementId}", { params });
    },
    onSuccess: (_, engagement) => {
      const id = `deleted-${engagement.id}`;
      const undo = () => {
        notifications.hide(id);
        save.mutate({ draft: draftOf(engagement), isNew: true });
      };
      notifications.show({
        id,
        autoClose: 12_000,
        title: `“${engagement.name}” is deleted; pages with its tag show no button`,
        message: (
          <Button size="compact-sm" variant="default" onClick={undo}>
            Undo
          </Button>
        ),
      });
    },
    onError: (error, engagement) => complain(`“${engagement.name}” was not deleted`, error),
    onSettled: refresh,
  });
  return { save, remove };
}
