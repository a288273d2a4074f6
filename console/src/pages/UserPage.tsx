/** One person. */
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { OpenedUser } from "../users/OpenedUser";

const route = getRouteApi("/shell/users/$userId");

export function UserPage() {
  const { userId } = route.useParams();
  const navigate = useNavigate({ from: "/users" });
  return (
    <OpenedUser
      kind="HUMAN"
      userId={userId}
      list="/users"
      onGo={(next) =>
        void (next === undefined
          ? navigate({ to: "/users", search: true })
          : navigate({ to: "/users/$userId", params: { userId: next }, search: true }))
      }
    />
  );
}
