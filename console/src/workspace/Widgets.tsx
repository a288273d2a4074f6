/**
 * Pages of the brand's beside a conversation: each in a frame that can do nothing to this page, and
 * is told what it asks for over a channel of its own.
 */
import { useComputedColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import {
  agentQuery,
  type Conversation,
  contextQuery,
  lastContactQuery,
  workspaceQuery,
} from "../api/queries";
import { isJson, isObject, type Json, type JsonObject, textOf } from "../lib/json";
import { useSession } from "../lib/permissions";
import { numberOf } from "../live/frames";
import { addToDraft } from "./draft";
import { addressOf, changeOf, lookUp, publicModel } from "./publicModel";
import { useOwner, useTimeline } from "./useDesk";
import classes from "./Widgets.module.css";
import { useNames } from "./words";

type Widget = Schemas["Widget"];

export function Widgets({ conversation }: { conversation: Conversation }) {
  const owner = useOwner();
  const model = useModel(conversation);
  const widgets = useWidgets(conversation);
  const command = (widget: Widget, name: string, data: JsonObject): string | undefined => {
    const text = textOf(data, "text");
    if (name === "Write ChatLine" && text !== "") {
      // The agent reads it before anybody else does.
      addToDraft(owner, conversation.id, text);
      return undefined;
    }
    if (name === "Send Notification") {
      notifications.show({ message: `${widget.name} has something for you.` });
      return undefined;
    }
    return `expected \`Write ChatLine\` with a text, or \`Send Notification\`, found \`${name}\``;
  };
  return widgets.map((widget) => (
    <details key={widget.name} open className={classes.widget}>
      <summary className={classes.title}>{widget.name}</summary>
      <Frame
        widget={widget}
        model={model}
        onCommand={(name, data) => command(widget, name, data)}
      />
    </details>
  ));
}

/** Returns the widgets for a conversation: those of its skill. */
export function useWidgets(conversation: Conversation | undefined): Widget[] {
  const all = useQuery(workspaceQuery).data?.widgets ?? [];
  return all.filter(({ skillIds = [] }) => {
    const skillId = conversation?.skillId;
    return (
      conversation !== undefined &&
      (skillIds.length === 0 || (skillId ? skillIds.includes(skillId) : false))
    );
  });
}

function useModel(conversation: Conversation): JsonObject {
  const { account, user } = useSession();
  const names = useNames();
  const theme = useComputedColorScheme("light");
  const events = useTimeline(conversation.id).data;
  const contact = useQuery(lastContactQuery(conversation)).data;
  const context = useQuery(contextQuery("orchestrator", conversation.id)).data;
  const me = useQuery(agentQuery(user?.id ?? "")).data;
  return useMemo(
    () =>
      publicModel({
        accountId: account,
        conversation,
        events: events ?? [],
        agent: {
          id: user?.id ?? "",
          name: user?.name ?? "",
          email: user?.email ?? "",
          slots: me?.slots ?? 0,
        },
        contact,
        context,
        names,
        theme,
      }),
    [account, user, me, conversation, events, contact, context, names, theme],
  );
}

interface FrameProps {
  widget: Widget;
  model: JsonObject;
  /** Does what the widget asks for; returns why not, if so. */
  onCommand: (name: string, data: JsonObject) => string | undefined;
}

function Frame({ widget, model, onCommand }: FrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const channel = useRef<MessagePort>(undefined);
  const bound = useRef(new Map<string, Json>());
  const latest = useRef({ model, onCommand });
  const [isRefused, setRefused] = useState(false);
  const { origin } = new URL(widget.url);
  // A page of this server must not reach into this page.
  const isForeign = origin !== location.origin;
  useEffect(() => {
    latest.current = { model, onCommand };
    for (const [key, before] of bound.current) {
      const after = lookUp(model, key);
      const newValue = changeOf(key, before, after);
      bound.current.set(key, after);
      if (newValue !== undefined) channel.current?.postMessage({ type: "CHANGED", key, newValue });
    }
  }, [model, onCommand]);
  useEffect(() => {
    const welcome = (event: MessageEvent) => {
      const window = frame.current?.contentWindow;
      const word: unknown = event.data;
      const isHello = isJson(word) && isObject(word) && word["type"] === "USHER_WIDGET_HELLO";
      if (!window || event.source !== window || !isHello) return;
      if (event.origin !== (isForeign ? origin : "null")) return;
      // A page that was loaded anew begins anew.
      channel.current?.close();
      bound.current.clear();
      const { port1, port2 } = new MessageChannel();
      channel.current = port1;
      port1.onmessage = ({ data }) => {
        const asked: unknown = data;
        if (!isJson(asked) || !isObject(asked)) return;
        const answer = answerTo(asked, bound.current, latest.current);
        port1.postMessage({ type: "ANSWER", request: numberOf(asked, "request"), ...answer });
      };
      const to = isForeign ? origin : "*";
      window.postMessage({ type: "USHER_WIDGET_WELCOME" }, to, [port2]);
    };
    const refused = (event: SecurityPolicyViolationEvent) => {
      if (event.violatedDirective === "frame-src" && event.blockedURI.startsWith(origin)) {
        setRefused(true);
      }
    };
    window.addEventListener("message", welcome);
    document.addEventListener("securitypolicyviolation", refused);
    return () => {
      window.removeEventListener("message", welcome);
      document.removeEventListener("securitypolicyviolation", refused);
      channel.current?.close();
      channel.current = undefined;
    };
  }, [origin, isForeign]);
  const address = addressOf(widget, model);
  if (isRefused) {
    return (
      <p className={classes.refused}>
        It was set up after this page was loaded.{" "}
        <button type="button" className={classes.reload} onClick={() => location.reload()}>
          Load the page again
        </button>
      </p>
    );
  }
  return (
    <iframe
      ref={frame}
      className={classes.frame}
      title={widget.name}
      src={address}
      sandbox={`allow-scripts allow-forms allow-popups${isForeign ? " allow-same-origin" : ""}`}
      referrerPolicy="origin"
    />
  );
}

/** Answers a word of a widget. */
function answerTo(
  asked: JsonObject,
  bound: Map<string, Json>,
  { model, onCommand }: Pick<FrameProps, "model" | "onCommand">,
): { value?: Json; error?: string } {
  const key = textOf(asked, "key");
  switch (asked["type"]) {
    case "GET":
      return { value: lookUp(model, key) };
    case "BIND": {
      const value = lookUp(model, key);
      bound.set(key, value);
      return { value };
    }
    case "UNBIND":
      bound.delete(key);
      return { value: null };
    case "COMMAND": {
      const data = asked["data"];
      const error = onCommand(textOf(asked, "name"), isObject(data) ? data : {});
      return error === undefined ? { value: null } : { error };
    }
    default:
      return { error: "expected GET, BIND, UNBIND or COMMAND" };
  }
}
