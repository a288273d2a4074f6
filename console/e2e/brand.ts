/** A brand: a site that bears the messenger's tag, and that knows its customers. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "./server";

export const ACCOUNT = "demo";

/**
 * A page of a brand, of another origin than the server's. `localhost` is another site too: there the
 * browser gives the frame no storage.
 */
export async function brand(server: Server, engagement: string, host: "127.0.0.1" | "localhost") {
  const plain = '<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>';
  const tag = `<script async src="${server.url}/messenger.js" data-account="${ACCOUNT}"
    data-engagement="${engagement}"></script>`;
  const policy = `default-src 'none'; script-src ${server.url}; frame-src ${server.url}`;
  const site = createServer(({ url }, response) => {
    response.setHeader("content-type", "text/html");
    response.setHeader("content-security-policy", policy);
    response.end(url === "/plain" ? plain : plain + tag);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (!address || typeof address === "string") throw new Error("expected a port");
  return { url: `http://${host}:${address.port}/`, close: () => site.close() };
}

const [ISSUER, AUDIENCE] = ["https://brand.example", "usher"];
const SECRET = "0123456789abcdef0123456789abcdef";

/** Has the account trust what the brand says of its customers. */
export async function trustBrand(server: Server): Promise<void> {
  const k = Buffer.from(SECRET).toString("base64url");
  await server.call("PUT", "/api/v1/consumer-identity", {
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: { keys: [{ kty: "oct", kid: "1", alg: "HS256", k }] },
  });
}

/** A token by which a brand vouches for a customer. */
export function vouch(customer: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: customer, exp: now + 600 };
  const signed = `${part({ alg: "HS256", typ: "JWT", kid: "1" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}
