/** The real program with demo data in a directory of its own, and a browser that is signed in. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { test as base, expect, type Page } from "@playwright/test";

const PROGRAM = process.env["USHER"] ?? join(import.meta.dirname, "../../target/debug/usher");

export const PERSON = {
  name: "Ada Lovelace",
  email: "ada@example.com",
  password: "correct horse battery",
};

export interface Server {
  url: string;
  /** The one-time link of the first start; a test may be the one that uses it. */
  link: string;
  /** The one-time link of the demo's agent. */
  agentLink: string;
  /** Calls the API as a program does. */
  call: (method: string, path: string, body?: unknown) => Promise<unknown>;
  /** Ends the program without a word. */
  kill: () => Promise<void>;
  /** Starts it again where it was, with what it has kept. */
  startAgain: () => Promise<void>;
}

/** Starts a server of its own, perhaps with more configuration; whoever starts it stops it. */
export async function start(
  listen = "127.0.0.1:0",
  environment: Record<string, string> = {},
): Promise<Server & { stop: () => Promise<void> }> {
  const data = await mkdtemp(join(tmpdir(), "usher-console-"));
  const demo = await promisify(execFile)(PROGRAM, ["demo", "--data", data]);
  const said = demo.stdout + demo.stderr;
  const [link, agentLink] = said.match(/\/console\/setup\?token=\S+/g) ?? [];
  const key = /usk\.\S+/.exec(said)?.[0];
  if (!link || !agentLink || !key)
    throw new Error(`expected two links and a key from \`usher demo\`, found: ${said}`);
  let { server, url } = await serve(data, listen, environment);
  const end = async (signal: NodeJS.Signals) => {
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  };
  return {
    url,
    link,
    agentLink,
    call: async (method, path, body) => {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? undefined : answer.json();
    },
    kill: () => end("SIGKILL"),
    startAgain: async () => {
      ({ server, url } = await serve(data, new URL(url).host, environment));
    },
    stop: async () => {
      await end("SIGTERM");
      await rm(data, { recursive: true });
    },
  };
}

async function serve(data: string, listen: string, environment: Record<string, string>) {
  const server = spawn(PROGRAM, ["serve", "--data", data, "--listen", listen], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...environment },
  });
  const [line] = await once(createInterface(server.stdout), "line");
  const url = /http:\S+/.exec(String(line))?.[0];
  if (!url) throw new Error(`expected \`usher listening on http://…\`, found: ${line}`);
  return { server, url };
}

interface Fixtures {
  /** A page of somebody who is signed in; it fails the test if the browser complains. */
  signedIn: Page;
}

type ServerOf = (file: string) => Promise<Server>;

export const test = base.extend<Fixtures & { server: Server }, { serverOf: ServerOf }>({
  // One server for a file: a journey must not meet what other files have left behind.
  serverOf: [
    // biome-ignore lint/correctness/noEmptyPattern: the signature is Playwright's
    async ({}, use) => {
      let of = "";
      let server: Awaited<ReturnType<typeof start>> | undefined;
      await use(async (file) => {
        if (server && of === file) return server;
        await server?.stop();
        of = file;
        server = await start();
        return server;
      });
      await server?.stop();
    },
    { scope: "worker" },
  ],
  server: async ({ serverOf }, use, { file }) => use(await serverOf(file)),
  baseURL: async ({ server }, use) => use(server.url),
  signedIn: async ({ page, server }, use) => {
    const complaints = await watch(page);
    await signIn(page, server);
    await use(page);
    expect(complaints, "the browser has nothing to complain about").toEqual([]);
  },
});

/** Signs in by the API, with the link if nobody has used it. */
export async function signIn(page: Page, server: Server): Promise<void> {
  const { name, email, password } = PERSON;
  const headers = { origin: server.url };
  const known = await page.request.post(`${server.url}/api/v1/session`, {
    headers,
    data: { email, password },
  });
  if (known.ok()) return;
  const token = new URL(server.url + server.link).searchParams.get("token");
  const made = await page.request.post(`${server.url}/api/v1/session/setup`, {
    headers,
    data: { token, name, email, password },
  });
  expect(made.ok(), await made.text()).toBe(true);
}

/** Makes a user whose work is to talk, and signs them in on a page. */
export async function signInAgent(
  page: Page,
  server: Server,
  agent: { id: string; name: string; skills: string[] },
): Promise<void> {
  const { id, name } = agent;
  await server.call("POST", "/api/v1/users", {
    id,
    name,
    kind: "HUMAN",
    role: "agent",
    email: `${id}@example.com`,
    skills: agent.skills.map((skillId) => ({ skillId })),
  });
  const link = await server.call("POST", `/api/v1/users/${id}/sign-in-link`);
  const token = new URL(server.url + Object(link).path).searchParams.get("token");
  const made = await page.request.post(`${server.url}/api/v1/session/setup`, {
    headers: { origin: server.url },
    data: { token, name, email: `${id}@example.com`, password: PERSON.password },
  });
  expect(made.ok(), await made.text()).toBe(true);
}

/** Collects what the browser complains about: faults of scripts, and what the page's policy forbids. */
async function watch(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const text = message.text();
    // The status of an answer is looked at by the page itself; of styles the listener below tells.
    const isKnown = /^(Failed to load resource|Applying inline style)/.test(text);
    if (message.type() === "error" && !isKnown) complaints.push(text);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ target, violatedDirective }) => {
      // Chromium adds styles of its own while one types over a selection; the editor draws anew.
      const isTyping = target instanceof Element && target.closest(".cm-content") !== null;
      // biome-ignore lint/suspicious/noConsole: it is how the page tells the test
      if (!isTyping) console.error(`forbidden by ${violatedDirective}`);
    });
  });
  return complaints;
}

export { expect };
