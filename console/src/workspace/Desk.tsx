/** What an agent has on every page: whether they get conversations, and what rings. */
import { useMatchRoute } from "@tanstack/react-router";
import type { Schemas } from "../api/client";
import { Availability } from "./Availability";
import classes from "./Desk.module.css";
import { Offers } from "./Offers";
import { useDesk, useMe, useOffers } from "./useDesk";

export function Desk() {
  const me = useMe();
  return me ? <Manned me={me} /> : null;
}

function Manned({ me }: { me: Schemas["AgentStatus"] }) {
  const live = useDesk(me.id);
  const offers = useOffers(me.id);
  // The workspace has a place for offers of its own.
  const isElsewhere = !useMatchRoute()({ to: "/workspace", fuzzy: true });
  return (
    <>
      <Availability me={me} live={live} />
      {isElsewhere && (
        <div className={classes.offers}>
          <Offers offers={offers} live={live} />
        </div>
      )}
    </>
  );
}
