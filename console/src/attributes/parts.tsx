/** What the editors of attributes have in common. */

import { Alert, SegmentedControl, Switch, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { policiesQuery } from "../api/queries";
import { CloseIcon } from "../ui/CloseIcon";
import { Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { SaveActions } from "../ui/SaveActions";
import classes from "./Attributes.module.css";
import type { Attribute } from "./changes";

export function CloseAttribute() {
  return (
    <CloseIcon
      label="Close the attribute"
      link={(props) => (
        <Link
          to="/attributes"
          search={({ find, own }) => ({ ...(find && { find }), ...(own && { own }) })}
          {...props}
        />
      )}
    />
  );
}

interface ActionsProps {
  attribute: Attribute | undefined;
  refusal: string | undefined;
  /** Why it cannot be saved, if it cannot. */
  reason: string | undefined;
  isPending: boolean;
  onSave: () => void;
  onDelete: (attribute: Attribute) => void;
}

export function EditorActions({ attribute, refusal, reason, isPending, ...on }: ActionsProps) {
  return (
    <>
      {attribute && (
        <ReasonedButton
          size="xs"
          variant="default"
          reason={refusal}
          onClick={() => on.onDelete(attribute)}
        >
          Delete
        </ReasonedButton>
      )}
      <SaveActions onDiscard={undefined} reason={reason} isPending={isPending} onSave={on.onSave} />
      <CloseAttribute />
    </>
  );
}

/** Whether a new attribute has a fixed value, or a function answers it. */
export function KindChoice({ kind }: { kind: "static" | "function" }) {
  const navigate = useNavigate();
  return (
    <SegmentedControl
      w="fit-content"
      size="xs"
      aria-label="Where its value comes from"
      value={kind}
      data={[
        { value: "static", label: "A fixed value" },
        { value: "function", label: "A function answers" },
      ]}
      onChange={(chosen) =>
        void navigate({
          to: ".",
          search: ({ kind: _, ...others }) =>
            chosen === "function" ? { ...others, kind: "function" } : others,
          replace: true,
        })
      }
    />
  );
}

export function NameField(props: { value: string; onChange: (name: string) => void }) {
  return (
    <TextInput
      label="Name"
      description="Letters, digits and underscores; it cannot be changed later."
      leftSection={<span className="code">custom.</span>}
      leftSectionWidth={70}
      autoFocus
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value.trim())}
    />
  );
}

interface AboutProps {
  description: string;
  isSensitive: boolean;
  isFixed: boolean;
  onDescription: (description: string) => void;
  onSensitive: (isSensitive: boolean) => void;
}

export function AboutFields(props: AboutProps) {
  return (
    <>
      <Textarea
        label="What it is for"
        autosize
        minRows={1}
        maxRows={5}
        disabled={props.isFixed}
        value={props.description}
        onChange={(event) => props.onDescription(event.currentTarget.value)}
      />
      <Switch
        label="Sensitive: masked wherever decisions are shown"
        disabled={props.isFixed}
        checked={props.isSensitive}
        onChange={(event) => props.onSensitive(event.currentTarget.checked)}
      />
    </>
  );
}

export function NotSaved({ error }: { error: Error | null }) {
  if (!error) return null;
  return (
    <Alert color="red" variant="light" title="It was not saved; what you typed is still here">
      {error.message}
    </Alert>
  );
}

export function UsedBy({ attribute }: { attribute: Attribute }) {
  const policies = useQuery(policiesQuery).data ?? [];
  if (attribute.policies.length === 0) return <span className="quiet">no policy</span>;
  return (
    <ul className={classes.policies}>
      {attribute.policies.map((id) => (
        <li key={id}>
          <Link to="/policies/$policyId" params={{ policyId: id }} className="anchor">
            {policies.find((policy) => policy.id === id)?.name ?? id}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** Who uses an attribute that is edited. */
export function Users({ attribute }: { attribute: Attribute }) {
  return (
    <Part title="Used by">
      <UsedBy attribute={attribute} />
    </Part>
  );
}
