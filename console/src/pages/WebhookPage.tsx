/** One webhook: what it gets, how far it is, its secret, and an event to try it with. */

import { Alert, Button, Group, Skeleton, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Actor } from "../access/Actor";
import { useWebhookChanges, type Webhook, webhookQuery } from "../api/webhooks";
import { useDraft } from "../lib/draft";
import { instant } from "../lib/format";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { CloseIcon } from "../ui/CloseIcon";
import { Confirm } from "../ui/Confirm";
import { FailureNote } from "../ui/Failures";
import { Overtaken } from "../ui/Overtaken";
import { Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { ShownOnce } from "../ui/ShownOnce";
import { When } from "../ui/When";
import { Progress } from "../webhooks/Progress";
import { type Wanted, WebhookForm } from "../webhooks/WebhookForm";

const route = getRouteApi("/shell/webhooks/$webhookId");

export function WebhookPage() {
  const { webhookId } = route.useParams();
  const isNew = webhookId === "new";
  const found = useQuery({ ...webhookQuery(webhookId), enabled: !isNew });
  const navigate = useNavigate();
  const [issued, setIssued] = useState<Webhook>();
  const close = (
    <CloseIcon label="Close the webhook" link={(props) => <Link to="/webhooks" {...props} />} />
  );
  return (
    <>
      {isNew ? (
        <Editor key="new" webhook={undefined} tag="" close={close} onIssued={setIssued} />
      ) : found.data ? (
        <Editor
          key={webhookId}
          webhook={found.data.webhook}
          tag={found.data.tag}
          close={close}
          onIssued={setIssued}
        />
      ) : (
        <Pane title="A webhook" about=" " actions={close}>
          {found.error ? (
            <FailureNote error={found.error} retry={() => void found.refetch()} />
          ) : (
            <Skeleton height={280} />
          )}
        </Pane>
      )}
      {issued?.secret && (
        <ShownOnce
          title="What signs its events"
          warning="It is shown this once. If it is lost, make a new one here; nobody can show this one again."
          values={[
            {
              name: "Secret",
              about: "The receiver checks webhook-signature with it, as Standard Webhooks say",
              value: issued.secret,
            },
          ]}
          onKept={() => {
            const { id } = issued;
            setIssued(undefined);
            void navigate({ to: "/webhooks/$webhookId", params: { webhookId: id } });
          }}
        />
      )}
    </>
  );
}

interface EditorProps {
  webhook: Webhook | undefined;
  /** The state that is edited: a later one is not overwritten. */
  tag: string;
  close: ReactNode;
  onIssued: (webhook: Webhook) => void;
}

function writtenOf(webhook: Webhook | undefined): Wanted {
  const { url = "", description = "", events = [], enabled = true } = webhook ?? {};
  return { url, description, enabled, isAll: events.length === 0, events };
}

function Editor({ webhook, tag, close, onIssued }: EditorProps) {
  const draft = useDraft(writtenOf(webhook), tag);
  const { value: wanted, isChanged } = draft;
  const [isRemoving, setRemoving] = useState(false);
  const changes = useWebhookChanges();
  const refusal = useRefusal("WebhooksWrite");
  const navigate = useNavigate();
  const letGo = useUnsaved(isChanged);
  const reason =
    refusal ??
    (wanted.url.trim() === ""
      ? "Give it an address first."
      : !wanted.isAll && wanted.events.length === 0
        ? "Choose a type of event, or all."
        : !isChanged
          ? "Nothing has changed."
          : undefined);
  const failure = changes.save.error ?? changes.create.error;
  const save = () => {
    if (reason !== undefined) return;
    const { isAll, ...others } = wanted;
    const written = { ...others, url: wanted.url.trim(), events: isAll ? [] : wanted.events };
    if (!webhook) {
      changes.create.mutate(written, {
        onSuccess: (made) => {
          letGo();
          onIssued(made);
        },
      });
      return;
    }
    const onSuccess = (after: { webhook: Webhook; tag: string }) => {
      draft.take(writtenOf(after.webhook), after.tag);
      notifications.show({ message: "The webhook is saved; the next event goes by it." });
    };
    changes.save.mutate({ id: webhook.id, tag: draft.tag, written }, { onSuccess });
  };
  return (
    <Pane
      title={webhook?.url ?? "New webhook"}
      about={
        webhook ? (
          <>
            changed <When at={webhook.updatedAt} /> by <Actor actor={webhook.updatedBy} />
          </>
        ) : (
          "It gets what happens from then on; its secret is shown once."
        )
      }
      actions={
        <>
          {webhook && (
            <ReasonedButton
              size="xs"
              variant="default"
              reason={refusal}
              onClick={() => setRemoving(true)}
            >
              Delete
            </ReasonedButton>
          )}
          <ReasonedButton
            size="xs"
            reason={reason}
            loading={changes.save.isPending || changes.create.isPending}
            onClick={save}
          >
            {webhook ? "Save" : "Make it"}
          </ReasonedButton>
          {close}
        </>
      }
    >
      {failure && (
        <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
          {failure.message}
        </Alert>
      )}
      {webhook && draft.isOvertaken && (
        <Overtaken
          by={<Actor actor={webhook.updatedBy} />}
          onTheirs={draft.discard}
          onMine={draft.keepMine}
        />
      )}
      {webhook?.progress && <Progress webhook={webhook} progress={webhook.progress} />}
      <Part title="What it gets">
        <WebhookForm
          value={wanted}
          isFixed={refusal !== undefined}
          isNew={webhook === undefined}
          onChange={draft.change}
        />
      </Part>
      {webhook && (
        <>
          <Trial webhook={webhook} refusal={refusal} isChanged={isChanged} />
          <Secret webhook={webhook} refusal={refusal} onIssued={onIssued} />
        </>
      )}
      {isRemoving && webhook && (
        <Confirm
          title="Delete this webhook?"
          action="Delete"
          isPending={changes.remove.isPending}
          error={changes.remove.error}
          onClose={() => setRemoving(false)}
          onConfirm={() =>
            changes.remove.mutate(webhook.id, {
              onSuccess: () => {
                letGo();
                notifications.show({ message: `Nothing is sent to ${webhook.url} any more.` });
                void navigate({ to: "/webhooks" });
              },
            })
          }
        >
          Events that wait to be sent to {webhook.url} are not sent, and its secret is gone. Its
          dead letters stay, but cannot be delivered any more.
        </Confirm>
      )}
    </Pane>
  );
}

interface PartProps {
  webhook: Webhook;
  refusal: string | undefined;
}

function Trial({ webhook, refusal, isChanged }: PartProps & { isChanged: boolean }) {
  const { test } = useWebhookChanges();
  return (
    <Part
      title="Try it"
      hint="Sends an event of the type webhook.test, signed as all are, and says what came of it."
    >
      <Group>
        <ReasonedButton
          size="xs"
          variant="default"
          reason={refusal ?? (isChanged ? "Save first: the saved address is tried." : undefined)}
          loading={test.isPending}
          onClick={() => test.mutate(webhook.id)}
        >
          Send a test event
        </ReasonedButton>
      </Group>
      <div role="status">
        {test.error && (
          <Alert color="red" variant="light" title="It was not tried">
            {test.error.message}
          </Alert>
        )}
        {test.data && (
          <Alert
            color={test.data.delivered ? "green" : "red"}
            variant="light"
            title={test.data.delivered ? "It was taken" : "It was not taken"}
          >
            {test.data.delivered
              ? "The receiver answered with a status of 2xx."
              : (test.data.error ?? "The receiver did not say why.")}
          </Alert>
        )}
      </div>
    </Part>
  );
}

function Secret({
  webhook,
  refusal,
  onIssued,
}: PartProps & { onIssued: (webhook: Webhook) => void }) {
  const { rotate } = useWebhookChanges();
  const until = webhook.previousSecretUntil;
  return (
    <Part
      title="Secret"
      hint="A new one is shown once. For 24 hours both sign, so that the receiver can change over."
    >
      {rotate.error && (
        <Alert color="red" variant="light" title="There is no new secret; the present one signs on">
          {rotate.error.message}
        </Alert>
      )}
      {until && Date.parse(until) > Date.now() && (
        <Text>Two secrets sign: the one before ends at {instant(until)}.</Text>
      )}
      <Group>
        <ReasonedButton
          size="xs"
          variant="default"
          reason={refusal}
          loading={rotate.isPending}
          onClick={() => rotate.mutate(webhook.id, { onSuccess: onIssued })}
        >
          Make a new secret
        </ReasonedButton>
        <Button
          size="xs"
          variant="subtle"
          renderRoot={(props) => (
            <Link to="/settings/audit" search={{ target: `webhook/${webhook.id}` }} {...props} />
          )}
        >
          Who changed what
        </Button>
      </Group>
    </Part>
  );
}
