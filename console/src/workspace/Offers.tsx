/** What rings at the agent: a card with who, what and how long, to accept or to decline. */
import { ActionIcon, Button, Group, Kbd, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, type RefObject, useEffect, useRef } from "react";
import { conversationQuery, type Offer, timelineQuery } from "../api/queries";
import { duration } from "../lib/format";
import { useNow } from "../lib/now";
import type { Live } from "../live/live";
import classes from "./Offers.module.css";
import { useRing } from "./sound";
import { messageOf } from "./timeline";
import { consumerOf, useNames } from "./words";

export function Offers({ offers, live }: { offers: readonly Offer[]; live: Live }) {
  const now = useNow(offers.length > 0);
  const { isMuted, toggle } = useRing(offers.length > 0);
  const first = useRef<HTMLButtonElement>(null);
  useHotkeys([["alt+O", () => first.current?.focus()]], []);
  const isAny = offers.length > 0;
  const oldest = offers[0]?.id;
  useEffect(() => {
    // Whoever types goes on typing; whoever does nothing has the keys of the offer at hand.
    const focused = document.activeElement;
    const isIdle = focused === document.body || focused?.matches("[data-yields-focus]");
    if (oldest && isIdle) first.current?.focus();
  }, [oldest]);
  return (
    <section className={classes.offers} aria-label="Offers" hidden={!isAny}>
      <VisuallyHidden role="alert">
        {isAny && `${offers.length === 1 ? "A conversation rings" : "Conversations ring"}. Alt O`}
      </VisuallyHidden>
      {offers.map((offer, index) => (
        <Card
          key={offer.id}
          offer={offer}
          now={now}
          live={live}
          accept={index === 0 ? first : undefined}
        />
      ))}
      {isAny && (
        <Group justify="space-between" wrap="nowrap" className={classes.foot}>
          <Text size="xs" className="quiet">
            <Kbd size="xs">Alt O</Kbd> goes to the offer
          </Text>
          <Tooltip label={isMuted ? "Ring with sound" : "Ring without sound"}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              aria-label="Sound of offers"
              aria-pressed={!isMuted}
              onClick={toggle}
            >
              {isMuted ? <IconBellOff size={15} /> : <IconBell size={15} />}
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
    </section>
  );
}

interface CardProps {
  offer: Offer;
  now: number;
  live: Live;
  accept: RefObject<HTMLButtonElement | null> | undefined;
}

function Card({ offer, now, live, accept }: CardProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const names = useNames();
  const conversation = useQuery(conversationQuery(offer.conversationId)).data;
  const events = useQuery(timelineQuery(offer.conversationId)).data;
  const said = events?.flatMap((one) => messageOf(one) ?? []);
  const last = said?.findLast(({ role }) => role === "CONSUMER");
  const answer = useMutation({
    mutationFn: (type: "ACCEPT" | "DECLINE") => live.command(type, { offerId: offer.id }),
    onSuccess: async (_, type) => {
      if (type === "DECLINE") return;
      const params = { conversationId: offer.conversationId };
      // One writes in it at once: what is known of it must say so.
      await queries.invalidateQueries(conversationQuery(offer.conversationId));
      await navigate({ to: "/workspace/$conversationId", params });
    },
    onError: (error) =>
      notifications.show({
        color: "yellow",
        title: "The offer is gone",
        message: `${error.message} Nothing is lost: whoever got it answers it.`,
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["agents"] }),
  });
  const left = Math.max(0, Math.ceil((new Date(offer.until).getTime() - now) / 1_000));
  const waited = Math.max(0, Math.round((now - new Date(offer.waitingSince).getTime()) / 1_000));
  const who = conversation ? consumerOf(conversation) : "Somebody";
  const keys = (event: KeyboardEvent) => {
    // Enter presses Accept, which has the focus.
    if (event.key === "Escape" && !answer.isPending) answer.mutate("DECLINE");
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of buttons is no set of fields
    <div
      role="group"
      className={classes.card}
      aria-label={`${who} for ${names.skill(offer.skillId ?? "")}`}
      onKeyDown={keys}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600} className="cut" title={who}>
          {who}
        </Text>
        <Text size="sm" className="number" c={left <= 10 ? "var(--bad)" : undefined}>
          {left} s
        </Text>
      </Group>
      <Text size="xs" className="quiet cut">
        {names.skill(offer.skillId ?? "")} · waits for{" "}
        {duration(waited < 60 ? waited : waited - (waited % 60))}
        {offer.isSuggested && " · kept for you"}
      </Text>
      <Text size="sm" className={classes.said} title={last?.text}>
        {last ? last.text : "Nothing was said yet."}
      </Text>
      <Group gap="xs" grow wrap="nowrap" preventGrowOverflow={false}>
        <Button
          ref={accept}
          size="xs"
          px={8}
          loading={answer.isPending && answer.variables === "ACCEPT"}
          onClick={() => answer.mutate("ACCEPT")}
          rightSection={<Kbd size="xs">Enter</Kbd>}
        >
          Accept
        </Button>
        <Button
          size="xs"
          px={8}
          variant="default"
          disabled={answer.isPending}
          onClick={() => answer.mutate("DECLINE")}
          rightSection={<Kbd size="xs">Esc</Kbd>}
        >
          Decline
        </Button>
      </Group>
    </div>
  );
}
