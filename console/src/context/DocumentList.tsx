/** Documents by session: however many there are, only what is seen is drawn. */
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { ContextDocument } from "../api/context";
import { count, instant } from "../lib/format";
import { Row, rowLink } from "../ui/ListPage";
import classes from "./DocumentList.module.css";
import { leftInWords } from "./life";

const ROW_HEIGHT = 52;
/** Rows before the end at which the next ones are asked for. */
const AHEAD = 10;

interface Props {
  documents: readonly ContextDocument[];
  selected: string | undefined;
  hasMore: boolean;
  isFetching: boolean;
  onMore: () => void;
}

export function DocumentList({ documents, selected, hasMore, isFetching, onMore }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: documents.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => documents[index]?.session ?? index,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isFetching && last >= documents.length - AHEAD) onMore();
  }, [hasMore, isFetching, last, documents.length, onMore]);
  const now = Date.now();
  return (
    <div ref={scroller} className={classes.scroller}>
      <ul className={classes.list} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const document = documents[item.index];
          if (!document) return null;
          const names = Object.keys(document.properties);
          return (
            <Row
              key={item.key}
              top={item.start}
              isSelected={document.session === selected}
              isCompact={selected !== undefined}
              columns="120px 150px"
              name={
                <Link
                  to="/context/$namespace/$session"
                  params={{ namespace: document.namespace, session: document.session }}
                  className={`${rowLink} code`}
                  title={document.session}
                  aria-current={document.session === selected ? "page" : undefined}
                >
                  {document.session}
                </Link>
              }
              about={names.join(", ") || "empty"}
              cells={[
                {
                  key: "many",
                  content: (
                    <span className="quiet number">
                      {count(names.length, "property", "properties")}
                    </span>
                  ),
                },
                {
                  key: "left",
                  content: (
                    <span className="number" title={`until ${instant(document.expiresAt)}`}>
                      {leftInWords(document.expiresAt, now)}
                    </span>
                  ),
                },
              ]}
            />
          );
        })}
      </ul>
      {isFetching && (
        <Text p="sm" className="quiet" role="status">
          Loading more …
        </Text>
      )}
    </div>
  );
}
