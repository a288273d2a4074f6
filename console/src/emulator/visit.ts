/** Who visits in the emulator: on which channel, and what is known of them. */
import { api, body } from "../api/client";
import { isJson, isObject, type JsonObject } from "../lib/json";
import type { Beginning, Known } from "../messenger/frame";

export const CHANNELS = ["WEB", "APP", "SMS", "WHATSAPP"] as const;
export type Channel = (typeof CHANNELS)[number];

export interface Visitor {
  channel: Channel;
  /** Engagement attributes, as the brand's page would say them. */
  sdes: JsonObject;
  /** What bots would have written by then: properties by namespace. */
  context: JsonObject;
}

export const PRESETS: Record<string, Visitor & { name: string }> = {
  new: { name: "Somebody new", channel: "WEB", sdes: {}, context: {} },
  customer: {
    name: "A customer you know",
    channel: "WEB",
    sdes: { customerInfo: { email: "ada@example.com", customerType: "gold" } },
    context: {},
  },
  order: {
    name: "Asks about an order",
    channel: "WEB",
    sdes: {},
    context: { orchestrator: { intent: "order status", name: "Bob" } },
  },
  phone: {
    name: "Writes by WhatsApp",
    channel: "WHATSAPP",
    sdes: { personalInfo: { language: "de-DE" } },
    context: {},
  },
};

/** How long what is only tried stays in the context. */
const CONTEXT_SECONDS = 24 * 60 * 60;

/** Makes somebody new of whom this is known. */
export async function visit(account: string, visitor: Visitor): Promise<Beginning> {
  const wanted = { account };
  const issued = body(await api.POST("/api/v1/consumer-tokens", { body: wanted }));
  const { consumerId, accessToken } = issued;
  for (const [namespace, properties] of Object.entries(visitor.context)) {
    if (!isObject(properties)) continue;
    const params = { path: { namespace, session: consumerId } };
    const written = { properties, ttlSeconds: CONTEXT_SECONDS };
    await api.PATCH("/api/v1/context/{namespace}/{session}", { params, body: written });
  }
  return { accessToken, consumerId, channel: visitor.channel, sdes: knownOf(visitor.sdes) };
}

function knownOf({ customerInfo, personalInfo }: JsonObject): Known {
  return {
    customerInfo: isObject(customerInfo) ? customerInfo : {},
    personalInfo: isObject(personalInfo) ? personalInfo : {},
  };
}

/** Reads what was typed: an object of objects. */
export function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() || "{}");
    const isRight = isJson(value) && isObject(value) && Object.values(value).every(isObject);
    return isRight ? value : undefined;
  } catch {
    return undefined;
  }
}
