/** How the floor is, in the header of every page. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useMatch } from "@tanstack/react-router";
import { queuesQuery } from "../api/queries";
import { number } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import classes from "./LiveSummary.module.css";
import { Since } from "./Since";
import { useStaleness } from "./staleness";

export function LiveSummary() {
  const isShown = useRefusal("ConversationsReadAll") === undefined;
  const queries = useQueryClient();
  const queues = useQuery({ ...queuesQuery, enabled: isShown }).data;
  // The page Live reads the same itself.
  const isOnLive = useMatch({ from: "/shell/live", shouldThrow: false }) !== undefined;
  useStaleness(
    () => queries.invalidateQueries({ queryKey: queuesQuery.queryKey, exact: true }),
    isShown && !isOnLive,
  );
  if (!queues) return null;
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting + queue.ringing, 0);
  const since = queues
    .map((queue) => queue.oldestSince)
    .filter((at) => typeof at === "string")
    .sort()[0];
  return (
    <Link to="/live" className={`${classes.live} number`} data-waiting={waiting > 0 || undefined}>
      <span className={classes.dot} aria-hidden />
      <span>
        {waiting === 0 ? "nobody waits" : `${number(waiting)} waiting`}
        {since && (
          <>
            {" · "}
            <Since at={since} />
          </>
        )}
      </span>
    </Link>
  );
}
