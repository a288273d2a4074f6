/** Every place of the console, with what its address may say. */
import { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { GROUPS, SPANS, type Span } from "./analytics/period";
import { Failure } from "./api/client";
import { PERIODS, type Period } from "./api/queries";
import { sessionQuery } from "./api/session";
import { STATES } from "./conversations/conversation";
import { SORTS } from "./floor/Agents";
import { FUNCTION_TABS } from "./functions/state";
import { day, present, text, word } from "./lib/address";
import { AccessPage } from "./pages/AccessPage";
import { AttributePage } from "./pages/AttributePage";
import { AttributesPage } from "./pages/AttributesPage";
import { AuditEntryPage } from "./pages/AuditEntryPage";
import { AuditPage } from "./pages/AuditPage";
import { ConsumerPage } from "./pages/ConsumerPage";
import { ContextPage } from "./pages/ContextPage";
import { CredentialPage } from "./pages/CredentialPage";
import { DeadLettersPage } from "./pages/DeadLettersPage";
import { DecisionPage } from "./pages/DecisionPage";
import { DecisionsPage } from "./pages/DecisionsPage";
import { DomainsPage } from "./pages/DomainsPage";
import { EngagementPage } from "./pages/EngagementPage";
import { EngagementsPage } from "./pages/EngagementsPage";
import { FunctionsPage } from "./pages/FunctionsPage";
import { LastAgentPage } from "./pages/LastAgentPage";
import { NamespacePage } from "./pages/NamespacePage";
import { PoliciesPage } from "./pages/PoliciesPage";
import { ProviderPage } from "./pages/ProviderPage";
import { SecretsPage } from "./pages/SecretsPage";
import { SetUpPage } from "./pages/SetUpPage";
import { Shell } from "./pages/Shell";
import { SignInPage } from "./pages/SignInPage";
import { WebhookPage } from "./pages/WebhookPage";
import { WebhooksPage } from "./pages/WebhooksPage";
import { WorkspacePage } from "./pages/WorkspacePage";
import { WorkspaceSettingsPage } from "./pages/WorkspaceSettingsPage";
import { SIDES } from "./policies/document";
import { NotFound, PageFailure } from "./ui/Failures";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // The server said why; asking again does not change its mind.
      retry: (count, error) =>
        count < 2 && !(error instanceof Failure && error.status < 500 && error.status > 0),
    },
  },
});

const rootRoute = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>) => present({ to: text(search, "to") }),
  component: SignInPage,
});

const providerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in/oidc",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      state: text(search, "state"),
      code: text(search, "code"),
      error: text(search, "error"),
      error_description: text(search, "error_description"),
    }),
  component: ProviderPage,
});

export const setUpRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  validateSearch: (search: Record<string, unknown>) => present({ token: text(search, "token") }),
  component: SetUpPage,
});

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { to: location.href } });
    return { session };
  },
  component: Shell,
  errorComponent: PageFailure,
  notFoundComponent: NotFound,
});

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  beforeLoad: ({ context }) => {
    const reads = context.session.permissions.includes("PoliciesRead");
    throw redirect({ to: reads ? "/policies" : "/workspace" });
  },
});

const periods = Object.keys(PERIODS).filter((period): period is Period => period in PERIODS);

export const policiesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/policies",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      find: text(search, "find"),
      period: word(search, "period", periods),
      dialog: word(search, "dialog", ["import"]),
    }),
  component: PoliciesPage,
  errorComponent: PageFailure,
});

export const VIEWS = ["form", "expression", "json"] as const;

export const policyRoute = createRoute({
  getParentRoute: () => policiesRoute,
  path: "$policyId",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      view: word(search, "view", VIEWS),
      side: word(search, "side", SIDES),
      decision: text(search, "decision"),
    }),
  // The editor is half of all code: it is loaded when somebody opens it.
  component: lazyRouteComponent(() => import("./pages/PolicyPage"), "PolicyPage"),
  errorComponent: PageFailure,
});

export const OUTCOMES = ["MATCHED", "NO_MATCH"] as const;
export const STATUSES = ["ERROR", "INVALID"] as const;

export const decisionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/decisions",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      conversation: text(search, "conversation"),
      consumer: text(search, "consumer"),
      policy: text(search, "policy"),
      outcome: word(search, "outcome", OUTCOMES),
      status: word(search, "status", STATUSES),
    }),
  component: DecisionsPage,
  errorComponent: PageFailure,
});

export const decisionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/decisions/$decisionId",
  validateSearch: (search: Record<string, unknown>) => present({ policy: text(search, "policy") }),
  component: DecisionPage,
  errorComponent: PageFailure,
});

const attributesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/attributes",
  validateSearch: (search: Record<string, unknown>) =>
    present({ find: text(search, "find"), own: word(search, "own", ["yes"]) }),
  component: AttributesPage,
  errorComponent: PageFailure,
});

const attributeRoute = createRoute({
  getParentRoute: () => attributesRoute,
  path: "$name",
  validateSearch: (search: Record<string, unknown>) =>
    present({ kind: word(search, "kind", ["function"]) }),
  component: AttributePage,
  errorComponent: PageFailure,
});

const workspaceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workspace",
  validateSearch: (search: Record<string, unknown>) => present({ beside: text(search, "beside") }),
  component: WorkspacePage,
  errorComponent: PageFailure,
});

const openConversationRoute = createRoute({
  getParentRoute: () => workspaceRoute,
  path: "$conversationId",
});

const spans = Object.keys(SPANS).filter((span): span is Span => span in SPANS);

const analyticsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/analytics",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      span: word(search, "span", spans),
      from: day(search, "from"),
      to: day(search, "to"),
      group: word(search, "group", GROUPS),
      id: text(search, "id"),
      sort: text(search, "sort"),
      show: word(search, "show", ["tables"]),
    }),
  // Charts are loaded when somebody looks at them.
  component: lazyRouteComponent(() => import("./pages/AnalyticsPage"), "AnalyticsPage"),
  errorComponent: PageFailure,
});

const workspaceSettingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/workspace",
  component: WorkspaceSettingsPage,
  errorComponent: PageFailure,
});

const engagementsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/engagements",
  validateSearch: (search: Record<string, unknown>) => present({ find: text(search, "find") }),
  component: EngagementsPage,
  errorComponent: PageFailure,
});

const engagementRoute = createRoute({
  getParentRoute: () => engagementsRoute,
  path: "$engagementId",
  component: EngagementPage,
  errorComponent: PageFailure,
});

export const emulatorRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/emulator",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      skill: text(search, "skill"),
      engagement: text(search, "engagement"),
      preset: text(search, "preset"),
      conversation: text(search, "conversation"),
    }),
  component: lazyRouteComponent(() => import("./pages/EmulatorPage"), "EmulatorPage"),
  errorComponent: PageFailure,
});

const lastAgentRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/last-agent",
  component: LastAgentPage,
  errorComponent: PageFailure,
});

const contextRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/context",
  component: ContextPage,
  errorComponent: PageFailure,
});

const namespaceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/context/$namespace",
  component: NamespacePage,
  errorComponent: PageFailure,
});

const documentRoute = createRoute({
  getParentRoute: () => namespaceRoute,
  path: "$session",
  component: lazyRouteComponent(() => import("./pages/DocumentPage"), "DocumentPage"),
  errorComponent: PageFailure,
});

const consumerRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/consumers/$consumerId",
  component: ConsumerPage,
  errorComponent: PageFailure,
});

const functionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/functions",
  validateSearch: (search: Record<string, unknown>) => present({ find: text(search, "find") }),
  component: FunctionsPage,
  errorComponent: PageFailure,
});

const functionRoute = createRoute({
  getParentRoute: () => functionsRoute,
  path: "$functionId",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      tab: word(search, "tab", FUNCTION_TABS),
      level: text(search, "level"),
      request: text(search, "request"),
      follow: word(search, "follow", ["no"]),
    }),
  component: lazyRouteComponent(() => import("./pages/FunctionPage"), "FunctionPage"),
  errorComponent: PageFailure,
});

const secretsRoute = createRoute({
  getParentRoute: () => functionsRoute,
  path: "secrets",
  component: SecretsPage,
  errorComponent: PageFailure,
});

const domainsRoute = createRoute({
  getParentRoute: () => functionsRoute,
  path: "domains",
  component: DomainsPage,
  errorComponent: PageFailure,
});

const webhooksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/webhooks",
  component: WebhooksPage,
  errorComponent: PageFailure,
});

const webhookRoute = createRoute({
  getParentRoute: () => webhooksRoute,
  path: "$webhookId",
  component: WebhookPage,
  errorComponent: PageFailure,
});

const deadLettersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/dead-letters",
  validateSearch: (search: Record<string, unknown>) => present({ target: text(search, "target") }),
  component: DeadLettersPage,
  errorComponent: PageFailure,
});

const accessRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/access",
  component: AccessPage,
  errorComponent: PageFailure,
});

const credentialRoute = createRoute({
  getParentRoute: () => accessRoute,
  path: "$credentialId",
  component: CredentialPage,
  errorComponent: PageFailure,
});

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/audit",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      actor: text(search, "actor"),
      action: text(search, "action"),
      target: text(search, "target"),
      from: day(search, "from"),
      to: day(search, "to"),
    }),
  component: AuditPage,
  errorComponent: PageFailure,
});

const auditEntryRoute = createRoute({
  getParentRoute: () => auditRoute,
  path: "$auditId",
  component: AuditEntryPage,
  errorComponent: PageFailure,
});

const liveRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/live",
  validateSearch: (search: Record<string, unknown>) =>
    present({ skill: text(search, "skill"), sort: word(search, "sort", SORTS) }),
  component: lazyRouteComponent(() => import("./pages/LivePage"), "LivePage"),
  errorComponent: PageFailure,
});

const conversationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/conversations",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      state: word(search, "state", STATES),
      skill: text(search, "skill"),
      agent: text(search, "agent"),
      consumer: text(search, "consumer"),
      channel: text(search, "channel"),
      period: word(search, "period", periods),
      text: text(search, "text"),
    }),
  component: lazyRouteComponent(() => import("./pages/ConversationsPage"), "ConversationsPage"),
  errorComponent: PageFailure,
});

const conversationRoute = createRoute({
  getParentRoute: () => conversationsRoute,
  path: "$conversationId",
  component: lazyRouteComponent(() => import("./pages/ConversationPage"), "ConversationPage"),
  errorComponent: PageFailure,
});

const skillsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/skills",
  validateSearch: (search: Record<string, unknown>) =>
    present({ find: text(search, "find"), import: word(search, "import", ["yes"]) }),
  component: lazyRouteComponent(() => import("./pages/SkillsPage"), "SkillsPage"),
  errorComponent: PageFailure,
});

const skillRoute = createRoute({
  getParentRoute: () => skillsRoute,
  path: "$skillId",
  component: lazyRouteComponent(() => import("./pages/SkillPage"), "SkillPage"),
  errorComponent: PageFailure,
});

const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users",
  validateSearch: (search: Record<string, unknown>) =>
    present({
      find: text(search, "find"),
      group: text(search, "group"),
      dialog: word(search, "dialog", ["import", "groups"]),
    }),
  component: lazyRouteComponent(() => import("./pages/UsersPage"), "UsersPage"),
  errorComponent: PageFailure,
});

const userRoute = createRoute({
  getParentRoute: () => usersRoute,
  path: "$userId",
  component: lazyRouteComponent(() => import("./pages/UserPage"), "UserPage"),
  errorComponent: PageFailure,
});

const botsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/bots",
  validateSearch: (search: Record<string, unknown>) =>
    present({ find: text(search, "find"), dialog: word(search, "dialog", ["front"]) }),
  component: lazyRouteComponent(() => import("./pages/BotsPage"), "BotsPage"),
  errorComponent: PageFailure,
});

const botRoute = createRoute({
  getParentRoute: () => botsRoute,
  path: "$userId",
  component: lazyRouteComponent(() => import("./pages/BotPage"), "BotPage"),
  errorComponent: PageFailure,
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    signInRoute,
    providerRoute,
    setUpRoute,
    shellRoute.addChildren([
      homeRoute,
      policiesRoute.addChildren([policyRoute]),
      decisionsRoute,
      decisionRoute,
      attributesRoute.addChildren([attributeRoute]),
      workspaceRoute.addChildren([openConversationRoute]),
      liveRoute,
      conversationsRoute.addChildren([conversationRoute]),
      skillsRoute.addChildren([skillRoute]),
      usersRoute.addChildren([userRoute]),
      botsRoute.addChildren([botRoute]),
      analyticsRoute,
      engagementsRoute.addChildren([engagementRoute]),
      emulatorRoute,
      lastAgentRoute,
      contextRoute,
      namespaceRoute.addChildren([documentRoute]),
      consumerRoute,
      functionsRoute.addChildren([secretsRoute, domainsRoute, functionRoute]),
      webhooksRoute.addChildren([webhookRoute]),
      deadLettersRoute,
      accessRoute.addChildren([credentialRoute]),
      auditRoute.addChildren([auditEntryRoute]),
      workspaceSettingsRoute,
    ]),
  ]),
  basepath: "/console",
  // Plain text, as people write links: an id of digits stays what it is.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const texts = Object.entries(search).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(texts.map(([key, value]) => [key, String(value)])).toString();
    return query === "" ? "" : `?${query}`;
  },
  context: { queries },
  defaultPreload: false,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
