/** What is done to a function seldom, and asked about first. */
import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDots, IconListDetails, IconPlayerStop, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type UsherFunction, useFunctionChanges } from "../api/functions";
import { attributesQuery } from "../api/queries";
import { count } from "../lib/format";
import { useRefusal } from "../lib/permissions";
import { Confirm } from "../ui/Confirm";

interface Props {
  it: UsherFunction;
  onLeave: () => void;
}

export function EditorMenu({ it, onLeave }: Props) {
  const [asked, setAsked] = useState<"undeploy" | "delete">();
  const { undeploy, remove } = useFunctionChanges();
  const refusal = useRefusal("FunctionsWrite");
  const navigate = useNavigate();
  const isDeployed = it.deployedVersion != null;
  return (
    <>
      <Menu position="bottom-end" width={240}>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="More about this function">
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {refusal && <Menu.Label>{refusal}</Menu.Label>}
          <Menu.Item
            leftSection={<IconListDetails size={15} />}
            onClick={() =>
              void navigate({ to: "/settings/audit", search: { target: `function/${it.id}` } })
            }
          >
            Who changed what
          </Menu.Item>
          <Menu.Item
            leftSection={<IconPlayerStop size={15} />}
            disabled={refusal !== undefined || !isDeployed}
            onClick={() => setAsked("undeploy")}
          >
            Undeploy
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={refusal !== undefined}
            onClick={() => setAsked("delete")}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "undeploy" && (
        <Confirm
          title={`Undeploy “${it.name}”?`}
          action="Undeploy"
          isPending={undeploy.isPending}
          error={undeploy.error}
          onClose={() => setAsked(undefined)}
          onConfirm={() =>
            undeploy.mutate(it.id, {
              onSuccess: () => {
                setAsked(undefined);
                notifications.show({ message: `“${it.name}” is a draft again; nothing runs.` });
              },
            })
          }
        >
          <Consequence it={it} />
          {it.schedule && " Its schedule is removed."} The draft stays, and can be deployed again.
        </Confirm>
      )}
      {asked === "delete" && (
        <Confirm
          title={`Delete “${it.name}”?`}
          action="Delete"
          isPending={remove.isPending}
          error={remove.error}
          onClose={() => setAsked(undefined)}
          onConfirm={() =>
            remove.mutate(it.id, {
              onSuccess: () => {
                onLeave();
                notifications.show({ message: `“${it.name}” is deleted.` });
                void navigate({ to: "/functions" });
              },
            })
          }
        >
          {isDeployed && <Consequence it={it} />} Its source, its versions and its log are removed;
          they cannot be brought back.
        </Confirm>
      )}
    </>
  );
}

/** Names who asks the function, and gets no answer any more. */
function Consequence({ it }: { it: UsherFunction }) {
  const attributes = useQuery(attributesQuery).data ?? [];
  const asking = attributes.filter((attribute) => attribute.functionId === it.id);
  const policies = new Set(asking.flatMap((attribute) => attribute.policies)).size;
  const parts = [
    it.eventId && "events no longer start it",
    asking.length > 0 &&
      `${asking.map((attribute) => attribute.name).join(", ")} has no value, so ${count(policies, "policy", "policies")} cannot match by it`,
    "programs that call it get an error",
  ].filter(Boolean);
  return <>From now on {parts.join("; ")}.</>;
}
