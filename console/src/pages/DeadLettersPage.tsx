/** Events that a receiver did not take, however often it was tried. */
import { Group, NativeSelect, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft, IconMailCheck } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import {
  type DeadLetter,
  deadLettersQuery,
  useDeadLetterChanges,
  webhooksQuery,
} from "../api/webhooks";
import { capital, count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { complain } from "../policies/changes";
import { Confirm } from "../ui/Confirm";
import { Empty } from "../ui/Failures";
import { List } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { ReasonedButton } from "../ui/ReasonedButton";
import { When } from "../ui/When";
import { lettersInWords, receiverName } from "../webhooks/letters";
import classes from "./DeadLettersPage.module.css";

const route = getRouteApi("/shell/dead-letters");

/** About the height of a letter: a reason may take several lines. */
const LETTER_HEIGHT = 84;

export function DeadLettersPage() {
  const { target } = route.useSearch();
  const log = useInfiniteQuery(deadLettersQuery(target));
  const webhooks = useQuery(webhooksQuery).data;
  const urls = useMemo(
    () => new Map((webhooks ?? []).map((webhook) => [webhook.id, webhook.url])),
    [webhooks],
  );
  const navigate = useNavigate();
  const isFunctions = target === "functions";
  const letters = log.data?.pages.flatMap((page) => page.items);
  return (
    <ListPage
      title="Dead letters"
      back={
        <Link to={isFunctions ? "/functions" : "/webhooks"} className="anchor">
          <IconArrowLeft size={15} /> {isFunctions ? "Functions" : "Webhooks"}
        </Link>
      }
      summary={
        letters
          ? letters.length === 0
            ? "Nothing is undelivered."
            : `${capital(lettersInWords(letters.length, log.hasNextPage))}. They are kept for 30 days; one that is delivered now comes after those that followed it.`
          : " "
      }
      actions={
        <Actions target={target} letters={letters ?? []} hasMore={log.hasNextPage} urls={urls} />
      }
      tools={
        <NativeSelect
          w={320}
          aria-label="Receiver"
          value={target ?? ""}
          data={[
            { value: "", label: "Every receiver" },
            { value: "functions", label: "Functions" },
            ...[...urls].map(([value, label]) => ({ value, label })),
            ...(target && target !== "functions" && !urls.has(target)
              ? [{ value: target, label: receiverName(target, urls) }]
              : []),
          ]}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            void navigate({ to: "/dead-letters", search: chosen ? { target: chosen } : {} });
          }}
        />
      }
    >
      <List
        of="Dead letters"
        source={log}
        items={letters}
        keyOf={(letter) => letter.id}
        rowHeight={LETTER_HEIGHT}
        isGrowing
        row={(letter) => <Letter letter={letter} urls={urls} />}
        empty={
          <Empty title="Everything arrived" icon={<IconMailCheck size={30} stroke={1.5} />}>
            <Text className="quiet" maw={460}>
              An event that its receiver does not take is tried again for about a day, and stands
              here when that did not help: to be delivered after all, or discarded.
            </Text>
          </Empty>
        }
      />
    </ListPage>
  );
}

interface LetterProps {
  letter: DeadLetter;
  urls: ReadonlyMap<string, string>;
}

function Letter({ letter, urls }: LetterProps) {
  const refusal = useRefusal("WebhooksWrite");
  const { redeliver, discard } = useDeadLetterChanges(undefined);
  const [isDiscarding, setDiscarding] = useState(false);
  const receiver = receiverName(letter.target, urls);
  return (
    <article className={classes.letter} aria-label={`${letter.type} to ${receiver}`}>
      <div className={classes.what}>
        <div className={classes.line}>
          <b className="code">{letter.type}</b>
          <span className="quiet number" title={`Every attempt carried the id ${letter.requestId}`}>
            event {letter.sequence}
          </span>
          <span className="quiet cut" title={receiver}>
            to {receiver}
          </span>
        </div>
        <div className={classes.why}>{letter.error}</div>
        <div className={`${classes.line} quiet`}>
          <span>
            given up <When at={letter.at} /> after {count(letter.attempts, "attempt")}
          </span>
          <span>
            discarded <When at={letter.expiresAt} />
          </span>
          {letter.conversationId && (
            <Link
              to="/conversations/$conversationId"
              params={{ conversationId: letter.conversationId }}
              className="anchor cut"
              title={letter.conversationId}
            >
              conversation {letter.conversationId}
            </Link>
          )}
        </div>
      </div>
      <Group gap="xs" wrap="nowrap">
        <ReasonedButton
          size="xs"
          variant="default"
          reason={refusal}
          loading={redeliver.isPending}
          onClick={() =>
            redeliver.mutate(letter.id, {
              onSuccess: ({ delivered, error }) =>
                delivered
                  ? notifications.show({ message: `${letter.type} is delivered to ${receiver}.` })
                  : complain("It was not taken, and stays here", new Error(error ?? "")),
              onError: (error) => complain("It was not tried", error),
            })
          }
        >
          Deliver again
        </ReasonedButton>
        <ReasonedButton
          size="xs"
          variant="subtle"
          color="red"
          reason={refusal}
          onClick={() => setDiscarding(true)}
        >
          Discard
        </ReasonedButton>
      </Group>
      {isDiscarding && (
        <Confirm
          title="Discard this event?"
          action="Discard"
          isPending={discard.isPending}
          error={discard.error}
          onClose={() => setDiscarding(false)}
          onConfirm={() => discard.mutate(letter.id)}
        >
          {receiver} never hears of this {letter.type}. It cannot be brought back.
        </Confirm>
      )}
    </article>
  );
}

interface ActionsProps {
  target: string | undefined;
  letters: readonly DeadLetter[];
  hasMore: boolean;
  urls: ReadonlyMap<string, string>;
}

function Actions({ target, letters, hasMore, urls }: ActionsProps) {
  const refusal = useRefusal("WebhooksWrite");
  const { redeliverAll, discardAll } = useDeadLetterChanges(target);
  const [isDiscarding, setDiscarding] = useState(false);
  const reason = refusal ?? (letters.length === 0 ? "There are none." : undefined);
  const whom = target ? receiverName(target, urls) : "their receivers";
  return (
    <Group gap="xs">
      <ReasonedButton
        size="xs"
        variant="default"
        reason={reason}
        loading={redeliverAll.isPending}
        onClick={() =>
          redeliverAll.mutate(undefined, {
            onSuccess: ({ delivered, failed, hasMore: isMore }) =>
              notifications.show({
                color: failed > 0 ? "yellow" : "green",
                message: `${count(delivered, "event")} delivered, ${failed} failed again.${isMore ? " There are more: deliver again." : ""}`,
              }),
            onError: (error) => complain("They were not tried", error),
          })
        }
      >
        Deliver all again
      </ReasonedButton>
      <ReasonedButton
        size="xs"
        variant="default"
        color="red"
        reason={reason}
        onClick={() => setDiscarding(true)}
      >
        Discard all
      </ReasonedButton>
      {isDiscarding && (
        <Confirm
          title="Discard all of them?"
          action="Discard all"
          isPending={discardAll.isPending}
          error={discardAll.error}
          onClose={() => setDiscarding(false)}
          onConfirm={() =>
            discardAll.mutate(undefined, {
              onSuccess: (discarded) => {
                setDiscarding(false);
                notifications.show({ message: `${count(discarded, "event")} discarded.` });
              },
            })
          }
        >
          {hasMore ? `More than ${letters.length} events` : count(letters.length, "event")} will
          never reach {whom}. They cannot be brought back.
        </Confirm>
      )}
    </Group>
  );
}
