/** Secrets of functions: their names; nobody is ever shown a value. */

import { Alert, Group, Skeleton, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Actor } from "../access/Actor";
import {
  functionsQuery,
  secretsQuery,
  type UsherFunction,
  useReachChanges,
} from "../api/functions";
import classes from "../functions/Reach.module.css";
import { useRefusal } from "../lib/permissions";
import { CloseIcon } from "../ui/CloseIcon";
import { Confirm } from "../ui/Confirm";
import { FailureNote } from "../ui/Failures";
import { Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { When } from "../ui/When";

export function SecretsPage() {
  const secrets = useQuery(secretsQuery);
  const functions = useQuery(functionsQuery).data ?? [];
  const refusal = useRefusal("FunctionsAdminister");
  const { keep, forget } = useReachChanges();
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const [removing, setRemoving] = useState<string>();
  const isKnown = secrets.data?.some((secret) => secret.name === name) ?? false;
  const reason =
    refusal ??
    (!/^[A-Za-z0-9_-]{1,100}$/.test(name)
      ? "Give it a name of letters, digits, _ and -."
      : value === ""
        ? "Type its value."
        : undefined);
  const save = () => {
    if (reason !== undefined || keep.isPending) return;
    keep.mutate(
      { name, value },
      {
        onSuccess: () => {
          notifications.show({
            message: isKnown ? `${name} has its new value.` : `${name} is kept.`,
          });
          setName("");
          setValue("");
        },
      },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save();
  };
  return (
    <Pane
      title="Secrets"
      about="Functions read them with SecretClient().readSecret(name); nobody is shown a value again."
      actions={
        <CloseIcon
          label="Close the secrets"
          link={(props) => <Link to="/functions" search={true} {...props} />}
        />
      }
    >
      <Part title="Those there are">
        {secrets.error && (
          <FailureNote error={secrets.error} retry={() => void secrets.refetch()} />
        )}
        {secrets.isPending && <Skeleton height={120} />}
        {secrets.data?.length === 0 && <Text className="quiet">There are none yet.</Text>}
        <ul className={classes.list}>
          {secrets.data?.map((secret) => (
            <li key={secret.name} className={classes.item}>
              <div className={classes.what}>
                <b className="code cut" title={secret.name}>
                  {secret.name}
                </b>
                <Text size="sm" className="quiet">
                  set <When at={secret.updatedAt} /> by <Actor actor={secret.updatedBy} /> ·{" "}
                  {readers(functions, secret.name)}
                </Text>
              </div>
              <Group gap="xs" wrap="nowrap">
                <ReasonedButton
                  size="compact-sm"
                  variant="default"
                  reason={refusal}
                  onClick={() => {
                    setName(secret.name);
                    setValue("");
                  }}
                >
                  Change
                </ReasonedButton>
                <ReasonedButton
                  size="compact-sm"
                  variant="default"
                  reason={refusal}
                  onClick={() => setRemoving(secret.name)}
                >
                  Delete
                </ReasonedButton>
              </Group>
            </li>
          ))}
        </ul>
      </Part>
      <form onSubmit={submit}>
        <Part
          title={isKnown ? `Another value for ${name}` : "Add a secret"}
          hint="It is encrypted where it is kept; logs show (hidden) in its place."
        >
          {keep.error && (
            <Alert
              color="red"
              variant="light"
              title="It was not kept; what you typed is still here"
            >
              {keep.error.message}
            </Alert>
          )}
          <Stack gap={14}>
            <TextInput
              label="Name"
              maw={360}
              autoComplete="off"
              classNames={{ input: "code" }}
              disabled={refusal !== undefined}
              value={name}
              onChange={(event) => setName(event.currentTarget.value.trim())}
            />
            <Textarea
              label="Value"
              description="Up to 10,000 characters; it is not shown again."
              autosize
              minRows={1}
              maxRows={8}
              autoComplete="off"
              classNames={{ input: "code" }}
              disabled={refusal !== undefined}
              value={value}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
            <div>
              <ReasonedButton size="xs" reason={reason} loading={keep.isPending} onClick={save}>
                {isKnown ? "Change the value" : "Keep it"}
              </ReasonedButton>
            </div>
          </Stack>
          <button type="submit" hidden />
        </Part>
      </form>
      {removing !== undefined && (
        <Confirm
          title={`Delete the secret ${removing}?`}
          action="Delete"
          isPending={forget.isPending}
          error={forget.error}
          onClose={() => setRemoving(undefined)}
          onConfirm={() => forget.mutate(removing, { onSuccess: () => setRemoving(undefined) })}
        >
          Functions that read it fail from now on; it is {readers(functions, removing)}. Its value
          cannot be brought back.
        </Confirm>
      )}
    </Pane>
  );
}

/** Says which functions have the name in their source. */
function readers(functions: readonly UsherFunction[], name: string): string {
  const found = functions.filter((it) => it.source.includes(name)).map((it) => it.name);
  return found.length === 0 ? "named in no function" : `named in ${found.join(", ")}`;
}
