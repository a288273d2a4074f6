/** The types of events that webhooks can ask for, in groups. */

export const EVENT_GROUPS = [
  {
    group: "Conversations",
    items: [
      "conversation.*",
      "conversation.started",
      "conversation.queued",
      "conversation.offered",
      "conversation.offer_ended",
      "conversation.assigned",
      "conversation.requeued",
      "conversation.idle",
      "conversation.transferred",
      "conversation.relaxed",
      "conversation.boosted",
      "conversation.suggestion_dropped",
      "conversation.participant_joined",
      "conversation.participant_left",
      "conversation.consumer_identified",
      "conversation.response_time_changed",
      "conversation.decided",
      "conversation.last_agent_considered",
      "conversation.alerted",
      "conversation.closed",
    ],
  },
  {
    group: "Messages",
    items: ["message.*", "message.sent", "message.read"],
  },
  {
    group: "Dialogs and surveys",
    items: ["dialog.*", "dialog.opened", "dialog.closed", "survey.answered"],
  },
  {
    group: "Agents",
    items: ["agent.*", "agent.availability_changed", "agent.silent", "agent.noticed"],
  },
  {
    group: "Erased",
    items: ["event.*", "event.erased"],
  },
] as const;

const KNOWN = new Set<string>(EVENT_GROUPS.flatMap(({ items }) => items));

/** Returns what can be chosen: what is known, and what was chosen elsewhere. */
export function choicesWith(chosen: readonly string[]) {
  const groups = EVENT_GROUPS.map(({ group, items }) => ({
    group: String(group),
    items: items.map(String),
  }));
  const others = chosen.filter((one) => !KNOWN.has(one));
  return others.length === 0 ? groups : [...groups, { group: "Others", items: others }];
}

/** Says which events a webhook gets. */
export function eventsInWords(events: readonly string[] | undefined): string {
  if (!events || events.length === 0) return "every event";
  return events.length <= 2 ? events.join(", ") : `${events.length} types of events`;
}
