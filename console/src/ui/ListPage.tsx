/** The frame of a list: how things are, what can be done, and the one that is opened beside it. */
import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./ListPage.module.css";
import { type Search, SearchField } from "./SearchField";

interface Props {
  title: string;
  /** The way to the page above. */
  back?: ReactNode;
  /** How things are, in a sentence. */
  summary?: ReactNode;
  /** What can be done: buttons beside the title. */
  actions?: ReactNode;
  search?: Search;
  /** What else narrows the list down. */
  tools?: ReactNode;
  /** What is opened beside the list, and its dialogs. */
  pane?: ReactNode;
  /** Whether something is opened beside the list. */
  isOpen?: boolean;
  /** The list. */
  children: ReactNode;
}

export function ListPage(props: Props) {
  const { title, back, summary, actions, search, tools, pane, isOpen = false, children } = props;
  return (
    <div className={classes.page} data-open={isOpen || undefined}>
      <div className={classes.side}>
        <header className={classes.header}>
          {back && <div className={classes.back}>{back}</div>}
          <div className={classes.top}>
            <Title order={1} className="cut" title={title}>
              {title}
            </Title>
            <Group gap="xs" wrap="nowrap" className={classes.actions}>
              {actions}
            </Group>
          </div>
          {summary !== undefined && (
            <Text component="div" size="sm" className={`${classes.summary} quiet`}>
              {summary}
            </Text>
          )}
          {(search || tools) && (
            <div className={classes.tools}>
              {search && <SearchField {...search} />}
              {tools}
            </div>
          )}
        </header>
        {children}
      </div>
      {pane}
    </div>
  );
}
