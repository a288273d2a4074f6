/** One policy of the list: what it asks, what it does, how often it was right. */
import { useSortable } from "@dnd-kit/sortable";
import { Menu, Switch, Tooltip, VisuallyHidden } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowDown,
  IconArrowUp,
  IconGripVertical,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { KeyboardEvent } from "react";
import type { Policy } from "../api/queries";
import { count, number } from "../lib/format";
import { objectsOf } from "../lib/json";
import { useRefusal } from "../lib/permissions";
import { rowAbove, rowLink } from "../ui/List";
import { Tag } from "../ui/Tag";
import { When } from "../ui/When";
import { ActionChips } from "./ActionChips";
import { useSwitch } from "./changes";
import { documentOf } from "./document";
import classes from "./PolicyList.module.css";
import { PolicyMenu } from "./PolicyMenu";
import { Sentence } from "./Sentence";
import type { Use } from "./usage";

interface Props {
  policy: Policy;
  total: number;
  use: Use | undefined;
  shadow: string | undefined;
  isSelected: boolean;
  isCompact: boolean;
  fixed: string | undefined;
  top: number;
  height: number;
  onMove: (to: number) => void;
}

export function PolicyRow(props: Props) {
  const { policy, isCompact } = props;
  const sortable = useSortable({ id: policy.id, disabled: props.fixed !== undefined });
  const document = documentOf(policy);
  const shift = sortable.transform?.y ?? 0;
  const byKeys = (event: KeyboardEvent) => {
    if (!event.altKey || props.fixed !== undefined) return;
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    const to = policy.position + by;
    if (by === 0 || to < 0 || to >= props.total) return;
    event.preventDefault();
    props.onMove(to);
  };
  return (
    <li
      ref={sortable.setNodeRef}
      className={classes.row}
      data-compact={isCompact || undefined}
      data-selected={props.isSelected || undefined}
      data-dragged={sortable.isDragging || undefined}
      data-off={!policy.enabled || undefined}
      style={{
        height: props.height,
        top: props.top,
        transform: shift === 0 ? undefined : `translateY(${shift}px)`,
        transition: sortable.isDragging ? undefined : sortable.transition,
      }}
      onKeyDown={byKeys}
    >
      <Tooltip label={props.fixed} disabled={!props.fixed}>
        <button
          type="button"
          ref={sortable.setActivatorNodeRef}
          {...sortable.attributes}
          {...sortable.listeners}
          className={classes.handle}
          aria-label={`Move ${policy.name}`}
          aria-disabled={props.fixed !== undefined}
        >
          <IconGripVertical size={16} />
        </button>
      </Tooltip>
      {!isCompact && <span className={`${classes.place} number`}>{policy.position + 1}</span>}
      <EnabledSwitch policy={policy} />
      <div className={classes.what}>
        <div className={classes.naming}>
          <Link
            to="/policies/$policyId"
            params={{ policyId: policy.id }}
            search={({ dialog: _, ...search }) => search}
            className={rowLink}
            title={policy.name}
            aria-current={props.isSelected ? "page" : undefined}
          >
            {policy.name}
          </Link>
          <Warnings policy={policy} shadow={props.shadow} />
        </div>
        <div className={`${classes.sentence} cut quiet`}>
          <Sentence guarded={document} />
        </div>
      </div>
      {!isCompact && (
        <>
          <ActionChips actions={objectsOf(document, "actions")} />
          <Usage use={props.use} />
          <span className={`${classes.last} quiet`}>
            {props.use?.lastMatchedAt ? <When at={props.use.lastMatchedAt} /> : "–"}
          </span>
          <RowMenu {...props} />
        </>
      )}
    </li>
  );
}

/** Switches a policy on and off; what cannot be done says why. */
export function EnabledSwitch({ policy }: { policy: Policy }) {
  const change = useSwitch();
  const refusal = useRefusal("PoliciesWrite");
  const isBroken = policy.check.status === "INVALID" && !policy.enabled;
  const reason =
    refusal ?? (isBroken ? "It has mistakes: mend them, then switch it on." : undefined);
  return (
    <Tooltip label={reason} disabled={!reason}>
      <span className={classes.switch}>
        <Switch
          size="xs"
          aria-label={`${policy.name} is enabled`}
          checked={policy.enabled}
          disabled={reason !== undefined}
          onChange={(event) => change.mutate({ policy, enabled: event.currentTarget.checked })}
        />
      </span>
    </Tooltip>
  );
}

function Warnings({ policy, shadow }: { policy: Policy; shadow: string | undefined }) {
  const { problems } = policy.check;
  const mistakes = problems.filter((problem) => problem.severity === "ERROR");
  const warnings = problems.filter((problem) => problem.severity === "WARNING");
  const messages = problems.map((problem) => problem.message);
  if (shadow !== undefined)
    messages.unshift(`“${shadow}” stands above and always matches: this is never reached`);
  // What is only worth knowing stands in the editor.
  if (shadow === undefined && mistakes.length + warnings.length === 0) return null;
  const label = (
    <ul className={classes.messages}>
      {messages.map((message) => (
        <li key={message}>{message}</li>
      ))}
    </ul>
  );
  return (
    <Tooltip label={label} maw={420}>
      {mistakes.length > 0 ? (
        <span className={classes.warning}>
          <Tag tone="bad">{count(mistakes.length, "mistake")}</Tag>
        </span>
      ) : shadow !== undefined ? (
        <span className={classes.warning}>
          <Tag tone="warn">never reached</Tag>
        </span>
      ) : (
        <span className={classes.warning} role="img" aria-label={count(warnings.length, "warning")}>
          <IconAlertTriangle size={15} />
        </span>
      )}
    </Tooltip>
  );
}

function Usage({ use }: { use: Use | undefined }) {
  return (
    <span className={classes.usage}>
      <span className={`${classes.matches} number`}>
        {number(use?.matches ?? 0)}
        <VisuallyHidden component="span">
          {" "}
          {use?.matches === 1 ? "match" : "matches"}
        </VisuallyHidden>
      </span>
      <svg
        className={classes.bar}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect width="100" height="6" rx="3" className={classes.track} />
        <rect width={100 * (use?.share ?? 0)} height="6" rx="3" className={classes.fill} />
      </svg>
    </span>
  );
}

function RowMenu({ policy, total, fixed, onMove }: Props) {
  const refusal = useRefusal("PoliciesWrite");
  const isFixed = refusal !== undefined || fixed !== undefined;
  return (
    <div className={rowAbove}>
      <PolicyMenu policy={policy} label={`More about ${policy.name}`} isSubtle>
        <Menu.Item
          leftSection={<IconArrowUp size={15} />}
          rightSection={<span className="quiet">Alt ↑</span>}
          disabled={isFixed || policy.position === 0}
          onClick={() => onMove(policy.position - 1)}
        >
          Up
        </Menu.Item>
        <Menu.Item
          leftSection={<IconArrowDown size={15} />}
          rightSection={<span className="quiet">Alt ↓</span>}
          disabled={isFixed || policy.position === total - 1}
          onClick={() => onMove(policy.position + 1)}
        >
          Down
        </Menu.Item>
        <Menu.Item disabled={isFixed || policy.position === 0} onClick={() => onMove(0)}>
          To the top
        </Menu.Item>
        <Menu.Item
          disabled={isFixed || policy.position === total - 1}
          onClick={() => onMove(total - 1)}
        >
          To the bottom
        </Menu.Item>
        <Menu.Divider />
      </PolicyMenu>
    </div>
  );
}
