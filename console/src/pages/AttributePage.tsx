/** One attribute: where it comes from, who uses it, and its value if that is fixed here. */
import {
  ActionIcon,
  Alert,
  Button,
  FileButton,
  Group,
  NativeSelect,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUpload, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body, type Schemas } from "../api/client";
import { attributesQuery, policiesQuery } from "../api/queries";
import {
  firstColumn,
  itemsOf,
  KIND_NAMES,
  TYPE_NAMES,
  TYPES,
  type Type,
  textOf,
  valueFrom,
} from "../attributes/attribute";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { complain } from "../policies/changes";
import { Empty } from "../ui/Failures";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./AttributesPage.module.css";
import pane from "./PolicyPage.module.css";

const route = getRouteApi("/shell/attributes/$name");
const CUSTOM = "custom.";

type Attribute = Schemas["Attribute"];

export function AttributePage() {
  const { name } = route.useParams();
  const attributes = useQuery(attributesQuery);
  const attribute = attributes.data?.find((one) => one.name === name);
  if (name === "new") return <Editor key="new" attribute={undefined} />;
  if (!attribute) {
    return (
      <div className={pane.pane}>
        {attributes.data && (
          <Empty title="There is no such attribute">
            <Link to="/attributes" className="anchor">
              Back to the list
            </Link>
          </Empty>
        )}
      </div>
    );
  }
  if (attribute.kind === "STATIC") return <Editor key={name} attribute={attribute} />;
  return (
    <article className={pane.pane} aria-label={name}>
      <Header title={name} about={KIND_NAMES[attribute.kind] ?? attribute.kind} />
      <div className={pane.body}>
        <dl className={classes.facts}>
          <dt>What it is</dt>
          <dd>
            {attribute.description ||
              "known from what was written to it, or from policies that mention it"}
          </dd>
          <dt>Type</dt>
          <dd>{attribute.valueType ? TYPE_NAMES[attribute.valueType] : "anything"}</dd>
          <dt>In logs</dt>
          <dd>{attribute.sensitive ? "masked" : "shown"}</dd>
          <dt>Used by</dt>
          <dd>
            <UsedBy attribute={attribute} />
          </dd>
        </dl>
      </div>
    </article>
  );
}

function Header({
  title,
  about,
  children,
}: {
  title: string;
  about: string;
  children?: React.ReactNode;
}) {
  return (
    <header className={pane.header}>
      <div className={pane.named}>
        <h1 className={`${pane.title} cut`}>{title}</h1>
        <Text size="sm" className="quiet cut">
          {about}
        </Text>
      </div>
      <Group gap="xs" wrap="nowrap">
        {children}
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Close the attribute"
          renderRoot={(props) => <Link to="/attributes" search={true} {...props} />}
        >
          <IconX size={18} />
        </ActionIcon>
      </Group>
    </header>
  );
}

function UsedBy({ attribute }: { attribute: Attribute }) {
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

function Editor({ attribute }: { attribute: Attribute | undefined }) {
  const navigate = useNavigate({ from: "/attributes" });
  const refusal = useRefusal("AttributesWrite");
  const [name, setName] = useState(attribute?.name.slice(CUSTOM.length) ?? "");
  const [type, setType] = useState<Type>(attribute?.valueType ?? "LIST");
  const [text, setText] = useState(() => textOf(attribute?.valueType ?? "LIST", attribute?.value));
  const [description, setDescription] = useState(attribute?.description ?? "");
  const [isSensitive, setSensitive] = useState(attribute?.sensitive ?? false);
  const changes = useChanges();
  const value = valueFrom(type, text);
  const reason =
    refusal ??
    (name === ""
      ? "Give it a name first."
      : value === undefined
        ? `Expected a value that is ${type === "JSON" ? "JSON" : "a number"}.`
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
  return (
    <article className={pane.pane} aria-label={attribute?.name ?? "New attribute"}>
      <Header
        title={attribute?.name ?? "New attribute"}
        about={
          attribute
            ? "fixed value, the same for everybody"
            : "Policies will read it as custom.name."
        }
      >
        {attribute && (
          <ReasonedButton
            size="xs"
            variant="default"
            reason={refusal}
            onClick={() => {
              changes.remove.mutate(attribute);
              void navigate({ to: "/attributes", search: true });
            }}
          >
            Delete
          </ReasonedButton>
        )}
        <ReasonedButton size="xs" reason={reason} loading={changes.save.isPending} onClick={save}>
          Save
        </ReasonedButton>
      </Header>
      <div className={pane.body}>
        <form className={classes.form} onSubmit={submit}>
          {changes.save.error && (
            <Alert
              color="red"
              variant="light"
              title="It was not saved; what you typed is still here"
            >
              {changes.save.error.message}
            </Alert>
          )}
          {!attribute && (
            <TextInput
              label="Name"
              description="Letters, digits and underscores; it cannot be changed later."
              leftSection={<span className="code">custom.</span>}
              leftSectionWidth={70}
              autoFocus
              value={name}
              onChange={(event) => setName(event.currentTarget.value.trim())}
            />
          )}
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
          <Textarea
            label="What it is for"
            autosize
            minRows={1}
            maxRows={5}
            disabled={refusal !== undefined}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Switch
            label="Sensitive: masked wherever decisions are shown"
            disabled={refusal !== undefined}
            checked={isSensitive}
            onChange={(event) => setSensitive(event.currentTarget.checked)}
          />
          <button type="submit" hidden />
        </form>
        {attribute && (
          <Stack gap={6}>
            <Text fw={600}>Used by</Text>
            <UsedBy attribute={attribute} />
          </Stack>
        )}
      </div>
    </article>
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
        autosize
        minRows={6}
        maxRows={18}
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

function useChanges() {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: attributesQuery.queryKey });
  const save = useMutation({
    mutationFn: async ({
      written,
      isNew,
    }: {
      written: Schemas["NewAttribute"] & { name: string };
      isNew: boolean;
    }) => {
      if (isNew) return body(await api.POST("/api/v1/attributes", { body: written }));
      const params = { path: { name: written.name } };
      return body(await api.PUT("/api/v1/attributes/{name}", { params, body: written }));
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: async (attribute: Attribute) => {
      const params = { path: { name: attribute.name.slice(CUSTOM.length) } };
      await api.DELETE("/api/v1/attributes/{name}", { params });
    },
    onSuccess: (_, attribute) => {
      const id = `deleted-${attribute.name}`;
      const undo = () => {
        notifications.hide(id);
        const { valueType, value, description, sensitive } = attribute;
        const name = attribute.name.slice(CUSTOM.length);
        const type = valueType ?? "STRING";
        save.mutate({
          written: { name, kind: "STATIC", valueType: type, value, description, sensitive },
          isNew: true,
        });
      };
      notifications.show({
        id,
        autoClose: 12_000,
        title: `${attribute.name} is deleted`,
        message: (
          <Button size="compact-sm" variant="default" onClick={undo}>
            Undo
          </Button>
        ),
      });
    },
    onError: (error, attribute) => complain(`${attribute.name} was not deleted`, error),
    onSettled: refresh,
  });
  return { save, remove };
}
