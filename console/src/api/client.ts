/** The API, typed by its description. Every failure is thrown as a `Failure`. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** What went wrong, in the server's words; without a `problem` the server was not reached. */
export class Failure extends Error {
  readonly problem: Problem | undefined;

  constructor(message: string, problem?: Problem) {
    super(message);
    this.problem = problem;
  }

  get status(): number {
    return this.problem?.status ?? 0;
  }
}

/** What is sent along to prove who asks. */
interface Proof {
  csrfToken?: string;
}

let proof: Proof = {};
let onSignedOut = () => {};

/** Says how requests prove who asks, from now on. */
export function setProof(next: Proof): void {
  proof = next;
}

/** Says what to do when the server no longer knows who asks. */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

/** Reads the body of an error; a server that is not ours, or none, has no such body. */
export async function failureOf(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  if (isProblem(body)) return new Failure(body.detail, body);
  return new Failure(`The server answered ${response.status}.`);
}

/** Whether a value is the body of an error. */
export function isProblem(body: unknown): body is Problem {
  return (
    typeof body === "object" &&
    body !== null &&
    "code" in body &&
    "detail" in body &&
    "status" in body
  );
}

const UNREACHABLE = "The server cannot be reached. Nothing was lost; try again.";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** Throws every failure as a `Failure`. */
const failures: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await failureOf(response);
  },
  onError({ error }) {
    return error instanceof Failure ? error : new Failure(UNREACHABLE);
  },
};

/** Returns a client of the API whose requests are made to prove who asks. */
export function clientThat(proves: Middleware) {
  const client = createClient<paths>({
    // Looked up at each call, so that what stands around the page may replace it.
    fetch: (request) => globalThis.fetch(request),
  });
  client.use(failures, proves);
  return client;
}

/** As whoever has signed in. */
export const api = clientThat({
  onRequest({ request }) {
    if (proof.csrfToken && !SAFE.has(request.method)) {
      request.headers.set("x-csrf-token", proof.csrfToken);
    }
  },
  onResponse({ response }) {
    if (response.status === 401) onSignedOut();
  },
});

/** Returns the body of an answer that has one. */
export function body<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new Failure("The server answered without a body.");
  return answer.data;
}

/** Something with the word by which the server knows this version of it. */
export interface Tagged<T> {
  value: T;
  tag: string;
}

/** Returns the body of an answer with its version. */
export function tagged<T>(answer: { data?: T; response: Response }): Tagged<T> {
  return { value: body(answer), tag: answer.response.headers.get("etag") ?? "" };
}
