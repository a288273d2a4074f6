/** A list with a search above it, and beside it the one thing that is looked at. */
import { Skeleton, TextInput, Title } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";
import classes from "./Directory.module.css";
import { FailureNote } from "./Failures";

interface Props<Item> {
  title: string;
  /** The search, with what it looks at in the words of its label. */
  search?: { label: string; hint: string; find: string; onFind: (find: string) => void };
  /** The buttons beside the title. */
  actions?: ReactNode;
  /** Further filters beside the search; without a search they stay when something is open. */
  filters?: ReactNode;
  items: readonly Item[] | undefined;
  error: unknown;
  retry: () => void;
  keyOf: (item: Item) => string;
  row: (item: Item) => ReactNode;
  /** What stands where nothing is found. */
  empty: ReactNode;
  /** What stands below the last row. */
  after?: ReactNode;
  /** Told when somebody begins and ceases to point at the rows. */
  onPoint?: (isPointed: boolean) => void;
  /** Whether something is open beside the list. */
  isNarrow: boolean;
  children: ReactNode;
}

const ROW_HEIGHT = 52;

export function Directory<Item>(props: Props<Item>) {
  const { items, search } = props;
  return (
    <div className={classes.page} data-narrow={props.isNarrow || undefined}>
      <div className={classes.side}>
        <header className={classes.header}>
          <div className={classes.top}>
            <Title order={1} className="cut">
              {props.title}
            </Title>
            <div className={classes.actions}>{props.actions}</div>
          </div>
          <div className={classes.tools}>
            {search && (
              <TextInput
                className={classes.find}
                type="search"
                aria-label={search.label}
                placeholder={search.hint}
                leftSection={<IconSearch size={15} />}
                value={search.find}
                onChange={(event) => search.onFind(event.currentTarget.value)}
              />
            )}
            {!(props.isNarrow && search) && props.filters}
          </div>
        </header>
        {props.error ? (
          <div className={classes.note}>
            <FailureNote error={props.error} retry={props.retry} />
          </div>
        ) : !items ? (
          <Waiting />
        ) : items.length === 0 ? (
          props.empty
        ) : (
          <Rows {...props} items={items} />
        )}
      </div>
      {props.children}
    </div>
  );
}

function Rows<Item>(props: Props<Item> & { items: readonly Item[] }) {
  const { title, items, keyOf, row } = props;
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
    overscan: 8,
  });
  return (
    <section
      ref={scroller}
      className={classes.scroller}
      aria-label={`All ${title.toLowerCase()}`}
      onPointerEnter={() => props.onPoint?.(true)}
      onPointerLeave={() => props.onPoint?.(false)}
    >
      <ul className={classes.list} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const item = items[index];
          if (item === undefined) return null;
          return (
            <li key={key} className={classes.place} style={{ top: start, height: ROW_HEIGHT }}>
              {row(item)}
            </li>
          );
        })}
      </ul>
      {props.after}
    </section>
  );
}

/** Keeps the place of rows that are on their way. */
function Waiting() {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: 10 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.waiting}>
          <Skeleton height={12} width={`${60 - (index % 3) * 10}%`} />
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  isSelected: boolean;
  isNarrow: boolean;
  isOff?: boolean;
  /** The columns of a row, as in CSS. */
  columns: string;
  children: ReactNode;
}

/** One row of the list; a link in it with the class `rowLink` covers it all. */
export function DirectoryRow({ isSelected, isNarrow, isOff, columns, children }: RowProps) {
  return (
    <div
      className={classes.row}
      data-selected={isSelected || undefined}
      data-off={isOff || undefined}
      style={isNarrow ? undefined : { gridTemplateColumns: columns }}
    >
      {children}
    </div>
  );
}

export const rowLink = classes.link;
export const rowAbove = classes.above;
