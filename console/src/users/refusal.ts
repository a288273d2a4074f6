/** Who may change whom: administrators everybody, managers agents and bots. */
import { useMay, useRefusal } from "../lib/permissions";

const WORKING = ["agent", "bot"];

/** Whether somebody of a role can be made, changed and let in by the signed-in person. */
export function useReach(): (role: string) => boolean {
  const isAdministrator = useMay("AccessWrite");
  return (role) => isAdministrator || WORKING.includes(role);
}

/** Returns why the signed-in person may not change somebody of a role, or nothing if they may. */
export function useUserRefusal(role: string | null | undefined): string | undefined {
  const refusal = useRefusal("UsersWrite");
  const reaches = useReach();
  if (refusal !== undefined || !role || reaches(role)) return refusal;
  return `Only administrators change people with the role ${role}.`;
}
