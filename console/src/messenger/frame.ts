/**
 * What the messenger and the page around it tell each other. Any site may frame the messenger, so
 * that page learns how the messenger looks and how much is unread, and nothing of what is said.
 */
import { isJson, isObject, type JsonObject, textOf } from "../lib/json";

/** How the messenger looks. */
export interface Look {
  isEnabled: boolean;
  title: string;
  greeting: string;
  color: string;
}

/** What the messenger tells the page around it. */
export type Told =
  | { usher: "READY"; look: Look; hasConversation: boolean }
  | { usher: "UNREAD"; count: number }
  | { usher: "CLOSE" }
  /** Only to a page of this server. */
  | { usher: "CONVERSATION"; conversationId: string };

/** What is known of the visitor, as policies read it under `sde.`. */
export interface Known {
  customerInfo: JsonObject;
  personalInfo: JsonObject;
}

/** What a conversation is to begin with. */
export interface Beginning {
  accessToken: string;
  consumerId: string;
  channel: string;
  sdes: Known;
}

/** What the page around it tells the messenger. */
export type Heard =
  | { usher: "OPENED" }
  | { usher: "CLOSED" }
  | { usher: "IDENTIFY"; identityToken: string }
  | { usher: "FORGET" }
  | { usher: "TELL"; known: Known }
  /** Only from a page of this server: what is being set, before it is saved. */
  | { usher: "LOOK"; look: Look }
  /** Only from a page of this server: whose conversation it is to be. */
  | { usher: "BEGIN"; beginning: Beginning };

/** Whether the messenger stands in a page of somebody else. */
export const isFramed = window.parent !== window;

export function tell(told: Told): void {
  if (!isFramed) return;
  const target = told.usher === "CONVERSATION" ? location.origin : "*";
  window.parent.postMessage(told, target);
}

/** Calls back with what the page around says, and with nothing that somebody else says. */
export function hear(then: (heard: Heard) => void): void {
  window.addEventListener("message", ({ source, origin, data }) => {
    if (!isFramed || source !== window.parent) return;
    const heard = read(data, origin === location.origin);
    if (heard) then(heard);
  });
}

function read(data: unknown, isOurs: boolean): Heard | undefined {
  if (!isJson(data) || !isObject(data)) return undefined;
  switch (data["usher"]) {
    case "OPENED":
    case "CLOSED":
    case "FORGET":
      return { usher: data["usher"] };
    case "IDENTIFY":
      return { usher: "IDENTIFY", identityToken: textOf(data, "identityToken") };
    case "TELL":
      return { usher: "TELL", known: knownOf(data["known"]) };
    case "LOOK":
      return isOurs ? { usher: "LOOK", look: lookOf(objectOf(data["look"])) } : undefined;
    case "BEGIN": {
      const beginning = objectOf(data["beginning"]);
      if (!isOurs) return undefined;
      return {
        usher: "BEGIN",
        beginning: {
          accessToken: textOf(beginning, "accessToken"),
          consumerId: textOf(beginning, "consumerId"),
          channel: textOf(beginning, "channel"),
          sdes: knownOf(beginning["sdes"]),
        },
      };
    }
    default:
      return undefined;
  }
}

function knownOf(value: unknown): Known {
  const known = objectOf(value);
  return {
    customerInfo: objectOf(known["customerInfo"]),
    personalInfo: objectOf(known["personalInfo"]),
  };
}

function objectOf(value: unknown): JsonObject {
  return isJson(value) && isObject(value) ? value : {};
}

export const PLAIN: Look = { isEnabled: true, title: "Chat with us", greeting: "", color: "" };

function lookOf(look: JsonObject): Look {
  return {
    isEnabled: look["isEnabled"] === true,
    title: textOf(look, "title") || PLAIN.title,
    greeting: textOf(look, "greeting"),
    color: textOf(look, "color"),
  };
}
