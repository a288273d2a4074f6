/** An attribute that a function answers: which, what it is given, how long it may take. */
import { Anchor, NativeSelect, NumberInput, Select, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { functionsQuery } from "../api/functions";
import { STATE_NAMES } from "../functions/state";
import { useRefusal } from "../lib/permissions";
import { Fields, Pane, Part } from "../ui/Pane";
import classes from "./Attributes.module.css";
import { TYPE_NAMES, TYPES, type Type } from "./attribute";
import { CheckCall } from "./CheckCall";
import { asSent, callOf, faultOf } from "./call";
import { type Attribute, CUSTOM, useAttributeChanges } from "./changes";
import { ParametersField } from "./ParametersField";
import { AboutFields, EditorActions, KindChoice, NameField, NotSaved, Users } from "./parts";
import { useUnsaved } from "./unsaved";

export function FunctionEditor({ attribute }: { attribute: Attribute | undefined }) {
  const navigate = useNavigate({ from: "/attributes" });
  const refusal = useRefusal("AttributesWrite");
  const isFixed = refusal !== undefined;
  const functions = useQuery(functionsQuery).data ?? [];
  const [name, setName] = useState(attribute?.name.slice(CUSTOM.length) ?? "");
  const [type, setType] = useState<Type | "">(attribute?.valueType ?? "");
  const [call, setCall] = useState(() => callOf(attribute));
  const [description, setDescription] = useState(attribute?.description ?? "");
  const [isSensitive, setSensitive] = useState(attribute?.sensitive ?? false);
  const { save, remove } = useAttributeChanges();
  const typed = { ...call, parameters: asSent(call.parameters) };
  const unsaved = useUnsaved([name, type, description, isSensitive, JSON.stringify(typed)]);
  const change = (members: Partial<typeof call>) => setCall({ ...call, ...members });
  const asked = functions.find((one) => one.id === call.functionId);
  const reason =
    refusal ??
    (name === ""
      ? "Give it a name first."
      : call.functionId === ""
        ? "Choose the function that answers."
        : (faultOf(call.parameters) ??
          (attribute && !unsaved.isChanged ? "Nothing has changed." : undefined)));
  const write = () => {
    if (reason !== undefined) return;
    const written = {
      name,
      kind: "FUNCTION" as const,
      ...(type !== "" && { valueType: type }),
      functionId: call.functionId,
      parameters: asSent(call.parameters),
      timeoutMs: call.timeoutMs,
      cacheSeconds: call.cacheSeconds,
      description,
      sensitive: isSensitive,
    };
    save.mutate(
      { written, isNew: attribute === undefined },
      {
        onSuccess: (saved) => {
          unsaved.settle();
          notifications.show({ message: `${saved.name} is saved; the next decision asks it.` });
          void navigate({ to: "/attributes/$name", params: { name: saved.name }, search: true });
        },
      },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    write();
  };
  return (
    <Pane
      title={attribute?.name ?? "New attribute"}
      about={
        attribute
          ? "A function answers it, when a policy that is reached asks"
          : "Policies will read it as custom.name."
      }
      actions={
        <EditorActions
          attribute={attribute}
          refusal={refusal}
          reason={reason}
          isPending={save.isPending}
          onSave={write}
          onDelete={(removed) => {
            unsaved.settle();
            remove.mutate(removed);
            void navigate({ to: "/attributes", search: true });
          }}
        />
      }
    >
      {!attribute && <KindChoice kind="function" />}
      <form className={classes.form} onSubmit={submit}>
        <NotSaved error={save.error} />
        <Part title="What answers">
          {!attribute && <NameField value={name} onChange={setName} />}
          <Select
            label="Function"
            placeholder="Choose one"
            searchable
            limit={50}
            disabled={isFixed}
            nothingFoundMessage="No function is called so."
            data={functions.map((one) => ({
              value: one.id,
              label: `${one.name} (${STATE_NAMES[one.state]})`,
            }))}
            value={call.functionId || null}
            onChange={(functionId) => change({ functionId: functionId ?? "" })}
          />
          {asked && (
            <Text size="sm" c={asked.deployedVersion == null ? "var(--warn)" : undefined}>
              {asked.deployedVersion == null
                ? "It is not deployed: until it is, policies that ask it fail. "
                : `Version ${asked.deployedVersion} answers. `}
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link to="/functions/$functionId" params={{ functionId: asked.id }} {...props} />
                )}
              >
                Open the function
              </Anchor>
            </Text>
          )}
          <ParametersField
            parameters={call.parameters}
            isFixed={isFixed}
            onChange={(parameters) => change({ parameters })}
          />
          <NativeSelect
            label="Type of its answer"
            maw={280}
            disabled={isFixed}
            data={[
              { value: "", label: "anything" },
              ...TYPES.map((one) => ({ value: one, label: TYPE_NAMES[one] })),
            ]}
            value={type}
            onChange={(event) =>
              setType(TYPES.find((one) => one === event.currentTarget.value) ?? "")
            }
          />
          <Fields>
            <NumberInput
              label="May take"
              description="10 ms to 10 seconds; a late answer is none."
              suffix=" ms"
              min={10}
              max={10_000}
              step={500}
              disabled={isFixed}
              value={call.timeoutMs}
              onChange={(value) => change({ timeoutMs: Number(value) || 10 })}
            />
            <NumberInput
              label="Keep an answer for"
              description="Taken again for the same parameters; 0 asks each time."
              suffix=" s"
              min={0}
              max={86_400}
              disabled={isFixed}
              value={call.cacheSeconds}
              onChange={(value) => change({ cacheSeconds: Number(value) || 0 })}
            />
          </Fields>
          <AboutFields
            description={description}
            isSensitive={isSensitive}
            isFixed={isFixed}
            onDescription={setDescription}
            onSensitive={setSensitive}
          />
        </Part>
        <button type="submit" hidden />
      </form>
      <CheckCall call={call} />
      {attribute && <Users attribute={attribute} />}
    </Pane>
  );
}
