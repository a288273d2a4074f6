/** Webhooks: where events are sent, and beside them the one that is opened. */
import { Button, Text } from "@mantine/core";
import { IconMailX, IconWebhook } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { deadLettersQuery, type Webhook, webhooksQuery } from "../api/webhooks";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { Tag } from "../ui/Tag";
import { When } from "../ui/When";
import { eventsInWords } from "../webhooks/events";
import { lettersInWords } from "../webhooks/letters";

export function WebhooksPage() {
  const match = useMatch({ from: "/shell/webhooks/$webhookId", shouldThrow: false });
  const selected = match?.params.webhookId;
  const webhooks = useQuery(webhooksQuery);
  const letters = useInfiniteQuery(deadLettersQuery(undefined));
  const refusal = useRefusal("WebhooksWrite");
  const navigate = useNavigate();
  const found = letters.data?.pages[0];
  const off = webhooks.data?.filter((one) => one.enabled === false).length ?? 0;
  return (
    <ListPage
      title="Webhooks"
      summary={
        webhooks.data && found ? (
          <>
            {count(webhooks.data.length, "webhook")}
            {off > 0 && `, ${off} off`};{" "}
            {found.items.length === 0 ? (
              "nothing is undelivered"
            ) : (
              <Link to="/dead-letters" className="anchor">
                {lettersInWords(found.items.length, found.nextCursor != null)}
              </Link>
            )}
          </>
        ) : (
          " "
        )
      }
      isOpen={selected !== undefined}
      pane={<Outlet />}
      actions={
        <>
          {selected === undefined && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconMailX size={15} />}
              renderRoot={(props) => <Link to="/dead-letters" {...props} />}
            >
              Dead letters
            </Button>
          )}
          <NewButton
            label="New webhook"
            isShort={selected !== undefined}
            reason={refusal}
            onClick={() =>
              void navigate({ to: "/webhooks/$webhookId", params: { webhookId: "new" } })
            }
          />
        </>
      }
    >
      <List
        of="Webhooks"
        source={webhooks}
        items={webhooks.data}
        keyOf={(webhook) => webhook.id}
        selected={selected}
        row={(webhook) => (
          <WebhookRow
            webhook={webhook}
            isSelected={webhook.id === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={
          <Empty title="Events go nowhere yet" icon={<IconWebhook size={30} stroke={1.5} />}>
            <Text className="quiet" maw={460}>
              A webhook sends what happens to another system as it happens: signed, at least once,
              and in order within a conversation. Make one with the address of that system.
            </Text>
          </Empty>
        }
      />
    </ListPage>
  );
}

interface RowProps {
  webhook: Webhook;
  isSelected: boolean;
  isCompact: boolean;
}

function WebhookRow({ webhook, isSelected, isCompact }: RowProps) {
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) minmax(140px, 300px) 60px 150px"
      name={
        <Link
          to="/webhooks/$webhookId"
          params={{ webhookId: webhook.id }}
          className={rowLink}
          title={webhook.url}
          aria-current={isSelected ? "page" : undefined}
        >
          {webhook.url}
        </Link>
      }
      about={webhook.description || (isCompact ? eventsInWords(webhook.events) : " ")}
    >
      <Cell isQuiet title={webhook.events?.join(", ")}>
        {eventsInWords(webhook.events)}
      </Cell>
      <Cell>
        {webhook.enabled === false ? <Tag tone="quiet">off</Tag> : <Tag tone="good">on</Tag>}
      </Cell>
      <Cell isQuiet>
        changed <When at={webhook.updatedAt} />
      </Cell>
    </Row>
  );
}
