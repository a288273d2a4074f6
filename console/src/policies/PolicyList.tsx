/** The ordered list: drag, keys or the menu move a policy; ten thousand rows are as fast as ten. */
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import {
  SortableContext,
  sortableKeyboardCoordinates,
  verticalListSortingStrategy,
} from "@dnd-kit/sortable";
import { defaultRangeExtractor } from "@tanstack/react-virtual";
import { useState } from "react";
import type { Policy } from "../api/queries";
import { useRows } from "../ui/List";
import { useMove } from "./changes";
import classes from "./PolicyList.module.css";
import { PolicyRow } from "./PolicyRow";
import type { Use } from "./usage";

export const ROW_HEIGHT = { full: 64, compact: 52 } as const;

interface Props {
  policies: readonly Policy[];
  /** How many policies the account has: the rows may be some of them. */
  total: number;
  uses: ReadonlyMap<string, Use>;
  shadows: ReadonlyMap<string, string>;
  selected: string | undefined;
  /** Why the order cannot be changed, if it cannot. */
  fixed: string | undefined;
}

export function PolicyList({ policies, total, uses, shadows, selected, fixed }: Props) {
  const [dragged, setDragged] = useState<string>();
  const move = useMove();
  const isCompact = selected !== undefined;
  const height = ROW_HEIGHT[isCompact ? "compact" : "full"];
  const draggedAt = policies.findIndex((policy) => policy.id === dragged);
  const ids = policies.map((policy) => policy.id);
  const { scroller, virtual, rows } = useRows<HTMLElement>({
    keys: ids,
    rowHeight: height,
    selected,
    // What is dragged stays, however far the list is scrolled.
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      return draggedAt < 0 || shown.includes(draggedAt) ? shown : [...shown, draggedAt];
    },
  });
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const drop = ({ active, over }: DragEndEvent) => {
    setDragged(undefined);
    const policy = policies.find((one) => one.id === active.id);
    const to = policies.findIndex((one) => one.id === over?.id);
    if (policy && to >= 0 && to !== policy.position) move.mutate({ policy, to });
  };
  const name = (id: string | number) => policies.find((policy) => policy.id === id)?.name ?? "";
  const place = (id: string | number) => policies.findIndex((policy) => policy.id === id) + 1;
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragStart={({ active }) => setDragged(String(active.id))}
      onDragCancel={() => setDragged(undefined)}
      onDragEnd={drop}
      accessibility={{
        screenReaderInstructions: {
          draggable:
            "Space lifts the policy, arrow keys move it, Space drops it, Escape puts it back.",
        },
        announcements: {
          onDragStart: ({ active }) => `${name(active.id)} is lifted at place ${place(active.id)}.`,
          onDragOver: ({ active, over }) =>
            over
              ? `${name(active.id)} is at place ${place(over.id)} of ${policies.length}.`
              : undefined,
          onDragEnd: ({ active, over }) =>
            over ? `${name(active.id)} is at place ${place(over.id)}.` : undefined,
          onDragCancel: ({ active }) => `${name(active.id)} is back where it was.`,
        },
      }}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        <section ref={scroller} className={classes.scroller} aria-label="Policies in order">
          <ol className={classes.list} style={{ height: virtual.getTotalSize() }}>
            {rows.map((item) => {
              const policy = policies[item.index];
              if (!policy) return null;
              return (
                <PolicyRow
                  key={policy.id}
                  policy={policy}
                  total={total}
                  use={uses.get(policy.id)}
                  shadow={shadows.get(policy.id)}
                  isSelected={policy.id === selected}
                  isCompact={isCompact}
                  fixed={fixed}
                  top={item.start}
                  height={height}
                  onMove={(to) => move.mutate({ policy, to })}
                />
              );
            })}
          </ol>
        </section>
      </SortableContext>
    </DndContext>
  );
}
