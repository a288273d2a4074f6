/** Ctrl K: go anywhere by typing a part of its name. */
import { Modal, ScrollArea, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, type KeyboardEvent, useId, useMemo, useState } from "react";
import classes from "./Finder.module.css";

export interface Place {
  key: string;
  kind: string;
  name: string;
  go: () => void;
}

/** Places that are shown at once. */
const SHOWN_MAX = 30;

export function Finder({ onClose, places }: { onClose: () => void; places: Place[] }) {
  return (
    <Modal.Root
      opened
      onClose={onClose}
      yOffset="12vh"
      size={560}
      transitionProps={{ duration: 0 }}
    >
      <Modal.Overlay />
      <Modal.Content aria-label="Find">
        <Search places={places} onClose={onClose} />
      </Modal.Content>
    </Modal.Root>
  );
}

function Search({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const listId = useId();
  const found = useMemo(() => {
    const words = wanted.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return places
      .filter((place) => {
        const name = `${place.kind} ${place.name}`.toLocaleLowerCase();
        return words.every((one) => name.includes(one));
      })
      .slice(0, SHOWN_MAX);
  }, [places, wanted]);
  const go = (place: Place | undefined) => {
    if (!place) return;
    onClose();
    place.go();
  };
  const step = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (by === 0 || found.length === 0) return;
    event.preventDefault();
    setAt((at + by + found.length) % found.length);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(found[at]);
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        data-autofocus
        aria-label="Find pages, policies, skills and agents"
        placeholder="Find pages, policies, skills and agents"
        variant="unstyled"
        size="md"
        leftSection={<IconSearch size={17} />}
        className={classes.input}
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found[at] ? `${listId}-${at}` : undefined}
        value={wanted}
        onKeyDown={step}
        onChange={(event) => {
          setWanted(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ScrollArea.Autosize mah={360} className={classes.list}>
        <div id={listId} role="listbox" aria-label="Found">
          {found.map((place, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the focus and the keys
            <div
              key={place.key}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === at}
              className={classes.option}
              onClick={() => go(place)}
              onMouseMove={() => setAt(index)}
            >
              <span className="cut">{place.name}</span>
              <span className="quiet">{place.kind}</span>
            </div>
          ))}
        </div>
        {found.length === 0 && (
          <Text p="md" className="quiet">
            Nothing has such a name.
          </Text>
        )}
      </ScrollArea.Autosize>
    </form>
  );
}
