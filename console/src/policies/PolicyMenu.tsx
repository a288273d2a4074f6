/** What is done to a policy that is not done often. */
import { ActionIcon, Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCopy, IconDots, IconHistory, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Policy } from "../api/queries";
import { useRefusal } from "../lib/permissions";
import { useDelete, useDuplicate, useRestore } from "./changes";

interface Props {
  policy: Policy;
  label: string;
  isSubtle?: boolean;
  /** What can be done before the rest. */
  children?: ReactNode;
  onDuplicated?: (copy: Policy) => void;
  /** Told before it goes. */
  onDelete?: () => void;
}

export function PolicyMenu({ policy, label, isSubtle, children, ...on }: Props) {
  const navigate = useNavigate();
  const refusal = useRefusal("PoliciesWrite");
  const duplicate = useDuplicate();
  const remove = useDeleteWithUndo();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon
          variant={isSubtle ? "subtle" : "default"}
          {...(isSubtle ? { color: "gray" } : { size: 30 })}
          aria-label={label}
        >
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {refusal && <Menu.Label>{refusal}</Menu.Label>}
        {children}
        <Menu.Item
          leftSection={<IconHistory size={15} />}
          onClick={() => void navigate({ to: "/decisions", search: { policy: policy.id } })}
        >
          Decisions it won
        </Menu.Item>
        <Menu.Item
          leftSection={<IconCopy size={15} />}
          disabled={refusal !== undefined}
          onClick={() => duplicate.mutate(policy, { onSuccess: (copy) => on.onDuplicated?.(copy) })}
        >
          Duplicate
        </Menu.Item>
        <Menu.Item
          color="red"
          leftSection={<IconTrash size={15} />}
          disabled={refusal !== undefined}
          onClick={() => {
            on.onDelete?.();
            remove(policy);
          }}
        >
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Deletes at once and offers to take it back. */
function useDeleteWithUndo(): (policy: Policy) => void {
  const restore = useRestore();
  const remove = useDelete((policy) => {
    const id = `deleted-${policy.id}`;
    const undo = () => {
      notifications.hide(id);
      restore.mutate(policy);
    };
    notifications.show({
      id,
      autoClose: 12_000,
      title: `“${policy.name}” is deleted`,
      message: (
        <Button size="compact-sm" variant="default" onClick={undo}>
          Undo
        </Button>
      ),
    });
  });
  return (policy) => remove.mutate(policy);
}
