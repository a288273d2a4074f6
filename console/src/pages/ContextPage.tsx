/** Context: the namespaces, and the way to a consumer. */
import { Text } from "@mantine/core";
import { IconDatabase } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { namespacesQuery } from "../api/context";
import { FindConsumer } from "../context/FindConsumer";
import { NewDocument } from "../context/NewDocument";
import { count, duration } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { When } from "../ui/When";

export function ContextPage() {
  const namespaces = useQuery(namespacesQuery);
  const refusal = useRefusal("ContextWrite");
  const [isAdding, setAdding] = useState(false);
  return (
    <ListPage
      title="Context"
      summary={
        namespaces.data
          ? `What bots and apps wrote for policies to read, in ${count(namespaces.data.length, "namespace")}`
          : " "
      }
      pane={isAdding && <NewDocument namespace={undefined} onClose={() => setAdding(false)} />}
      actions={
        <NewButton
          label="New document"
          isShort={false}
          reason={refusal}
          onClick={() => setAdding(true)}
        />
      }
      tools={<FindConsumer />}
    >
      <List
        of="Context"
        source={namespaces}
        items={namespaces.data}
        keyOf={(namespace) => namespace.name}
        row={(namespace) => (
          <Row
            isSelected={false}
            isCompact={false}
            columns="minmax(0, 1fr) 230px 150px"
            name={
              <Link
                to="/context/$namespace"
                params={{ namespace: namespace.name }}
                className={`${rowLink} code`}
                title={namespace.name}
              >
                {namespace.name}
              </Link>
            }
            about={`policies read it as ${namespace.name}.property`}
          >
            <Cell isQuiet>
              {namespace.ttlSeconds
                ? `version 1 keeps ${duration(namespace.ttlSeconds)}`
                : "no life of its own"}
            </Cell>
            <Cell isQuiet>
              made <When at={namespace.createdAt} />
            </Cell>
          </Row>
        )}
        empty={
          <Empty title="Nothing is known yet" icon={<IconDatabase size={30} stroke={1.5} />}>
            <Text className="quiet" maw={480}>
              A bot writes what it learns of a conversation or a consumer into context, and policies
              decide by it. Write a first document here, or let a program do it.
            </Text>
            <Text className="quiet code">PATCH /api/v1/context/orchestrator/conversation-7</Text>
          </Empty>
        }
      />
    </ListPage>
  );
}
