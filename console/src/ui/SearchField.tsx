/** Where one types what is looked for; what is found follows a moment later. */
import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import classes from "./SearchField.module.css";

/** Milliseconds of quiet before it is looked: ten thousand rows are not searched at every key. */
const PAUSE = 120;

export interface Search {
  label: string;
  /** What it looks at. */
  hint: string;
  find: string;
  onFind: (wanted: string) => void;
}

export function SearchField({ label, hint, find, onFind }: Search) {
  const [typed, setTyped] = useState(find);
  const told = useRef(find);
  const look = useDebouncedCallback((wanted: string) => {
    told.current = wanted;
    onFind(wanted);
  }, PAUSE);
  // A link, or the way back, looks for something else.
  useEffect(() => {
    if (find === told.current) return;
    told.current = find;
    setTyped(find);
  }, [find]);
  return (
    <TextInput
      className={classes.field}
      type="search"
      aria-label={label}
      placeholder={hint}
      leftSection={<IconSearch size={15} />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        look(event.currentTarget.value);
      }}
    />
  );
}
