/** Who is signed in: the server keeps it in a cookie that scripts cannot read. */
import { queryOptions } from "@tanstack/react-query";
import { api, body, Failure, type Schemas, setProof } from "./client";

export type Session = Schemas["Session"];

/** The session, or null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return remembered(body(await api.GET("/api/v1/session")));
    } catch (error) {
      if (error instanceof Failure && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export async function signIn(proof: Schemas["SignIn"]): Promise<Session> {
  return remembered(body(await api.POST("/api/v1/session", { body: proof })));
}

/** The identity provider at which people may sign in, if there is one. */
export const providerQuery = queryOptions({
  queryKey: ["session", "oidc"],
  queryFn: async () => body(await api.GET("/api/v1/session/oidc")),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Returns where the browser goes to sign in at the identity provider. */
export async function departToProvider(): Promise<string> {
  return body(await api.POST("/api/v1/session/oidc")).url;
}

/** Signs in with what the identity provider sent the browser back with. */
export async function returnFromProvider(came: Schemas["Return"]): Promise<Session> {
  return remembered(body(await api.PUT("/api/v1/session/oidc", { body: came })));
}

export async function setUp(wanted: Schemas["SetUp"]): Promise<Session> {
  return remembered(body(await api.POST("/api/v1/session/setup", { body: wanted })));
}

export async function signOut(): Promise<void> {
  await api.DELETE("/api/v1/session");
  setProof({});
}

/** Asks whether somebody is still signed in; whoever is not is told so. */
export async function askSession(): Promise<void> {
  await api.GET("/api/v1/session").catch(() => undefined);
}

/** Every change from now on carries the session's token. */
function remembered(session: Session): Session {
  setProof(session.csrfToken ? { csrfToken: session.csrfToken } : {});
  return session;
}
