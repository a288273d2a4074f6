/** One credential: what it may do, when it was used, and its end. */

import { Alert, Group, NativeSelect, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Actor } from "../access/Actor";
import { ConditionTag } from "../access/ConditionTag";
import { isOverlapping, OVERLAPS } from "../access/credential";
import { NewCredential } from "../access/NewCredential";
import { ROLE_POWERS, roleName, roleOf } from "../access/roles";
import { type Credential, credentialsQuery, useCredentialChanges } from "../api/access";
import type { Schemas } from "../api/client";
import { instant } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { CloseIcon } from "../ui/CloseIcon";
import { Confirm } from "../ui/Confirm";
import { Empty } from "../ui/Failures";
import { Facts, Pane, Part } from "../ui/Pane";
import { ReasonedButton } from "../ui/ReasonedButton";
import { ShownOnce } from "../ui/ShownOnce";
import { When } from "../ui/When";

const route = getRouteApi("/shell/settings/access/$credentialId");

export function CredentialPage() {
  const { credentialId } = route.useParams();
  const navigate = useNavigate();
  const credentials = useQuery(credentialsQuery);
  const [issued, setIssued] = useState<Schemas["IssuedCredential"]>();
  const close = (
    <CloseIcon
      label="Close the credential"
      link={(props) => <Link to="/settings/access" {...props} />}
    />
  );
  const credential = credentials.data?.find((one) => one.id === credentialId);
  return (
    <>
      {credentialId === "new" ? (
        <NewCredential close={close} onIssued={setIssued} />
      ) : credential ? (
        <Opened key={credentialId} credential={credential} close={close} onIssued={setIssued} />
      ) : (
        <div>
          {credentials.data && (
            <Empty title="There is no such credential">
              <Text className="quiet">
                It was revoked; the{" "}
                <Link
                  to="/settings/audit"
                  search={{ target: `credential/${credentialId}` }}
                  className="anchor"
                >
                  audit log
                </Link>{" "}
                says by whom.
              </Text>
            </Empty>
          )}
        </div>
      )}
      {issued && (
        <ShownOnce
          title={`The secrets of “${issued.name}”`}
          warning="They are shown this once. What is lost cannot be shown again, only replaced by rotating."
          values={[
            {
              name: "API key",
              about: "For Authorization: Bearer …, and for maven-api-key",
              value: issued.apiKey,
            },
            {
              name: "Client id",
              about: "For /v2/authenticate/login",
              value: issued.clientId,
            },
            {
              name: "Client secret",
              about: "For /v2/authenticate/login, with the client id",
              value: issued.clientSecret,
            },
          ]}
          onKept={() => {
            const { id } = issued;
            setIssued(undefined);
            void navigate({ to: "/settings/access/$credentialId", params: { credentialId: id } });
          }}
        />
      )}
    </>
  );
}

interface OpenedProps {
  credential: Credential;
  close: React.ReactNode;
  onIssued: (issued: Schemas["IssuedCredential"]) => void;
}

function Opened({ credential, close, onIssued }: OpenedProps) {
  const refusal = useRefusal("AccessWrite");
  const changes = useCredentialChanges();
  const navigate = useNavigate();
  const [overlap, setOverlap] = useState(86_400);
  const [isRevoking, setRevoking] = useState(false);
  const role = roleOf(credential.role);
  const isTwo = isOverlapping(credential, Date.now());
  return (
    <Pane
      title={credential.name}
      about={role ? `${roleName(role)}: ${ROLE_POWERS[role]}` : credential.role}
      actions={
        <>
          <ReasonedButton
            size="xs"
            variant="default"
            reason={refusal}
            onClick={() => setRevoking(true)}
          >
            Revoke
          </ReasonedButton>
          {close}
        </>
      }
    >
      <Part title="How it is">
        <Facts
          facts={[
            { name: "State", is: <ConditionTag credential={credential} /> },
            {
              name: "Last used",
              is: credential.lastUsedAt ? <When at={credential.lastUsedAt} /> : "never",
            },
            {
              name: "Ends",
              is: credential.expiresAt
                ? instant(credential.expiresAt)
                : "when it is revoked, not before",
            },
            { name: "Acts as", is: credential.userId ?? "itself" },
            { name: "Client id", is: <span className="code">{credential.clientId}</span> },
            {
              name: "Made",
              is: (
                <>
                  <When at={credential.createdAt} /> by <Actor actor={credential.createdBy} />
                </>
              ),
            },
            {
              name: "Changes",
              is: (
                <Link
                  to="/settings/audit"
                  search={{ target: `credential/${credential.id}` }}
                  className="anchor"
                >
                  in the audit log
                </Link>
              ),
            },
          ]}
        />
      </Part>
      <Part
        title="Rotate"
        hint="New secrets are made and shown once. The present ones may work on for a while, so that programs can change over one by one."
      >
        {isTwo && credential.previousUntil && (
          <Alert color="yellow" variant="light" title="Two sets of secrets work">
            The secrets before the last rotation work until {instant(credential.previousUntil)}.
            Rotating again ends them.
          </Alert>
        )}
        {changes.rotate.error && (
          <Alert
            color="red"
            variant="light"
            title="It was not rotated; the present secrets work on"
          >
            {changes.rotate.error.message}
          </Alert>
        )}
        <Group align="flex-end">
          <NativeSelect
            label="The present secrets work on"
            w={260}
            disabled={refusal !== undefined}
            data={OVERLAPS.map(({ seconds, label }) => ({ value: String(seconds), label }))}
            value={String(overlap)}
            onChange={(event) => setOverlap(Number(event.currentTarget.value))}
          />
          <ReasonedButton
            variant="default"
            reason={refusal}
            loading={changes.rotate.isPending}
            onClick={() =>
              changes.rotate.mutate(
                { id: credential.id, overlapSeconds: overlap },
                { onSuccess: onIssued },
              )
            }
          >
            Rotate
          </ReasonedButton>
        </Group>
      </Part>
      {isRevoking && (
        <Confirm
          title={`Revoke “${credential.name}”?`}
          action="Revoke"
          isPending={changes.revoke.isPending}
          error={changes.revoke.error}
          onClose={() => setRevoking(false)}
          onConfirm={() =>
            changes.revoke.mutate(credential.id, {
              onSuccess: () => {
                notifications.show({ message: `“${credential.name}” lets nobody in any more.` });
                void navigate({ to: "/settings/access" });
              },
            })
          }
        >
          Every program that uses it is refused from now on
          {credential.lastUsedAt ? (
            <>
              {" "}
              – it was last used <When at={credential.lastUsedAt} />
            </>
          ) : (
            "; it was never used"
          )}
          . It cannot be brought back.
        </Confirm>
      )}
    </Pane>
  );
}
