/** Whether the agent gets conversations, and how full they are: on every page. */
import { Menu, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import type { Live } from "../live/live";
import { StatusDot } from "../users/StatusDot";
import classes from "./Availability.module.css";
import { type AgentStatusName, STATUSES, statusOf } from "./words";

export function Availability({ me, live }: { me: Schemas["AgentStatus"]; live: Live }) {
  const queries = useQueryClient();
  const change = useMutation({
    // Over the stream: the agent then counts as there for as long as this page is open.
    mutationFn: (status: AgentStatusName) => live.command("SET_AVAILABILITY", { status }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["agents"] }),
    onError: (error) =>
      notifications.show({
        color: "red",
        title: "You are as before",
        message: error.message,
      }),
  });
  const isLive = live.state.is === "LIVE";
  const status = statusOf(change.isPending ? change.variables : me.status);
  const room = me.slots ? `${me.assigned} of ${me.slots}` : String(me.assigned);
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <Tooltip
          label={
            isLive
              ? `You get ${status.gets}; ${room} conversations`
              : "There is no connection: nothing can reach you right now"
          }
        >
          <UnstyledButton
            className={classes.button}
            data-yields-focus
            aria-label={`Availability: ${isLive ? status.name : "no connection"}`}
          >
            <StatusDot status={isLive ? status.value : "NONE"} />
            <span>{isLive ? status.name : "No connection"}</span>
            <span className="quiet number">{room}</span>
            <IconChevronDown size={14} />
          </UnstyledButton>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>What you get</Menu.Label>
        {STATUSES.map(({ value, name, gets }) => (
          <Menu.Item
            key={value}
            aria-current={status.value === value}
            disabled={!isLive}
            leftSection={<StatusDot status={value} />}
            rightSection={status.value === value ? "✓" : undefined}
            onClick={() => change.mutate(value)}
          >
            {name}
            <Text size="xs" className="quiet">
              {gets}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
