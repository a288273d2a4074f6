/** A list, and beside it the one of its things that is looked at. */
import { Group, Skeleton, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { FailureNote } from "./Failures";
import classes from "./ListPage.module.css";

interface Props {
  title: string;
  /** How things are, in a sentence. */
  summary: ReactNode;
  /** What can be done: buttons beside the title. */
  actions?: ReactNode;
  /** What narrows the list down. */
  tools?: ReactNode;
  /** Whether something is opened beside the list. */
  isOpen: boolean;
  /** What is opened. */
  pane: ReactNode;
  children: ReactNode;
}

export function ListPage({ title, summary, actions, tools, isOpen, pane, children }: Props) {
  return (
    <div className={classes.page} data-open={isOpen || undefined}>
      <div className={classes.side}>
        <header className={classes.header}>
          <Group justify="space-between" gap="xs">
            <Title order={1}>{title}</Title>
            <Group gap="xs">{actions}</Group>
          </Group>
          <Text component="div" size="sm" className={`${classes.summary} quiet`}>
            {summary}
          </Text>
          {tools && <div className={classes.tools}>{tools}</div>}
        </header>
        <section className={classes.scroller} aria-label={`All of ${title}`}>
          {children}
        </section>
      </div>
      {pane}
    </div>
  );
}

interface QueryState {
  isPending: boolean;
  error: Error | null;
  refetch: () => unknown;
}

/** What was asked for, as soon as it is there; until then its place, or why it is not. */
export function Asked({ query, children }: { query: QueryState; children: ReactNode }) {
  if (query.error) {
    return (
      <div className={classes.note}>
        <FailureNote error={query.error} retry={() => void query.refetch()} />
      </div>
    );
  }
  if (!query.isPending) return children;
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: 8 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={index} className={classes.row}>
          <Skeleton height={12} width={`${60 - (index % 3) * 10}%`} />
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  /** A link to what the row is of; the whole row leads there. */
  name: ReactNode;
  about: ReactNode;
  /** The other columns, while there is room for them. */
  cells: readonly { key: string; content: ReactNode }[];
  columns: string;
  isSelected: boolean;
  isCompact: boolean;
  /** Where it stands in a list of which only a part is drawn. */
  top?: number;
}

export function Row({ name, about, cells, columns, isSelected, isCompact, top }: RowProps) {
  return (
    <li
      className={classes.row}
      data-selected={isSelected || undefined}
      data-placed={top !== undefined || undefined}
      style={{
        top,
        gridTemplateColumns: isCompact ? "minmax(0, 1fr)" : `minmax(0, 1fr) ${columns}`,
      }}
    >
      <div className={classes.what}>
        {name}
        <div className={`${classes.about} cut quiet`}>{about}</div>
      </div>
      {!isCompact &&
        cells.map(({ key, content }) => (
          <div key={key} className={classes.cell}>
            {content}
          </div>
        ))}
    </li>
  );
}

export function Rows({ children }: { children: ReactNode }) {
  return <ul className={classes.list}>{children}</ul>;
}

/** The class of a row's link. */
export const rowLink = `${classes.name} cut`;
