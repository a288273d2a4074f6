/** What who is signed in may do; what they may not is shown disabled, with the reason. */
import { useSuspenseQuery } from "@tanstack/react-query";
import { type Session, sessionQuery } from "../api/session";

export type Permission =
  | "PoliciesWrite"
  | "AttributesWrite"
  | "ContextWrite"
  | "ContextErase"
  | "DecisionsAsk"
  | "SkillsWrite"
  | "ConversationsReadAll"
  | "ConversationsWrite"
  | "ConversationsSupervise"
  | "SettingsWrite"
  | "AuditRead"
  | "FunctionsRead"
  | "FunctionsWrite"
  | "FunctionsInvoke"
  | "FunctionsAdminister"
  | "WebhooksRead"
  | "WebhooksWrite"
  | "UsersRead"
  | "UsersWrite"
  | "AccessRead"
  | "AccessWrite";

const NOBODY: Session = { account: "", role: "readonly", permissions: [], user: null };

export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data ?? NOBODY;
}

/** Whether the signed-in person may do something. */
export function useMay(permission: Permission): boolean {
  return useSession().permissions.includes(permission);
}

/** Returns why the signed-in person may not do something, or nothing if they may. */
export function useRefusal(permission: Permission): string | undefined {
  const session = useSession();
  if (session.permissions.includes(permission)) return undefined;
  return `Your role, ${session.role}, may look but not change this.`;
}
