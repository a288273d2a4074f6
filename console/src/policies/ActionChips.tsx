/** What a policy does, each action in a word and a name. */
import { IconHeadset, IconMessage, IconPlayerPlay, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { skillsQuery, usersQuery } from "../api/queries";
import { isObject, type Json, type JsonObject, shown, textOf } from "../lib/json";
import classes from "./ActionChips.module.css";
import { attributeOf } from "./document";

export function ActionChips({ actions }: { actions: readonly JsonObject[] }) {
  return (
    <ul className={classes.chips}>
      {actions.map((action, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: actions have no name, and are not moved here
        <li key={index} className={classes.chip}>
          <Chip action={action} />
        </li>
      ))}
    </ul>
  );
}

function Chip({ action }: { action: JsonObject }) {
  const payload = isObject(action["payload"]) ? action["payload"] : {};
  const skillName = useSkillName();
  const agentName = useAgentName();
  switch (textOf(action, "type")) {
    case "TRANSFER_TO_SKILL":
      return <Named icon={<IconUsers size={13} />} text={skillName(payload["skillId"])} />;
    case "TRANSFER_TO_AGENT": {
      const agent = agentName(payload["userId"] ?? payload["agentId"]);
      const fallback = payload["skillId"] ?? payload["fallbackSkillId"];
      const text = fallback ? `${agent}, else ${skillName(fallback)}` : agent;
      return <Named icon={<IconHeadset size={13} />} text={text} />;
    }
    case "SEND_MESSAGE":
      return (
        <Named
          icon={<IconMessage size={13} />}
          text={shown(payload["message"] ?? payload["text"])}
        />
      );
    default:
      return <Named icon={<IconPlayerPlay size={13} />} text={textOf(action, "type")} />;
  }
}

function Named({ icon, text }: { icon: React.ReactNode; text: string }) {
  return (
    <span className={classes.named} title={text}>
      {icon}
      <span className="cut">{text || "not chosen yet"}</span>
    </span>
  );
}

/** Returns how to name a skill that an action mentions. */
export function useSkillName(): (id: Json | undefined) => string {
  const skills = useQuery(skillsQuery).data;
  return (id) =>
    attributeOf(id) ?? skills?.find((skill) => skill.id === shown(id))?.name ?? shown(id);
}

/** Returns how to name an agent that an action mentions. */
export function useAgentName(): (id: Json | undefined) => string {
  const users = useQuery(usersQuery).data;
  return (id) => attributeOf(id) ?? users?.find((user) => user.id === shown(id))?.name ?? shown(id);
}
