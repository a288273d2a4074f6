/** What each role may do, in a sentence. */

export const ROLES = ["admin", "manager", "agent", "bot", "developer", "readonly"] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_NAMES: Record<Role, string> = {
  admin: "Administrator",
  manager: "Manager",
  agent: "Agent",
  bot: "Bot",
  developer: "Developer",
  readonly: "Read only",
};

export const ROLE_POWERS: Record<Role, string> = {
  admin: "may do everything, and give access to others",
  manager: "may do everything but give access; looks after agents and bots",
  agent: "may hold conversations and see who else is there",
  bot: "may write context, ask for next actions and hold conversations in anybody’s name",
  developer: "may change functions, webhooks, attributes and context, and see the rest",
  readonly: "may see, and change nothing",
};

/** Returns the role that a word of the server names. */
export function roleOf(word: string): Role | undefined {
  return ROLES.find((role) => role === word);
}

export function roleName(word: string): string {
  const role = roleOf(word);
  return role ? ROLE_NAMES[role] : word;
}
