/** An attribute whose value is fixed here: a list, a switch, a word. */
import {
  Button,
  FileButton,
  Group,
  NativeSelect,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Pane, Part } from "../ui/Pane";
import classes from "./Attributes.module.css";
import { firstColumn, itemsOf, TYPE_NAMES, TYPES, type Type, textOf, valueFrom } from "./attribute";
import { type Attribute, CUSTOM, useAttributeChanges } from "./changes";
import { AboutFields, EditorActions, KindChoice, NameField, NotSaved, Users } from "./parts";
import { useUnsaved } from "./unsaved";

/** Lines that are seen at once: to fit the field to ten thousand of them would stop one typing. */
const LIST_ROWS = 14;
const JSON_ROWS = 10;

export function StaticEditor({ attribute }: { attribute: Attribute | undefined }) {
  const navigate = useNavigate({ from: "/attributes" });
  const refusal = useRefusal("AttributesWrite");
  const [name, setName] = useState(attribute?.name.slice(CUSTOM.length) ?? "");
  const [type, setType] = useState<Type>(attribute?.valueType ?? "LIST");
  const [text, setText] = useState(() => textOf(attribute?.valueType ?? "LIST", attribute?.value));
  const [description, setDescription] = useState(attribute?.description ?? "");
  const [isSensitive, setSensitive] = useState(attribute?.sensitive ?? false);
  const changes = useAttributeChanges();
  const unsaved = useUnsaved([name, type, text, description, isSensitive]);
  const value = valueFrom(type, text);
  const reason =
    refusal ??
    (name === ""
      ? "Give it a name first."
      : value === undefined
        ? `Expected a value that is ${type === "JSON" ? "JSON" : "a number"}.`
        : attribute && !unsaved.isChanged
          ? "Nothing has changed."
          : undefined);
  const save = () => {
    if (reason !== undefined) return;
    const written = {
      name,
      kind: "STATIC" as const,
      valueType: type,
      value,
      description,
      sensitive: isSensitive,
    };
    changes.save.mutate(
      { written, isNew: attribute === undefined },
      {
        onSuccess: (saved) => {
          unsaved.settle();
          notifications.show({ message: `${saved.name} is saved; the next decision reads it.` });
          void navigate({ to: "/attributes/$name", params: { name: saved.name }, search: true });
        },
      },
    );
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save();
  };
  const about = attribute
    ? "fixed value, the same for everybody"
    : "Policies will read it as custom.name.";
  return (
    <Pane
      title={attribute?.name ?? "New attribute"}
      about={about}
      actions={
        <EditorActions
          attribute={attribute}
          refusal={refusal}
          reason={reason}
          isPending={changes.save.isPending}
          onSave={save}
          onDelete={(removed) => {
            unsaved.settle();
            changes.remove.mutate(removed);
            void navigate({ to: "/attributes", search: true });
          }}
        />
      }
    >
      {!attribute && <KindChoice kind="static" />}
      <form className={classes.form} onSubmit={submit}>
        <NotSaved error={changes.save.error} />
        <Part title="What it says">
          {!attribute && <NameField value={name} onChange={setName} />}
          <NativeSelect
            label="Type"
            data={TYPES.map((one) => ({ value: one, label: TYPE_NAMES[one] }))}
            value={type}
            disabled={refusal !== undefined}
            onChange={(event) =>
              setType(TYPES.find((one) => one === event.currentTarget.value) ?? type)
            }
          />
          <ValueField type={type} text={text} isFixed={refusal !== undefined} onChange={setText} />
          <AboutFields
            description={description}
            isSensitive={isSensitive}
            isFixed={refusal !== undefined}
            onDescription={setDescription}
            onSensitive={setSensitive}
          />
        </Part>
        <button type="submit" hidden />
      </form>
      {attribute && <Users attribute={attribute} />}
    </Pane>
  );
}

function ValueField(props: {
  type: Type;
  text: string;
  isFixed: boolean;
  onChange: (text: string) => void;
}) {
  const { type, text, isFixed, onChange } = props;
  if (type === "BOOLEAN") {
    return (
      <NativeSelect
        label="Value"
        data={["true", "false"]}
        value={text === "true" ? "true" : "false"}
        disabled={isFixed}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (type === "STRING" || type === "NUMBER") {
    return (
      <TextInput
        label="Value"
        inputMode={type === "NUMBER" ? "decimal" : "text"}
        disabled={isFixed}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const upload = async (file: File | null) => {
    if (!file) return;
    const items = firstColumn(await file.text());
    onChange([...new Set([...itemsOf(text), ...items])].join("\n"));
    notifications.show({
      message: `${count(items.length, "item")} of ${file.name} are in the list; save to keep them.`,
    });
  };
  return (
    <Stack gap={6}>
      <Textarea
        label="Value"
        description={type === "LIST" ? "One item in each line." : undefined}
        rows={type === "LIST" ? LIST_ROWS : JSON_ROWS}
        resize="vertical"
        disabled={isFixed}
        classNames={{ input: "code" }}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {type === "LIST" && (
        <Group justify="space-between">
          <Text size="sm" className="quiet number">
            {count(itemsOf(text).length, "item")}
          </Text>
          <FileButton
            onChange={(file) => void upload(file)}
            accept=".csv,.txt,text/csv,text/plain"
            disabled={isFixed}
          >
            {(button) => (
              <Button
                {...button}
                size="compact-sm"
                variant="default"
                leftSection={<IconUpload size={14} />}
              >
                Add from a file
              </Button>
            )}
          </FileButton>
        </Group>
      )}
    </Stack>
  );
}
