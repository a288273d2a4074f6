/** One line of a list of users. */
import { Link } from "@tanstack/react-router";
import { byName, found } from "../lib/find";
import { Cell, Row, rowLink } from "../ui/List";
import { Tag } from "../ui/Tag";
import { EnabledSwitch } from "./EnabledSwitch";
import classes from "./Users.module.css";
import { capacityOf, draftOf, type User } from "./user";

interface Props {
  user: User;
  nameOf: (skillId: string) => string;
  groupName: string | undefined;
  standard: number;
  isSelected: boolean;
  isCompact: boolean;
}

/** Skills that are named in a row; the others are counted. */
const SKILLS_SHOWN = 3;

export function UserRow({ user, nameOf, groupName, standard, isSelected, isCompact }: Props) {
  const isBot = user.kind === "BOT";
  const draft = draftOf(user);
  const first = draft.skills.slice(0, SKILLS_SHOWN);
  const more = draft.skills.length - first.length;
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      isOff={user.isEnabled === false}
      columns="44px minmax(0, 1fr) 110px minmax(0, 1.2fr) 190px"
      before={<EnabledSwitch user={user} />}
      name={
        <Link
          to={isBot ? "/bots/$userId" : "/users/$userId"}
          params={{ userId: user.id ?? "" }}
          search={(search) => search}
          className={rowLink}
          aria-current={isSelected ? "page" : undefined}
          title={user.name}
        >
          {user.name}
        </Link>
      }
      about={[isBot ? user.id : (user.email ?? user.id), groupName].filter(Boolean).join(" · ")}
    >
      <Cell isQuiet>
        {!isBot ? (
          draft.role
        ) : draft.hostedBot ? (
          <Tag tone={draft.hostedBot.isEnabled ? "good" : "quiet"}>
            {draft.hostedBot.isEnabled ? "hosted" : "hosted, off"}
          </Tag>
        ) : (
          "your program"
        )}
      </Cell>
      <span className={classes.chips}>
        {first.map(({ skillId, proficiency }) => (
          <span
            key={skillId}
            className={`${classes.chip} cut`}
            title={`${nameOf(skillId)}, proficiency ${proficiency}`}
          >
            {nameOf(skillId)}
          </span>
        ))}
        {more > 0 && (
          <span className={`${classes.chip} number`} data-more>
            +{more}
          </span>
        )}
        {draft.skills.length === 0 && <span className="quiet">no skill</span>}
      </span>
      <Cell isQuiet>{capacityOf(draft, standard)}</Cell>
    </Row>
  );
}

/** Returns those in whose name, address, id or skills all words stand. */
export function foundUsers(
  users: readonly User[],
  find: string,
  nameOf: (skillId: string) => string,
): User[] {
  const textsOf = (user: User) => {
    const skills = (user.skills ?? []).map((skill) => nameOf(skill.skillId));
    return [user.name, user.id, user.email, user.nickname, user.role, ...skills];
  };
  return found(users, find, textsOf).sort(byName);
}
