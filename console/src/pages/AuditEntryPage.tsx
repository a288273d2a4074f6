/** One change: who made it, and what was before and after. */

import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { actorName, deedOf, idOf, linesOf, nameOf } from "../access/audit";
import { useActorNames } from "../access/names";
import { auditEntryQuery } from "../api/access";
import { instant } from "../lib/format";
import { CloseIcon } from "../ui/CloseIcon";
import { CopyButton } from "../ui/CopyButton";
import { Diff } from "../ui/Diff";
import { FailureNote } from "../ui/Failures";
import { Facts, Pane, Part } from "../ui/Pane";
import { When } from "../ui/When";

const route = getRouteApi("/shell/settings/audit/$auditId");

export function AuditEntryPage() {
  const { auditId } = route.useParams();
  const query = useQuery(auditEntryQuery(auditId));
  const names = useActorNames();
  const entry = query.data;
  const close = (
    <CloseIcon
      label="Close the change"
      link={(props) => <Link to="/settings/audit" search={true} {...props} />}
    />
  );
  if (!entry) {
    return (
      <Pane title="A change" about=" " actions={close}>
        {query.error ? (
          <FailureNote error={query.error} retry={() => void query.refetch()} />
        ) : (
          <Skeleton height={240} />
        )}
      </Pane>
    );
  }
  const who = actorName(entry.actor, names);
  return (
    <Pane
      title={`${who} ${deedOf(entry.action)}${nameOf(entry) && ` “${nameOf(entry)}”`}`}
      about={<When at={entry.at} />}
      actions={close}
    >
      <Part title="What changed">
        <Diff before={linesOf(entry.before)} after={linesOf(entry.after)} />
      </Part>
      <Part title="About it">
        <Facts
          facts={[
            { name: "When", is: instant(entry.at) },
            {
              name: "Who",
              is: (
                <Link to="/settings/audit" search={{ actor: entry.actor }} className="anchor">
                  {who}
                </Link>
              ),
            },
            {
              name: "Of what",
              is: (
                <>
                  <Link to="/settings/audit" search={{ target: entry.target }} className="anchor">
                    {entry.target}
                  </Link>
                  <Place target={entry.target} />
                </>
              ),
            },
            { name: "Request", is: <span className="code">{entry.requestId}</span> },
          ]}
        />
        <div>
          <CopyButton value={JSON.stringify(entry, null, 2)} what="the entry as JSON" />
        </div>
      </Part>
    </Pane>
  );
}

/** The way to the thing itself, if it has a page. */
function Place({ target }: { target: string }) {
  const id = idOf(target);
  const open = " · open it";
  switch (target.split("/")[0]) {
    case "policy":
      return (
        <Link to="/policies/$policyId" params={{ policyId: id }} className="anchor">
          {open}
        </Link>
      );
    case "credential":
      return (
        <Link to="/settings/access/$credentialId" params={{ credentialId: id }} className="anchor">
          {open}
        </Link>
      );
    case "attribute":
      return (
        <Link to="/attributes/$name" params={{ name: `custom.${id}` }} className="anchor">
          {open}
        </Link>
      );
    case "function":
      return (
        <Link to="/functions/$functionId" params={{ functionId: id }} className="anchor">
          {open}
        </Link>
      );
    case "webhook":
      return (
        <Link to="/webhooks/$webhookId" params={{ webhookId: id }} className="anchor">
          {open}
        </Link>
      );
    case "skill":
      return (
        <Link to="/skills/$skillId" params={{ skillId: id }} className="anchor">
          {open}
        </Link>
      );
    case "user":
      return (
        <Link to="/users/$userId" params={{ userId: id }} className="anchor">
          {open}
        </Link>
      );
    case "settings":
      return (
        <Link to="/settings/last-agent" className="anchor">
          {open}
        </Link>
      );
    default:
      return null;
  }
}
