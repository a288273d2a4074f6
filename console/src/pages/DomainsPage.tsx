/** The domains that functions may call. */

import { Alert, Skeleton, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { allowListQuery, useReachChanges } from "../api/functions";
import { itemsOf } from "../attributes/attribute";
import { useDraft } from "../lib/draft";
import { count } from "../lib/format";
import { useUnsaved } from "../lib/leaving";
import { useRefusal } from "../lib/permissions";
import { CloseIcon } from "../ui/CloseIcon";
import { FailureNote } from "../ui/Failures";
import { Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";

const close = (
  <CloseIcon
    label="Close the domains"
    link={(props) => <Link to="/functions" search={true} {...props} />}
  />
);

export function DomainsPage() {
  const domains = useQuery(allowListQuery);
  if (domains.data) return <Editor domains={domains.data} />;
  return (
    <Pane title="Allowed domains" about=" " actions={close}>
      {domains.error ? (
        <FailureNote error={domains.error} retry={() => void domains.refetch()} />
      ) : (
        <Skeleton height={200} />
      )}
    </Pane>
  );
}

function Editor({ domains }: { domains: readonly string[] }) {
  const kept = domains.join("\n");
  const draft = useDraft({ text: kept }, kept);
  const refusal = useRefusal("FunctionsAdminister");
  const { allow } = useReachChanges();
  const wanted = itemsOf(draft.value.text);
  useUnsaved(draft.isChanged);
  const save = () =>
    allow.mutate(wanted, {
      onSuccess: () => notifications.show({ message: "The domains hold from the next call on." }),
    });
  return (
    <Pane
      title="Allowed domains"
      about={
        domains.length === 0
          ? "Functions may call no other system."
          : `Functions may call ${count(domains.length, "name")} and nothing else.`
      }
      actions={
        <>
          <ReasonedButton
            size="xs"
            reason={refusal ?? (draft.isChanged ? undefined : "Nothing has changed.")}
            loading={allow.isPending}
            onClick={save}
          >
            Save
          </ReasonedButton>
          {close}
        </>
      }
    >
      <Part title="Which systems functions may call">
        {allow.error && (
          <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
            {allow.error.message}
          </Alert>
        )}
        <Textarea
          label="Domains"
          description="One in each line: crm.example.com, or *.example.com for every name below it."
          placeholder="crm.example.com"
          autosize
          minRows={6}
          maxRows={20}
          classNames={{ input: "code" }}
          disabled={refusal !== undefined}
          value={draft.value.text}
          onChange={(event) => draft.change({ text: event.currentTarget.value })}
        />
        <Text size="sm" className="quiet">
          Every redirect is checked anew; a call to any other name fails as “Socket is closed”.
          Private addresses must be allowed by the operator of the server too.
        </Text>
      </Part>
    </Pane>
  );
}
