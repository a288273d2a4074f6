/** An engagement as it is edited, and the tag that a site needs for it. */
import type { Schemas } from "../api/client";

export type Engagement = Schemas["Engagement"];

/** What is typed; an empty text is nothing. */
export interface Draft {
  id: string;
  name: string;
  skillId: string;
  campaign: string;
  isEnabled: boolean;
  title: string;
  greeting: string;
  color: string;
}

export function draftOf(engagement: Engagement | undefined): Draft {
  return {
    id: engagement?.id ?? "",
    name: engagement?.name ?? "",
    skillId: engagement?.skillId ?? "",
    campaign: engagement?.campaign ?? "",
    isEnabled: engagement?.isEnabled ?? true,
    title: engagement?.messenger?.title ?? "",
    greeting: engagement?.messenger?.greeting ?? "",
    color: engagement?.messenger?.color ?? "",
  };
}

export function written(draft: Draft): Schemas["WrittenEngagement"] {
  const { id, name, skillId, campaign, isEnabled, title, greeting, color } = draft;
  const messenger = {
    title: title.trim() || null,
    greeting: greeting.trim() || null,
    color: color || null,
  };
  return {
    ...(id.trim() && { id: id.trim() }),
    name: name.trim(),
    skillId: skillId || null,
    campaign: campaign.trim() || null,
    isEnabled,
    messenger,
  };
}

/** Returns what a draft lacks before it can be saved. */
export function lackOf({ name, color }: Draft): string | undefined {
  if (name.trim() === "") return "Give it a name first.";
  if (color && !/^#[0-9a-f]{6}$/i.test(color)) return "Expected a colour such as #0b7285.";
  return undefined;
}

/** Returns the page that shows the messenger alone. */
export function addressOf(server: string, account: string, id: string): string {
  const address = new URL("/messenger", server);
  address.searchParams.set("account", account);
  address.searchParams.set("engagement", id);
  return address.href;
}

/** Returns what a site puts into its pages. */
export function tagOf(server: string, account: string, id: string): string {
  const attributes = {
    src: new URL("/messenger.js", server).href,
    "data-account": account,
    "data-engagement": id,
  };
  const words = Object.entries(attributes).map(([name, value]) => `${name}="${quoted(value)}"`);
  return `<script async ${words.join("\n  ")}></script>`;
}

function quoted(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
