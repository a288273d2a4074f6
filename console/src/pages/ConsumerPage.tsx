/** Everything that is kept of a consumer, and how it is erased. */
import { Alert, Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconArrowLeft, IconUserSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Consumer, consumerQuery, type Erasure, useContextChanges } from "../api/context";
import { FindConsumer } from "../context/FindConsumer";
import { leftInWords } from "../context/life";
import { count, instant } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Confirm } from "../ui/Confirm";
import { CopyButton } from "../ui/CopyButton";
import { Empty, FailureNote } from "../ui/Failures";
import { Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import classes from "./ConsumerPage.module.css";

const route = getRouteApi("/shell/consumers/$consumerId");

export function ConsumerPage() {
  const { consumerId } = route.useParams();
  return <Found key={consumerId} consumerId={consumerId} />;
}

function Found({ consumerId }: { consumerId: string }) {
  const found = useQuery(consumerQuery(consumerId));
  const { erase } = useContextChanges();
  const refusal = useRefusal("ContextErase");
  const [isErasing, setErasing] = useState(false);
  const consumer = found.data;
  return (
    <div className={classes.page}>
      <Link to="/context" className={`${classes.back} anchor`}>
        <IconArrowLeft size={15} /> Context
      </Link>
      <Group justify="space-between" align="flex-start">
        <div className={classes.named}>
          <Title order={1} className="cut" title={consumerId}>
            {consumerId}
          </Title>
          <Text className="quiet">{consumer ? summaryOf(consumer) : " "}</Text>
        </div>
        <Group gap="xs">
          <FindConsumer />
          <ReasonedButton
            variant="default"
            color="red"
            reason={refusal}
            onClick={() => setErasing(true)}
          >
            Erase
          </ReasonedButton>
        </Group>
      </Group>
      {erase.data && <Report consumerId={consumerId} erasure={erase.data} />}
      {found.error ? (
        <FailureNote error={found.error} retry={() => void found.refetch()} />
      ) : consumer ? (
        <Kept consumerId={consumerId} consumer={consumer} isErased={erase.data !== undefined} />
      ) : (
        <Skeleton height={260} />
      )}
      {isErasing && (
        <Confirm
          title={`Erase everything kept of ${consumerId}?`}
          action="Erase"
          isPending={erase.isPending}
          error={erase.error}
          onClose={() => setErasing(false)}
          onConfirm={() => erase.mutate(consumerId, { onSuccess: () => setErasing(false) })}
        >
          {consumer && consumer.documents.length > 0
            ? `${count(consumer.documents.length, "document")} (${consumer.documents.map(({ namespace }) => namespace).join(", ")})`
            : "Every document under this id"}
          , the engagement attributes, {count(consumer?.conversations ?? 0, "conversation")} with
          all that was said, and every logged decision about this consumer are removed. A
          conversation that goes on is ended. A report says what it was. It cannot be brought back.
        </Confirm>
      )}
    </div>
  );
}

function summaryOf({ documents, sde, conversations }: Consumer): string {
  const attributes = sde ? "engagement attributes" : "no engagement attributes";
  const talked = count(conversations, "conversation");
  return `${count(documents.length, "context document")}, ${attributes} and ${talked} are kept under this id`;
}

interface KeptProps {
  consumerId: string;
  consumer: Consumer;
  isErased: boolean;
}

function Kept({ consumerId, consumer, isErased }: KeptProps) {
  const now = Date.now();
  if (consumer.documents.length === 0 && !consumer.sde) {
    if (isErased || consumer.conversations > 0) return null;
    return (
      <Empty title="Nothing is kept under this id" icon={<IconUserSearch size={30} stroke={1.5} />}>
        <Text className="quiet" maw={460}>
          Context that a bot wrote under a conversation’s id is found under that id. There may still
          be{" "}
          <Link to="/decisions" search={{ consumer: consumerId }} className="anchor">
            decisions
          </Link>{" "}
          about this consumer.
        </Text>
      </Empty>
    );
  }
  return (
    <Stack>
      {consumer.documents.map((document) => (
        <Part
          key={document.namespace}
          level="h2"
          title={document.namespace}
          hint={
            <Group gap="sm">
              <span title={`until ${instant(document.expiresAt)}`}>
                {leftInWords(document.expiresAt, now)}
              </span>
              <Link
                to="/context/$namespace/$session"
                params={{ namespace: document.namespace, session: document.session }}
                className="anchor"
              >
                Open the document
              </Link>
            </Group>
          }
        >
          <Properties of={document.properties} />
        </Part>
      ))}
      {consumer.sde && (
        <Part level="h2" title="Engagement attributes" hint="As policies read them under sde.">
          <pre className={classes.json}>{JSON.stringify(consumer.sde, null, 2)}</pre>
        </Part>
      )}
      <Group gap="md">
        <Link to="/conversations" search={{ consumer: consumerId }} className="anchor">
          Conversations with this consumer
        </Link>
        <Link to="/decisions" search={{ consumer: consumerId }} className="anchor">
          Decisions about this consumer
        </Link>
      </Group>
    </Stack>
  );
}

function Properties({ of }: { of: Record<string, unknown> }) {
  return (
    <dl className={classes.properties}>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt className="code">{name}</dt>
          <dd className="code">{JSON.stringify(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What was removed: for whoever asked for it. */
function Report({ consumerId, erasure }: { consumerId: string; erasure: Erasure }) {
  const { documents, sdes, conversations, decisions } = erasure;
  const isNothing = documents.length + sdes + conversations + decisions === 0;
  const report = JSON.stringify({ consumerId, ...erasure }, null, 2);
  return (
    <Alert
      color={isNothing ? "gray" : "green"}
      variant="light"
      role="status"
      title={isNothing ? "There was nothing to erase" : "Everything is erased"}
    >
      <Stack gap="xs" align="flex-start">
        <ul className={classes.report}>
          {documents.map(({ namespace, properties }) => (
            <li key={namespace}>
              the document in <b>{namespace}</b>, with {count(properties, "property", "properties")}
            </li>
          ))}
          <li>{count(sdes, "engagement attribute")}</li>
          <li>{count(conversations, "conversation")}</li>
          <li>{count(decisions, "logged decision")}</li>
        </ul>
        <CopyButton value={report} what="the report" />
      </Stack>
    </Alert>
  );
}
