/** The buttons of a supervisor on one conversation. */
import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowBackUp,
  IconDots,
  IconHandGrab,
  IconUserMinus,
  IconUserPlus,
} from "@tabler/icons-react";
import { useState } from "react";
import { useRefusal, useSession } from "../lib/permissions";
import { complain } from "../policies/changes";
import { ReasonedButton } from "../ui/ReasonedButton";
import { useConversationActions } from "./actions";
import { CloseDialog } from "./CloseDialog";
import type { Conversation } from "./conversation";
import { HandOverDialog } from "./HandOverDialog";

type Dialog = "agent" | "skill" | "close";

export function ConversationActions({ conversation }: { conversation: Conversation }) {
  const [dialog, setDialog] = useState<Dialog>();
  const supervise = useRefusal("ConversationsSupervise");
  const write = useRefusal("ConversationsWrite");
  const isClosed = conversation.state === "CLOSED" ? "It is closed." : undefined;
  const close = () => setDialog(undefined);
  return (
    <>
      <ReasonedButton
        size="xs"
        variant="default"
        reason={isClosed ?? supervise}
        onClick={() => setDialog("agent")}
      >
        Give to
      </ReasonedButton>
      <ReasonedButton
        size="xs"
        variant="default"
        reason={isClosed ?? write}
        onClick={() => setDialog("skill")}
      >
        Move to
      </ReasonedButton>
      <ReasonedButton
        size="xs"
        variant="default"
        reason={isClosed ?? write}
        onClick={() => setDialog("close")}
      >
        Close
      </ReasonedButton>
      <More conversation={conversation} refusal={isClosed ?? supervise} />
      {(dialog === "agent" || dialog === "skill") && (
        <HandOverDialog
          conversationId={conversation.id}
          from={{
            skillId: conversation.skillId ?? undefined,
            agentId:
              conversation.state === "OFFERED" ? undefined : (conversation.agentId ?? undefined),
          }}
          who={conversation.consumerId}
          by="supervisor"
          to={dialog}
          onClose={close}
        />
      )}
      {dialog === "close" && (
        <CloseDialog
          conversationId={conversation.id}
          consumerId={conversation.consumerId}
          onClose={close}
        />
      )}
    </>
  );
}

interface MoreProps {
  conversation: Conversation;
  refusal: string | undefined;
}

/** What is done less often. */
function More({ conversation, refusal }: MoreProps) {
  const own = useSession().user?.id;
  const { takeOver, release, join, leave } = useConversationActions(conversation.id);
  const isIn = conversation.participants.some(
    (one) => one.id === own && !one.leftAt && one.role !== "ASSIGNED_AGENT",
  );
  const isOwn = conversation.agentId === own && conversation.state === "ASSIGNED";
  const isOff = refusal !== undefined;
  const fail = (title: string) => ({ onError: (error: Error) => complain(title, error) });
  return (
    <Menu position="bottom-end" width={250}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More about this conversation">
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {refusal && <Menu.Label>{refusal}</Menu.Label>}
        <Menu.Item
          leftSection={<IconHandGrab size={15} />}
          disabled={isOff || own === undefined || isOwn}
          onClick={() =>
            own !== undefined &&
            takeOver.mutate({ agentId: own, force: true }, fail("You did not get the conversation"))
          }
        >
          Take it over yourself
        </Menu.Item>
        {isIn ? (
          <Menu.Item
            leftSection={<IconUserMinus size={15} />}
            disabled={isOff}
            onClick={() => leave.mutate(undefined, fail("You did not leave"))}
          >
            Leave
          </Menu.Item>
        ) : (
          <Menu.Item
            leftSection={<IconUserPlus size={15} />}
            disabled={isOff || own === undefined || isOwn}
            onClick={() => join.mutate(undefined, fail("You did not join"))}
          >
            Join as manager
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconArrowBackUp size={15} />}
          disabled={isOff || conversation.state === "QUEUED"}
          onClick={() => release.mutate(undefined, fail("It was not put back"))}
        >
          Put it back into the queue
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
