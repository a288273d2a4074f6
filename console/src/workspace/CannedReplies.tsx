/** Texts that are sent often: found by a part of their name or of what they say. */
import { ActionIcon, Combobox, ScrollArea, Text, Tooltip, useCombobox } from "@mantine/core";
import { IconBolt } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type RefObject, useEffect, useState } from "react";
import type { Schemas } from "../api/client";
import { workspaceQuery } from "../api/queries";
import classes from "./CannedReplies.module.css";

type Reply = Schemas["CannedReply"];

/** Replies that are shown at once. */
const SHOWN_MAX = 50;

interface Props {
  skillId: string | undefined;
  isDisabled: boolean;
  /** Whether the keys asked for it. */
  isAsked: boolean;
  onClose: () => void;
  onChoose: (text: string) => void;
  /** Where the focus goes back. */
  field: RefObject<HTMLTextAreaElement | null>;
}

export function CannedReplies({ skillId, isDisabled, isAsked, onClose, onChoose, field }: Props) {
  const [wanted, setWanted] = useState("");
  const all = useQuery(workspaceQuery).data?.cannedReplies ?? [];
  const combobox = useCombobox({
    onDropdownOpen: () => {
      combobox.focusSearchInput();
    },
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setWanted("");
      onClose();
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
  const label = "Canned replies: type / in an empty message";
  return (
    <Combobox
      store={combobox}
      width={360}
      position="top-end"
      withinPortal
      onOptionSubmit={(name) => {
        const reply = all.find((one) => one.name === name);
        if (reply) onChoose(reply.text);
        combobox.closeDropdown();
      }}
    >
      <Combobox.Target withAriaAttributes={false}>
        <Tooltip label={label}>
          <ActionIcon
            variant="default"
            size={36}
            aria-label="Canned replies"
            disabled={isDisabled}
            onClick={() => combobox.toggleDropdown()}
          >
            <IconBolt size={18} />
          </ActionIcon>
        </Tooltip>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          aria-label="Find a canned reply"
          placeholder="A part of its name or text"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <ScrollArea.Autosize mah={260} type="auto">
          <Combobox.Options aria-label="Canned replies">
            {found.map(({ name, text }) => (
              <Combobox.Option key={name} value={name}>
                <Text size="sm" fw={600} className="cut" title={name}>
                  {name}
                </Text>
                <Text size="xs" className={`${classes.text} quiet`}>
                  {text}
                </Text>
              </Combobox.Option>
            ))}
            {found.length === 0 && (
              <Combobox.Empty>
                {all.length === 0
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
