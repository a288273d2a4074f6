/** A skill as it is edited, and what is said of it. */
import type { Schemas } from "../api/client";
import type { Policy } from "../api/queries";
import { count, duration } from "../lib/format";
import { isObject, objectsOf, shown, textOf } from "../lib/json";
import { documentOf } from "../policies/document";

export type Skill = Schemas["Skill"];
export type Routing = Required<Schemas["SkillRouting"]>;
export type Relaxation = Required<Schemas["Relaxation"]>;
export type Hours = Required<Schemas["Hours"]>;
export type Survey = Required<Schemas["Survey"]>;

/** What of a skill can be changed, every field with a value. */
export type SkillDraft = Required<
  Omit<Schemas["WrittenSkill"], "id" | "routing" | "hours" | "survey">
> & {
  routing: Routing;
  hours: Hours | null;
  survey: Survey | null;
};

export const NEW_SKILL: SkillDraft = draftOf({ name: "" });

/** Returns what of a skill can be changed; what the server leaves out has these values. */
export function draftOf(skill: Schemas["WrittenSkill"]): SkillDraft {
  const { routing, hours, survey } = skill;
  return {
    name: skill.name,
    description: skill.description ?? "",
    isEnabled: skill.isEnabled ?? true,
    isLastAgentEnabled: skill.isLastAgentEnabled ?? true,
    maxWaitSeconds: skill.maxWaitSeconds ?? null,
    fallbackSkillId: skill.fallbackSkillId ?? null,
    routing: {
      ringSeconds: routing?.ringSeconds ?? null,
      isAutoAccepted: routing?.isAutoAccepted ?? null,
      weights: routing?.weights ?? null,
      answerWithinSeconds: routing?.answerWithinSeconds ?? null,
      responseSeconds: routing?.responseSeconds ?? null,
      urgentResponseSeconds: routing?.urgentResponseSeconds ?? null,
      proficiencyMin: routing?.proficiencyMin ?? null,
      relaxations: routing?.relaxations ?? [],
    },
    hours: hours
      ? {
          zone: hours.zone,
          week: hours.week ?? [],
          exceptions: hours.exceptions ?? [],
          outside: hours.outside ?? { behavior: "QUEUE" },
        }
      : null,
    survey: survey ? { ...survey, thanks: survey.thanks ?? null } : null,
  };
}

export const DAYS = [
  { day: "MONDAY", name: "Monday" },
  { day: "TUESDAY", name: "Tuesday" },
  { day: "WEDNESDAY", name: "Wednesday" },
  { day: "THURSDAY", name: "Thursday" },
  { day: "FRIDAY", name: "Friday" },
  { day: "SATURDAY", name: "Saturday" },
  { day: "SUNDAY", name: "Sunday" },
] as const;

/** The account's values, for what a skill does not say itself. */
export interface Standards {
  ringSeconds: number;
  isAutoAccepted: boolean;
  weights: Schemas["Weights"];
}

export function standardsOf(settings: Schemas["Settings"] | undefined): Standards {
  const routing = settings?.routing;
  return {
    ringSeconds: routing?.ringSeconds ?? 72,
    isAutoAccepted: routing?.isAutoAccepted ?? false,
    weights: routing?.weights ?? {
      activePerMille: 1_000,
      inactivePerMille: 100,
      inactiveAfterSeconds: 240,
    },
  };
}

/** Says in a sentence or two what a skill does with a conversation. */
export function effectOf(
  skill: SkillDraft,
  standards: Standards,
  nameOf: (skillId: string) => string,
): string {
  if (!skill.isEnabled) {
    return "Switched off: nothing is transferred to it or handed out, and what is in its queue waits.";
  }
  const isAuto = skill.routing.isAutoAccepted ?? standards.isAutoAccepted;
  const rings = duration(skill.routing.ringSeconds ?? standards.ringSeconds);
  const sentences = [
    isAuto
      ? "A conversation is given to the best agent at once"
      : `A conversation rings for ${rings} at the best agent, then at the next`,
  ];
  const { maxWaitSeconds, fallbackSkillId, hours } = skill;
  if (maxWaitSeconds !== null && fallbackSkillId !== null) {
    sentences.push(
      `after ${duration(maxWaitSeconds)} agents of ${nameOf(fallbackSkillId)} may have it too`,
    );
  }
  if (hours) {
    const { outside } = hours;
    sentences.push(
      outside.behavior === "TRANSFER"
        ? `outside business hours it goes to ${nameOf(outside.skillId)}`
        : outside.behavior === "CLOSE"
          ? "outside business hours the consumer is told so, and it ends"
          : "outside business hours it waits",
    );
  }
  return `${sentences.join("; ")}.`;
}

/** Says when a skill works, in a few words. */
export function hoursInShort(hours: Schemas["Hours"] | null | undefined): string {
  if (!hours) return "always open";
  const days = new Set((hours.week ?? []).map((opening) => opening.day)).size;
  return days === 0 ? "never open" : `open ${count(days, "day")} a week`;
}

/** Returns the policies whose actions or exceptions name a skill. */
export function policiesNaming(skillId: string, policies: readonly Policy[]): Policy[] {
  return policies.filter((policy) => {
    const document = documentOf(policy);
    const guarded = [document, ...objectsOf(document, "exceptions")];
    return guarded
      .flatMap((one) => objectsOf(one, "actions"))
      .some((action) => {
        const payload = action["payload"];
        if (!isObject(payload)) return false;
        const isTransfer = textOf(action, "type").startsWith("TRANSFER_TO_");
        return (
          isTransfer &&
          [payload["skillId"], payload["fallbackSkillId"]].some((id) => shown(id) === skillId)
        );
      });
  });
}

/** Returns the mistakes that can be seen before the server is asked, by field. */
export function mistakesOf(skill: SkillDraft): string | undefined {
  if (skill.name.trim() === "") return "Give it a name first.";
  if (skill.fallbackSkillId !== null && skill.maxWaitSeconds === null) {
    return "Say after which wait agents of the other skill may have it too.";
  }
  if (skill.survey && skill.survey.question.trim() === "") {
    return "Say what the survey asks.";
  }
  const { hours } = skill;
  if (hours?.outside.behavior === "TRANSFER" && hours.outside.skillId === "") {
    return "Say to which skill conversations go outside business hours.";
  }
  if (hours?.outside.behavior === "CLOSE" && hours.outside.message.trim() === "") {
    return "Say what consumers are told outside business hours.";
  }
  return undefined;
}
