/** Switches somebody on and off; off, they neither sign in nor get conversations. */
import { Switch, Tooltip } from "@mantine/core";
import { useSession } from "../lib/permissions";
import { rowAbove } from "../ui/List";
import { useSwitchUser } from "./changes";
import { useUserRefusal } from "./refusal";
import type { User } from "./user";

export function EnabledSwitch({ user }: { user: User }) {
  const change = useSwitchUser();
  const refusal = useUserRefusal(user.role);
  const isSelf = useSession().user?.id === user.id;
  const reason =
    refusal ?? (isSelf ? "This is you: switched off, you could not come back." : undefined);
  return (
    <Tooltip label={reason} disabled={!reason}>
      <span className={rowAbove}>
        <Switch
          size="xs"
          aria-label={`${user.name} is enabled`}
          checked={user.isEnabled !== false}
          disabled={reason !== undefined}
          onChange={(event) => change.mutate({ user, isEnabled: event.currentTarget.checked })}
        />
      </span>
    </Tooltip>
  );
}
