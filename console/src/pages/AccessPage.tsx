/** Access: the credentials with which programs come in, and beside them the one that is opened. */
import { Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useMatch, useNavigate } from "@tanstack/react-router";
import { ConditionTag } from "../access/ConditionTag";
import { conditionOf } from "../access/credential";
import { roleName } from "../access/roles";
import { type Credential, credentialsQuery } from "../api/access";
import { count, day, instant } from "../lib/format";
import { useMay, useRefusal } from "../lib/permissions";
import { Empty } from "../ui/Failures";
import { Cell, List, Row, rowLink } from "../ui/List";
import { ListPage } from "../ui/ListPage";
import { NewButton } from "../ui/NewButton";
import { When } from "../ui/When";

export function AccessPage() {
  const match = useMatch({ from: "/shell/settings/access/$credentialId", shouldThrow: false });
  const selected = match?.params.credentialId;
  const maySee = useMay("AccessRead");
  const refusal = useRefusal("AccessWrite");
  const credentials = useQuery({ ...credentialsQuery, enabled: maySee });
  const navigate = useNavigate();
  if (!maySee) {
    return (
      <Empty title="Only administrators see credentials" icon={<IconKey size={30} stroke={1.5} />}>
        <Text className="quiet" maw={440}>
          A credential lets a program in. Ask an administrator of this account for one.
        </Text>
      </Empty>
    );
  }
  return (
    <ListPage
      title="Access"
      summary={credentials.data ? summaryOf(credentials.data) : " "}
      isOpen={selected !== undefined}
      pane={<Outlet />}
      actions={
        <NewButton
          label="New credential"
          isShort={selected !== undefined}
          reason={refusal}
          onClick={() =>
            void navigate({
              to: "/settings/access/$credentialId",
              params: { credentialId: "new" },
            })
          }
        />
      }
    >
      <List
        of="Access"
        source={credentials}
        items={credentials.data}
        keyOf={(credential) => credential.id}
        selected={selected}
        row={(credential) => (
          <CredentialRow
            credential={credential}
            isSelected={credential.id === selected}
            isCompact={selected !== undefined}
          />
        )}
        empty={
          <Empty title="No program has a key yet" icon={<IconKey size={30} stroke={1.5} />}>
            <Text className="quiet" maw={440}>
              A bot, an app or a script comes in with a credential: a key, and a role that says what
              it may do. Make one for each, so that each can be revoked alone.
            </Text>
          </Empty>
        }
      />
    </ListPage>
  );
}

/** Says how many work, and what has to be looked after. */
function summaryOf(credentials: readonly Credential[]): string {
  const now = Date.now();
  const ended = credentials.filter((one) => conditionOf(one, now) === "has ended").length;
  const soon = credentials.filter((one) => conditionOf(one, now) === "ends soon").length;
  const works = `${count(credentials.length - ended, "credential")} ${credentials.length - ended === 1 ? "works" : "work"}`;
  const rest = [
    soon > 0 ? `${count(soon, "ends", "end")} within a week` : "",
    ended > 0 ? `${count(ended, "has", "have")} ended` : "",
  ].filter(Boolean);
  return [works, ...rest].join("; ");
}

function CredentialRow(props: { credential: Credential; isSelected: boolean; isCompact: boolean }) {
  const { credential, isSelected, isCompact } = props;
  return (
    <Row
      isSelected={isSelected}
      isCompact={isCompact}
      columns="minmax(0, 1fr) 110px 150px 170px"
      name={
        <Link
          to="/settings/access/$credentialId"
          params={{ credentialId: credential.id }}
          className={rowLink}
          title={credential.name}
          aria-current={isSelected ? "page" : undefined}
        >
          {credential.name}
        </Link>
      }
      about={
        <>
          {roleName(credential.role)}
          {credential.userId && ` as ${credential.userId}`}
        </>
      }
    >
      <Cell>
        <ConditionTag credential={credential} />
      </Cell>
      <Cell isQuiet title={credential.expiresAt ? instant(credential.expiresAt) : undefined}>
        {credential.expiresAt
          ? `${conditionOf(credential, Date.now()) === "has ended" ? "ended" : "ends"} ${day(credential.expiresAt)}`
          : "until it is revoked"}
      </Cell>
      <Cell isQuiet>
        {credential.lastUsedAt ? (
          <>
            last used <When at={credential.lastUsedAt} />
          </>
        ) : (
          "never used"
        )}
      </Cell>
    </Row>
  );
}
