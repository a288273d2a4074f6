/** Signing in at an identity provider: a real one, as small as it can be. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, start, test } from "./server";

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Whoever comes is Ada, or refuses. */
function answer(url: string, key: { publicKey: KeyObject; privateKey: KeyObject }) {
  let nonce: string | null = null;
  return (request: IncomingMessage, response: ServerResponse) => {
    const at = new URL(request.url ?? "", url);
    const json = (body: object) =>
      response.setHeader("content-type", "application/json").end(JSON.stringify(body));
    if (at.pathname === "/.well-known/openid-configuration") {
      const [authorization_endpoint, token_endpoint, jwks_uri] = ["go", "token", "keys"].map(
        (path) => `${url}/${path}`,
      );
      return json({ issuer: url, authorization_endpoint, token_endpoint, jwks_uri });
    }
    if (at.pathname === "/keys") return json({ keys: [key.publicKey.export({ format: "jwk" })] });
    if (at.pathname === "/token") {
      const now = Math.floor(Date.now() / 1_000);
      const claims = { iss: url, aud: "usher", sub: "1", exp: now + 60, nonce };
      const person = { email: "grace@example.com", email_verified: true };
      const text = `${base64({ alg: "EdDSA" })}.${base64({ ...claims, ...person })}`;
      const signature = sign(null, Buffer.from(text), key.privateKey).toString("base64url");
      return json({ id_token: `${text}.${signature}` });
    }
    // The browser asks for an icon, too.
    if (at.pathname !== "/go") return response.writeHead(404).end();
    nonce = at.searchParams.get("nonce");
    const back = `${at.searchParams.get("redirect_uri")}?state=${at.searchParams.get("state")}`;
    return response
      .setHeader("content-type", "text/html")
      .end(`<a href="${back}&code=c">I am Grace</a> <a href="${back}&error=denied">Leave</a>`);
  };
}

test("whom the identity provider knows is where they wanted to be", async ({ page }) => {
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  const portOf = (address: AddressInfo | string | null) =>
    typeof address === "object" && address ? address.port : 0;
  const url = `http://127.0.0.1:${portOf(listening.address())}`;
  listening.on("request", answer(url, generateKeyPairSync("ed25519")));
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const port = portOf(free.address());
  free.close();
  const server = await start(`127.0.0.1:${port}`, {
    USHER__OIDC__ISSUER: url,
    USHER__OIDC__CLIENT_ID: "usher",
    USHER__OIDC__ACCOUNT: "demo",
    USHER__OIDC__PUBLIC_URL: `http://127.0.0.1:${port}`,
    USHER__OIDC__NAME: "the company account",
    USHER__OUTBOUND__ALLOW_PRIVATE: "127.0.0.1",
  });
  try {
    const grace = { id: "grace", name: "Grace Hopper", email: "grace@example.com" };
    await server.call("POST", "/api/v1/users", { ...grace, role: "manager" });
    await page.goto(`${server.url}/console/decisions?outcome=NO_MATCH`);
    await page.getByRole("button", { name: "Sign in with the company account" }).click();
    await page.getByRole("link", { name: "Leave" }).click();
    await expect(page.getByRole("alert")).toHaveText("denied");
    await page.getByRole("link", { name: "Try again" }).click();
    await page.goto(`${server.url}/console/decisions?outcome=NO_MATCH`);
    await page.getByRole("button", { name: "Sign in with the company account" }).click();
    await page.getByRole("link", { name: "I am Grace" }).click();
    await expect(page).toHaveURL(/\/console\/decisions\?outcome=NO_MATCH/);
    await expect(page.getByRole("button", { name: grace.name })).toBeVisible();
  } finally {
    await server.stop();
    listening.close();
    listening.closeAllConnections();
  }
});
