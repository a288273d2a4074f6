/** A list of which only what is seen is drawn: ten thousand rows are as fast as ten. */
import { Button, Text } from "@mantine/core";
import { type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import { FailureNote } from "./Failures";
import classes from "./List.module.css";
import { Waiting } from "./Waiting";

const ROW_HEIGHT = 52;
/** Rows that are drawn beyond those that are seen. */
const OVERSCAN = 8;
/** Rows before the end at which the next ones are asked for. */
const AHEAD = 10;

/** Where the rows come from, perhaps a page at a time. */
export interface Source {
  error: unknown;
  refetch: () => unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  fetchNextPage?: () => unknown;
}

interface RowsOptions {
  keys: readonly string[];
  rowHeight: number;
  /** The key of what is opened: it is brought into sight. */
  selected?: string | undefined;
  source?: Source;
  rangeExtractor?: (range: Range) => number[];
}

/** Says which rows are drawn, and asks for the next ones before their end is seen. */
export function useRows<Scroller extends HTMLElement>(options: RowsOptions) {
  const { keys, rowHeight, selected, source, rangeExtractor } = options;
  const scroller = useRef<Scroller>(null);
  const virtual = useVirtualizer<Scroller, HTMLElement>({
    count: keys.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => keys[index] ?? index,
    overscan: OVERSCAN,
    ...(rangeExtractor && { rangeExtractor }),
  });
  const rows = virtual.getVirtualItems();
  const isNearEnd = (rows.at(-1)?.index ?? -1) >= keys.length - AHEAD;
  const isNext = isNearEnd && keys.length > 0 && canFetch(source);
  const next = useRef(source?.fetchNextPage);
  useEffect(() => {
    next.current = source?.fetchNextPage;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: every page that came is one more reason
  useEffect(() => {
    if (isNext) next.current?.();
  }, [isNext, keys.length]);
  const at = useRef<() => number>(() => -1);
  useEffect(() => {
    at.current = () => (selected === undefined ? -1 : keys.indexOf(selected));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when something else is opened
  useEffect(() => {
    const index = at.current();
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [selected]);
  return { scroller, virtual, rows };
}

function canFetch(source: Source | undefined): boolean {
  return Boolean(source?.hasNextPage && !source.isFetchingNextPage && !source.error);
}

interface Props<Item> {
  /** What the list is of, in the words of its page. */
  of: string;
  source: Source;
  items: readonly Item[] | undefined;
  keyOf: (item: Item) => string;
  row: (item: Item) => ReactNode;
  /** What stands where there is nothing. */
  empty: ReactNode;
  selected?: string | undefined;
  /** Told when somebody begins and ceases to point at the rows. */
  onPoint?: (isPointed: boolean) => void;
  /** The height of a row; of rows that grow with what is in them, about that. */
  rowHeight?: number;
  isGrowing?: boolean;
}

export function List<Item>(props: Props<Item>) {
  const { source, items, empty, rowHeight = ROW_HEIGHT } = props;
  if (!items)
    return source.error ? <ListFailure source={source} /> : <Waiting rowHeight={rowHeight} />;
  return (
    <>
      {source.error !== null && source.error !== undefined && <ListFailure source={source} />}
      {items.length > 0 ? (
        <Rows {...props} items={items} rowHeight={rowHeight} />
      ) : source.hasNextPage ? (
        <Further source={source} />
      ) : (
        empty
      )}
    </>
  );
}

function Rows<Item>(props: Props<Item> & { items: readonly Item[]; rowHeight: number }) {
  const { of, source, items, keyOf, row, rowHeight, isGrowing, onPoint } = props;
  const { scroller, virtual, rows } = useRows<HTMLElement>({
    keys: items.map(keyOf),
    rowHeight,
    selected: props.selected,
    source,
  });
  return (
    <section
      ref={scroller}
      className={classes.scroller}
      aria-label={`All of ${of}`}
      onPointerEnter={() => onPoint?.(true)}
      onPointerLeave={() => onPoint?.(false)}
    >
      <ul className={classes.list} style={{ height: virtual.getTotalSize() }}>
        {rows.map(({ index, key, start }) => {
          const item = items[index];
          if (item === undefined) return null;
          return (
            <li
              key={key}
              ref={isGrowing ? virtual.measureElement : undefined}
              data-index={index}
              className={classes.place}
              style={{ top: start, height: isGrowing ? undefined : rowHeight }}
            >
              {row(item)}
            </li>
          );
        })}
      </ul>
      <More source={source} />
    </section>
  );
}

/** What stands below the last row while there are more. */
export function More({ source }: { source: Source }) {
  if (!source.hasNextPage) return null;
  return (
    <Text size="sm" className={`${classes.more} quiet`} role="status">
      {source.isFetchingNextPage ? "Loading more …" : ""}
    </Text>
  );
}

/** Nothing was found yet, in what was looked through so far. */
export function Further({ source }: { source: Source }) {
  return (
    <div className={classes.further}>
      <Text className="quiet">Nothing so far.</Text>
      <Button
        size="xs"
        variant="default"
        loading={source.isFetchingNextPage ?? false}
        onClick={() => source.fetchNextPage?.()}
      >
        Look further back
      </Button>
    </div>
  );
}

export function ListFailure({ source }: { source: Source }) {
  return (
    <div className={classes.note}>
      <FailureNote error={source.error} retry={() => void source.refetch()} />
    </div>
  );
}

interface RowProps {
  /** What stands before the name: a switch, a state. */
  before?: ReactNode;
  /** A link to what the row is of; the whole row leads there. */
  name: ReactNode;
  about: ReactNode;
  /** The other columns, while there is room for them. */
  children?: ReactNode;
  /** The widths of all columns. */
  columns: string;
  isSelected: boolean;
  isCompact: boolean;
  isOff?: boolean;
}

export function Row({ before, name, about, children, columns, ...is }: RowProps) {
  return (
    <div
      className={classes.row}
      data-selected={is.isSelected || undefined}
      data-off={is.isOff || undefined}
      style={{ gridTemplateColumns: is.isCompact ? "minmax(0, 1fr)" : columns }}
    >
      {!is.isCompact && before}
      <div className={classes.what}>
        {name}
        <div className={`${classes.about} cut quiet`}>{about}</div>
      </div>
      {!is.isCompact && children}
    </div>
  );
}

/** One column of a row. */
export function Cell(props: {
  title?: string | undefined;
  isQuiet?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={`number cut ${props.isQuiet ? "quiet" : ""}`} title={props.title}>
      {props.children}
    </div>
  );
}

/** The class of a row's link. */
export const rowLink = `${classes.link} cut`;
/** The class of what can be pressed in a row besides its link. */
export const rowAbove = classes.above;
