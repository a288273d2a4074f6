/** What is opened beside a list: its name, what can be done with it, and all of it. */
import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Pane.module.css";

interface Props {
  title: string;
  about: ReactNode;
  /** What stands before the title. */
  before?: ReactNode;
  /** What can be done; the way back to the list comes last. */
  actions: ReactNode;
  children: ReactNode;
  /** What stands beside it where there is room, and below it where there is none. */
  side?: ReactNode;
}

export function Pane({ title, about, before, actions, children, side }: Props) {
  return (
    <article className={classes.pane} aria-label={title}>
      <header className={classes.header}>
        <div className={classes.heading}>
          {before}
          <div className={classes.named}>
            <h2 className={`${classes.title} cut`} title={title}>
              {title}
            </h2>
            <Text component="div" size="sm" className="quiet cut">
              {about}
            </Text>
          </div>
        </div>
        <Group gap="xs" wrap="nowrap">
          {actions}
        </Group>
      </header>
      <div className={classes.body} data-two={side !== undefined || undefined}>
        {side === undefined ? (
          children
        ) : (
          <>
            <div className={classes.document}>{children}</div>
            <div className={classes.side}>{side}</div>
          </>
        )}
      </div>
    </article>
  );
}

interface PartProps {
  title: string;
  hint?: ReactNode;
  /** How deep its heading is: a pane is one below the page. */
  level?: "h2" | "h3";
  children: ReactNode;
}

/** A part of a pane, or of a page, with a heading of its own. */
export function Part({ level: Heading = "h3", ...props }: PartProps) {
  return (
    <section className={classes.part} aria-label={props.title}>
      <Heading className={classes.partTitle}>{props.title}</Heading>
      {props.hint && (
        <Text component="div" size="sm" className="quiet">
          {props.hint}
        </Text>
      )}
      {props.children}
    </section>
  );
}

/** Fields side by side where there is room. */
export function Fields({ children }: { children: ReactNode }) {
  return <div className={classes.fields}>{children}</div>;
}

/** Says in a sentence what is set does. */
export function Effect({ children }: { children: ReactNode }) {
  return (
    <p className={classes.effect} role="status">
      {children}
    </p>
  );
}

/** Facts by name. */
export function Facts({ facts }: { facts: readonly { name: string; is: ReactNode }[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.is}</dd>
        </div>
      ))}
    </dl>
  );
}
