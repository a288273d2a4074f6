/** What those who act are called, as far as whoever looks may know. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { credentialsQuery } from "../api/access";
import { usersQuery } from "../api/queries";
import { useMay } from "../lib/permissions";

/** Returns names by `user/ada` and `credential/3f0c…`. */
export function useActorNames(): ReadonlyMap<string, string> {
  const users = useQuery({ ...usersQuery, enabled: useMay("UsersRead") }).data;
  const credentials = useQuery({ ...credentialsQuery, enabled: useMay("AccessRead") }).data;
  return useMemo(
    () =>
      new Map([
        ...(users ?? []).map((user) => [`user/${user.id}`, user.name] as const),
        ...(credentials ?? []).map((one) => [`credential/${one.id}`, one.name] as const),
      ]),
    [users, credentials],
  );
}
