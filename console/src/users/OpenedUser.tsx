/** The user at an address: one who is there, a new one, or one who is gone. */

import { Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Failure } from "../api/client";
import { userQuery } from "../api/queries";
import { CloseIcon } from "../ui/CloseIcon";
import { Empty, FailureNote } from "../ui/Failures";
import { Pane } from "../ui/Pane";
import { UserEditor } from "./UserEditor";
import type { Kind } from "./user";

interface Props {
  kind: Kind;
  userId: string;
  list: "/users" | "/bots";
  onGo: (userId: string | undefined) => void;
}

const NEW = "new";

export function OpenedUser(props: Props) {
  const { kind, userId, list, onGo } = props;
  if (userId !== NEW) return <Kept key={userId} {...props} />;
  return (
    <UserEditor
      key={NEW}
      kind={kind}
      kept={undefined}
      closeLink={<CloseLink to={list} />}
      onGo={onGo}
    />
  );
}

function Kept({ kind, userId, list, onGo }: Props) {
  const user = useQuery(userQuery(userId));
  const closeLink = <CloseLink to={list} />;
  if (user.data) {
    return (
      <UserEditor
        kind={user.data.value.kind ?? kind}
        kept={user.data}
        closeLink={closeLink}
        onGo={onGo}
      />
    );
  }
  const isGone = user.error instanceof Failure && user.error.status === 404;
  return (
    <Pane title={userId} about=" " actions={closeLink}>
      {isGone ? (
        <Empty title={kind === "BOT" ? "There is no such bot" : "There is nobody of that id"}>
          <Text className="quiet">They may have been deleted, or the link is incomplete.</Text>
          <Link to={list} className="anchor">
            Back to the list
          </Link>
        </Empty>
      ) : user.error ? (
        <FailureNote error={user.error} retry={() => void user.refetch()} />
      ) : (
        <>
          <Skeleton height={40} />
          <Skeleton height={220} />
          <Skeleton height={160} />
        </>
      )}
    </Pane>
  );
}

function CloseLink({ to }: { to: "/users" | "/bots" }) {
  return <CloseIcon label="Close" link={(props) => <Link to={to} search={true} {...props} />} />;
}
