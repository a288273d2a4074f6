/** One namespace: its documents by session, and beside them the one that is opened. */
import { ActionIcon, Button, Group, Menu, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft, IconDots, IconFileText, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { type ContextDocument, documentsQuery, useContextChanges } from "../api/context";
import { leftInWords } from "../context/life";
import { NewDocument } from "../context/NewDocument";
import { count, instant } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Confirm } from "../ui/Confirm";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";

const route = getRouteApi("/shell/context/$namespace");

export function NamespacePage() {
  const { namespace } = route.useParams();
  const match = useMatch({ from: "/shell/context/$namespace/$session", shouldThrow: false });
  const selected = match?.params.session;
  const documents = useInfiniteQuery(documentsQuery(namespace));
  const rows = documents.data?.pages.flatMap((page) => page.items);
  const refusal = useRefusal("ContextWrite");
  const [isAdding, setAdding] = useState(false);
  return (
    <ListPage
      title={namespace}
      back={
        <Link to="/context" className="anchor">
          <IconArrowLeft size={15} /> Context
        </Link>
      }
      summary={
        rows ? `${documents.hasNextPage ? "The first " : ""}${count(rows.length, "document")}` : " "
      }
      isOpen={selected !== undefined}
      pane={
        <>
          <Outlet />
          {isAdding && <NewDocument namespace={namespace} onClose={() => setAdding(false)} />}
        </>
      }
      actions={
        <>
          <NewButton
            label="New document"
            isShort={selected !== undefined}
            reason={refusal}
            onClick={() => setAdding(true)}
          />
          <NamespaceMenu namespace={namespace} refusal={refusal} />
        </>
      }
      tools={<OpenSession key={namespace} namespace={namespace} />}
    >
      <List
        of={namespace}
        source={documents}
        items={rows}
        keyOf={(document) => document.session}
        selected={selected}
        row={(document) => (
          <DocumentRow
            document={document}
            isSelected={document.session === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={
          <Empty title="There is no document" icon={<IconFileText size={30} stroke={1.5} />}>
            <Text className="quiet" maw={440}>
              Documents expire; the namespace stays. Write a new one, or let a program do it.
            </Text>
          </Empty>
        }
      />
    </ListPage>
  );
}

interface RowProps {
  document: ContextDocument;
  isSelected: boolean;
  isCompact: boolean;
}

function DocumentRow({ document, isSelected, isCompact }: RowProps) {
  const { namespace, session, expiresAt } = document;
  const names = Object.keys(document.properties);
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) 120px 150px"
      name={
        <Link
          to="/context/$namespace/$session"
          params={{ namespace, session }}
          className={`${rowLink} code`}
          title={session}
          aria-current={isSelected ? "page" : undefined}
        >
          {session}
        </Link>
      }
      about={names.join(", ") || "empty"}
    >
      <Cell isQuiet>{count(names.length, "property", "properties")}</Cell>
      <Cell title={`until ${instant(expiresAt)}`}>{leftInWords(expiresAt, Date.now())}</Cell>
    </Row>
  );
}

/** Opens a document by its session, without looking through the list. */
function OpenSession({ namespace }: { namespace: string }) {
  const [typed, setTyped] = useState("");
  const navigate = useNavigate();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const session = typed.trim();
    if (session === "") return;
    void navigate({ to: "/context/$namespace/$session", params: { namespace, session } });
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" wrap="nowrap">
        <TextInput
          aria-label="Session"
          placeholder="Session id"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Open
        </Button>
      </Group>
    </form>
  );
}

function NamespaceMenu({ namespace, refusal }: { namespace: string; refusal: string | undefined }) {
  const [isRemoving, setRemoving] = useState(false);
  const { removeNamespace } = useContextChanges();
  const navigate = useNavigate();
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More about this namespace">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {refusal && <Menu.Label>{refusal}</Menu.Label>}
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={refusal !== undefined}
            onClick={() => setRemoving(true)}
          >
            Delete the namespace
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isRemoving && (
        <Confirm
          title={`Delete the namespace ${namespace}?`}
          action="Delete"
          isPending={removeNamespace.isPending}
          error={removeNamespace.error}
          onClose={() => setRemoving(false)}
          onConfirm={() =>
            removeNamespace.mutate(namespace, {
              onSuccess: () => {
                notifications.show({ message: `${namespace} is gone, with everything in it.` });
                void navigate({ to: "/context" });
              },
            })
          }
        >
          Every document in it is removed, those of consumers and conversations that are open too.
          Policies that read {namespace} find nothing. It cannot be brought back.
        </Confirm>
      )}
    </>
  );
}
