/** A user as they are edited, and what is said of them. */
import type { Schemas } from "../api/client";
import { count } from "../lib/format";

export type User = Schemas["User"];
export type Kind = Schemas["UserKind"];
export type UserSkill = Required<Schemas["UserSkill"]>;
export type HostedBot = Required<Schemas["HostedBot"]>;

/** What of a user can be changed, every field with a value. */
export type UserDraft = Required<
  Omit<Schemas["WrittenUser"], "id" | "password" | "role" | "skills" | "hostedBot">
> & {
  role: string;
  skills: UserSkill[];
  hostedBot: HostedBot | null;
};

export const NEW_BOT: HostedBot = {
  isEnabled: true,
  fallbackSkillId: null,
  fallbackMessage: null,
  waitsForFirstMessage: false,
};

/** Returns what of a user can be changed; what the server leaves out has these values. */
export function draftOf(user: Schemas["WrittenUser"]): UserDraft {
  const kind = user.kind ?? "HUMAN";
  return {
    name: user.name,
    email: user.email ?? null,
    nickname: user.nickname ?? null,
    pictureUrl: user.pictureUrl ?? null,
    role: user.role ?? (kind === "BOT" ? "bot" : "agent"),
    kind,
    isEnabled: user.isEnabled ?? true,
    skills: (user.skills ?? []).map(({ skillId, proficiency }) => ({
      skillId,
      proficiency: proficiency ?? 5,
    })),
    maxConversations: user.maxConversations ?? null,
    groupId: user.groupId ?? null,
    hostedBot: user.hostedBot
      ? {
          isEnabled: user.hostedBot.isEnabled ?? true,
          fallbackSkillId: user.hostedBot.fallbackSkillId ?? null,
          fallbackMessage: user.hostedBot.fallbackMessage ?? null,
          waitsForFirstMessage: user.hostedBot.waitsForFirstMessage ?? false,
        }
      : null,
  };
}

export function newDraft(kind: Kind): UserDraft {
  return draftOf({ name: "", kind, ...(kind === "BOT" && { hostedBot: NEW_BOT }) });
}

export const ROLES = [
  { role: "admin", may: "everything, access included" },
  { role: "manager", may: "everything but access; of people, agents" },
  { role: "agent", may: "their own conversations" },
  { role: "bot", may: "context, decisions and a bot's conversations" },
  { role: "developer", may: "functions and context; reading the rest" },
  { role: "readonly", may: "reading only" },
] as const;

/** Says how many conversations somebody takes at once. */
export function capacityOf(
  user: Pick<UserDraft, "kind" | "maxConversations" | "hostedBot">,
  standard: number,
): string {
  const { kind, maxConversations } = user;
  if (user.hostedBot || maxConversations === -1) return "no limit";
  if (maxConversations === 0) return "takes none";
  if (maxConversations !== null) return `${count(maxConversations, "conversation")} at once`;
  return kind === "BOT" ? "no limit" : `${standard} at once, as the account`;
}

/** What the account says for people who say nothing. */
export function standardCapacity(settings: Schemas["Settings"] | undefined): number {
  return settings?.routing?.defaultMaxConversations ?? 4;
}

/** Returns the first mistake that can be seen before the server is asked. */
export function mistakeOf(user: UserDraft): string | undefined {
  if (user.name.trim() === "") return "Give them a name first.";
  if (user.skills.some((skill) => skill.skillId === "")) return "Choose the skill, or remove it.";
  return undefined;
}
