/** Texts that are sent often, and commands: found by a part of their name or of what they say. */
import { ActionIcon, Combobox, ScrollArea, Text, Tooltip, useCombobox } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useState } from "react";
import type { Schemas } from "../api/client";
import { workspaceQuery } from "../api/queries";
import classes from "./CannedReplies.module.css";

type Reply = Schemas["CannedReply"];
type Command = Schemas["Command"];

/** What tells a command's option from that of a reply with the same name. */
const [REPLY, COMMAND] = ["reply:", "command:"];

/** Replies that are shown at once. */
const SHOWN_MAX = 50;

interface Props {
  skillId: string | undefined;
  commands: readonly Command[];
  isDisabled: boolean;
  /** Whether the keys asked for it. */
  isAsked: boolean;
  onClose: () => void;
  onChoose: (text: string) => void;
  onCommand: (name: string) => void;
  /** Where the focus goes back. */
  field: RefObject<HTMLTextAreaElement | null>;
}

export function CannedReplies({ skillId, commands, isDisabled, isAsked, field, ...on }: Props) {
  const [wanted, setWanted] = useState("");
  const all = useQuery(workspaceQuery).data?.cannedReplies ?? [];
  const combobox = useCombobox({
    onDropdownOpen: () => {
      combobox.focusSearchInput();
    },
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setWanted("");
      on.onClose();
      field.current?.focus();
    },
  });
  const { openDropdown, selectFirstOption } = combobox;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is found is another thing then
  useEffect(() => {
    if (combobox.dropdownOpened) selectFirstOption();
  }, [wanted, combobox.dropdownOpened]);
  useEffect(() => {
    if (isAsked) openDropdown();
  }, [isAsked, openDropdown]);
  const found = repliesFor(all, skillId, wanted).slice(0, SHOWN_MAX);
  const given = commandsFor(commands, wanted).slice(0, SHOWN_MAX);
  const label = "Canned replies and commands: type / in an empty message";
  return (
    <Combobox
      store={combobox}
      width={360}
      position="top-end"
      withinPortal
      onOptionSubmit={(value) => {
        const reply = all.find(({ name }) => value === `${REPLY}${name}`);
        if (value.startsWith(COMMAND)) on.onCommand(value.slice(COMMAND.length));
        else if (reply) on.onChoose(reply.text);
        combobox.closeDropdown();
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Tooltip label={label}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label="Canned replies and commands"
            disabled={isDisabled}
            onClick={() => combobox.toggleDropdown()}
          >
            <IconBolt size={18} />
          </ActionIcon>
        </Tooltip>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          aria-label="Find a reply or command"
          placeholder="A part of its name or text"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <ScrollArea.Autosize mah={260} type="auto">
          <Combobox.Options aria-label="Canned replies and commands">
            {found.map(({ name, text }) => (
              <Choice key={name} value={`${REPLY}${name}`} name={name} text={text} />
            ))}
            {given.length > 0 && (
              <Combobox.Group label="Commands">
                {given.map(({ name, description }) => (
                  <Choice
                    key={name}
                    value={`${COMMAND}${name}`}
                    name={`/${name}`}
                    text={description}
                  />
                ))}
              </Combobox.Group>
            )}
            {found.length + given.length === 0 && (
              <Combobox.Empty>
                {all.length + commands.length === 0
                  ? "There are none yet; a manager adds them under Settings, Workspace."
                  : "Nothing is like this."}
              </Combobox.Empty>
            )}
          </Combobox.Options>
        </ScrollArea.Autosize>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function Choice({ value, name, text }: { value: string; name: string; text: string }) {
  return (
    <Combobox.Option value={value}>
      <Text size="sm" fw={600} className="cut" title={name}>
        {name}
      </Text>
      <Text size="xs" className={`${classes.text} quiet`}>
        {text}
      </Text>
    </Combobox.Option>
  );
}

/** Returns the commands that have all that is wanted in their name or in what they are for. */
function commandsFor(commands: readonly Command[], wanted: string): Command[] {
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ name, description }) => {
    const said = `/${name} ${description}`.toLocaleLowerCase();
    return words.every((word) => said.includes(word));
  });
}

/** Returns the replies of a skill that have all that is wanted in their name or text. */
export function repliesFor(
  replies: readonly Reply[],
  skillId: string | undefined,
  wanted: string,
): Reply[] {
  const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return replies.filter(({ name, text, skillIds = [] }) => {
    const isFor = skillIds.length === 0 || (skillId !== undefined && skillIds.includes(skillId));
    const said = `${name} ${text}`.toLocaleLowerCase();
    return isFor && words.every((word) => said.includes(word));
  });
}
