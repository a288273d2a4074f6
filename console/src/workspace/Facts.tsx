/** A part of the panel beside a conversation: what is known, name by name. */
import type { ReactNode } from "react";
import classes from "./Facts.module.css";

interface PartProps {
  title: string;
  /** Whether the reader is to look here first. */
  isAccented?: boolean;
  children: ReactNode;
}

export function Part({ title, isAccented = false, children }: PartProps) {
  return (
    <section
      className={classes.part}
      aria-label={title}
      data-tone={isAccented ? "accent" : undefined}
    >
      <h3 className={classes.title}>{title}</h3>
      {children}
    </section>
  );
}

export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="cut" title={name}>
        {name}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
