/** One bot. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { OpenedUser } from "../users/OpenedUser";

const route = getRouteApi("/shell/bots/$userId");

export function BotPage() {
  const { userId } = route.useParams();
  const navigate = useNavigate({ from: "/bots" });
  return (
    <OpenedUser
      kind="BOT"
      userId={userId}
      list="/bots"
      onGo={(next) =>
        void (next === undefined
          ? navigate({ to: "/bots", search: true })
          : navigate({ to: "/bots/$userId", params: { userId: next }, search: true }))
      }
    />
  );
}
