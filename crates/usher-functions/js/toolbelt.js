// `require("lp-faas-toolbelt")`: the published clients, each a few lines over a host call.

const named = (name, message, fields) => {
  const error = new OwnError(message);
  return Object.assign(error, { name, ...fields });
};

// HTTPClient: the interface of `request-promise`.

const withQuery = (target, query) => {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]],
  );
  if (pairs.length === 0) return target;
  const words = new URLSearchParams(pairs.filter(([, value]) => value !== undefined)).toString();
  return `${target}${target.includes("?") ? "&" : "?"}${words}`;
};

const payloadOf = (options, headers) => {
  const offerType = (type) => {
    if (!headers.has("content-type")) headers.set("content-type", type);
  };
  if (options.form !== undefined) {
    offerType("application/x-www-form-urlencoded");
    const { form } = options;
    return bodyOf(typeof form === "string" ? form : new URLSearchParams(form).toString());
  }
  const isJson = Boolean(options.json);
  const body = typeof options.json === "object" ? options.json : options.body;
  if (body === undefined || body === null) return null;
  if (isJson) {
    offerType("application/json");
    return { text: stringify(body) };
  }
  if (typeof body !== "string" && !ArrayBuffer.isView(body) && !(body instanceof ArrayBuffer)) {
    throw new TypeError("`body` is text or bytes; for anything else set `json: true`");
  }
  return bodyOf(body);
};

const contentOf = (options, answer) => {
  if (options.encoding === null) return bytesOfBody(answer.body);
  const words = textOfBody(answer.body);
  if (!options.json) return words;
  try {
    return parse(words);
  } catch {
    return words;
  }
};

const send = async (options, ask) => {
  const headers = new Headers(options.headers ?? []);
  if (options.json && !headers.has("accept")) headers.set("accept", "application/json");
  const { user, username, pass, password, bearer } = options.auth ?? {};
  if (bearer !== undefined) {
    headers.set("authorization", `Bearer ${bearer}`);
  } else if (options.auth) {
    const words = `${user ?? username}:${pass ?? password}`;
    headers.set("authorization", `Basic ${toBase64(new TextEncoder().encode(words))}`);
  }
  const method = OwnString(options.method ?? "GET").toUpperCase();
  const payload = payloadOf(options, headers);
  let answer;
  try {
    answer = await ask({
      method,
      url: withQuery(
        OwnString(options.baseUrl ?? "") + OwnString(options.uri ?? options.url ?? ""),
        options.qs,
      ),
      headers: [...headers],
      body: payload,
      timeoutMs: options.timeout === undefined ? null : Math.trunc(Number(options.timeout)),
      redirectsFollowed:
        options.followAllRedirects === true ||
        (options.followRedirect !== false && ["GET", "HEAD"].includes(method)),
    });
  } catch (cause) {
    throw named("RequestError", `Error: ${cause.message}`, {
      cause,
      error: cause,
      options,
      code: cause.code,
    });
  }
  const body = contentOf(options, answer);
  const response = {
    statusCode: answer.status,
    headers: Object.fromEntries(new Headers(answer.headers)),
    body,
    request: { uri: { href: answer.url }, method },
  };
  const isGood = answer.status >= 200 && answer.status < 300;
  if (!isGood && options.simple !== false) {
    throw named("StatusCodeError", `${answer.status} - ${stringify(body)}`, {
      statusCode: answer.status,
      error: body,
      options,
      response,
    });
  }
  return options.resolveWithFullResponse ? response : body;
};

const HTTPClient = (defaults = {}) => {
  const request = (target, more) => {
    const options =
      typeof target === "object" && !(target instanceof URL)
        ? { ...defaults, ...target }
        : { ...defaults, ...more, url: OwnString(target) };
    return send(options, (wire) => call({ call: "http", ...wire, url: new URL(wire.url).href }));
  };
  for (const method of ["get", "head", "post", "put", "patch", "delete"]) {
    request[method] = (target, more) =>
      typeof target === "object" && !(target instanceof URL)
        ? request({ ...target, method })
        : request(target, { ...more, method });
  }
  request.del = request.delete;
  request.defaults = (more) => HTTPClient({ ...defaults, ...more });
  return request;
};

// LpClient: a service by its name, with credentials that the platform adds.

const LpServices = {
  ACCOUNT_CONFIG_READ_ONLY: "accountConfigReadOnly",
  ACCOUNT_CONFIG_READ_WRITE: "accountConfigReadWrite",
  AGENT_VEP: "agentVep",
  ASYNC_MESSAGING: "asyncMessaging",
  ASYNC_MESSAGING_ENT: "asyncMessagingEnt",
  ENG_HIST_DOMAIN: "engHistDomain",
  LE_DATA_REPORTING: "leDataReporting",
  MSDKGW: "msdkgw",
  MSG_EWT_API: "msgEwtAPI",
  MSG_HIST: "msgHist",
  PUSHER: "pusher",
  RTBF: "rtbf",
  SMT: "smt",
  SWIFT: "swift",
};

const LpClient =
  () =>
  (service, path, options = {}) =>
    send({ ...options, url: path, baseUrl: "" }, (request) =>
      call({ call: "platform", service: OwnString(service), request }),
    );

// Secrets, context, conversations, attributes, other functions.

const SecretClient = () => ({
  readSecret: (key) => call({ call: "readSecret", key: OwnString(key) }),
  updateSecret: ({ key, value }) => call({ call: "updateSecret", key: OwnString(key), value }),
});

const ContextServiceClient = () => {
  const ask = (action, namespace, more) =>
    call({ call: "context", action, namespace: OwnString(namespace), ...more });
  const session = (id) => (id === undefined || id === null ? null : OwnString(id));
  const set = async (namespace, properties, id) => {
    await ask("setProperties", namespace, { sessionId: session(id), properties });
    return properties;
  };
  const get = (namespace, names, id) =>
    ask("getProperties", namespace, { sessionId: session(id), names });
  return {
    createNamespace: (namespace, options = {}) =>
      ask("createNamespace", namespace, { ttlSeconds: options.ttl ?? null }),
    deleteNamespace: (namespace) => ask("deleteNamespace", namespace),
    getListOfNamespaces: () => call({ call: "context", action: "listNamespaces" }),
    getListOfSessions: (namespace) => ask("listSessions", namespace),
    deleteSession: (namespace, id) => ask("deleteSession", namespace, { sessionId: session(id) }),
    setPropertiesInNamespace: set,
    updatePropertiesInNamespace: set,
    getAllPropertiesInSession: (namespace, id) => get(namespace, null, id),
    getSelectedPropertiesInSession: (namespace, names, id) => get(namespace, [...names], id),
    getPropertyInSession: async (namespace, name, id) =>
      (await get(namespace, [OwnString(name)], id))[name],
    deletePropertyInSession: (namespace, name, id) =>
      ask("deleteProperty", namespace, { sessionId: session(id), name: OwnString(name) }),
  };
};

const ConversationContentTypes = {
  CAMPAIGN: "campaign",
  MESSAGE_RECORDS: "messageRecords",
  AGENT_PARTICIPANTS: "agentParticipants",
  AGENT_PARTICIPANTS_LEAVE: "agentParticipantsLeave",
  AGENT_PARTICIPANTS_ACTIVE: "agentParticipantsActive",
  CONSUMER_PARTICIPANTS: "consumerParticipants",
  TRANSFERS: "transfers",
  INTERACTIONS: "interactions",
  MESSAGE_SCORES: "messageScores",
  MESSAGE_STATUSES: "messageStatuses",
  CONVERSATION_SURVEYS: "conversationSurveys",
  COBROWSE_SESSIONS: "coBrowseSessions",
  SUMMARY: "summary",
  SDES: "sdes",
  UNAUTH_SDES: "unAuthSdes",
  MONITORING: "monitoring",
  DIALOGS: "dialogs",
  RESPONSE_TIME: "responseTime",
  SKILL_CHANGES: "skillChanges",
  INTENTS: "intents",
  UNIQUE_INTENTS: "uniqueIntents",
  LATEST_AGENT_SURVEY: "latestAgentSurvey",
  PREVIOUSLY_SUBMITTED_AGENT_SURVEYS: "previouslySubmittedAgentSurveys",
};

const ConversationUtil = () => ({
  getConversationById: (id, contentToRetrieve = []) =>
    call({
      call: "conversation",
      conversationId: OwnString(id),
      contentToRetrieve: [...contentToRetrieve],
    }),
  scanConversationForKeywords(conversation, keywords) {
    const records = recordOf(conversation).messageRecords ?? [];
    return records.flatMap((record) => {
      const message = record.messageData?.msg?.text;
      if (typeof message !== "string") return [];
      return keywords
        .filter((word) => message.toLowerCase().includes(OwnString(word).toLowerCase()))
        .map((word) => ({
          message,
          sentTimestamp: record.timeL,
          sentBy: record.sentBy,
          tag: `keywordRef:${word}`,
        }));
    });
  },
});

const recordOf = (conversation) => conversation?.conversationHistoryRecords?.[0] ?? conversation;

const SDETypes = {
  CUSTOMER_INFO: "ctmrinfo",
  PERSONAL_INFO: "personal",
  MARKETING_CAMPAIGN_INFO: "mrktInfo",
  PURCHASE: "purchase",
  VIEWED_PRODUCT: "prodView",
  CART_STATUS: "cart",
  SERVICE_ACTIVITY: "service",
  VISITOR_ERROR: "error",
  LEAD: "lead",
  SEARCH_CONTENT: "searchInfo",
};

const SDEUtil = () => ({
  addSDEs: (sdes, visitorId, sessionId) =>
    call({
      call: "addSdes",
      visitorId: OwnString(visitorId),
      sessionId: OwnString(sessionId),
      sdes: [...sdes],
    }),
  getSDEsFromConv(conversation) {
    const record = recordOf(conversation) ?? {};
    const sorted = (list) => ({
      events: [...(list?.events ?? [])].sort((a, b) => a.serverTimeStamp - b.serverTimeStamp),
    });
    return { sdes: sorted(record.sdes), unAuthSdes: sorted(record.unAuthSdes) };
  },
});

const ErrorStrategy = {
  EXIT_ON_ERROR: "EXIT_ON_ERROR",
  CONTINUE_ON_ERROR: "CONTINUE_ON_ERROR",
};

const OrchestratorClient = () => ({
  async invoke(invocations, deadline = 25000, options = {}) {
    const timeoutMs = options.timeout ?? Math.floor(deadline / Math.max(invocations.length, 1));
    const one = async ({ uuid, payload = null, headers = {} }) => {
      try {
        const body = await call({
          call: "invoke",
          function: OwnString(uuid),
          payload,
          headers,
          timeoutMs,
        });
        return { uuid, body, headers: {}, statusCode: 200 };
      } catch (error) {
        if (options.errorStrategy !== ErrorStrategy.CONTINUE_ON_ERROR) throw error;
        return { uuid, error, headers: {}, statusCode: error.statusCode ?? 500 };
      }
    };
    if (options.invokeParallel) return OwnPromise.all(invocations.map(one));
    const answers = [];
    for (const invocation of invocations) answers.push(await one(invocation));
    return answers;
  },
});

const unsupported = (name, instead) => () => {
  throw named("ToolBeltError", `Toolbelt.${name} is not supported: ${instead}`, {
    code: "UNSUPPORTED",
  });
};

const Toolbelt = {
  HTTPClient: () => HTTPClient(),
  LpClient,
  SecretClient,
  ContextServiceClient,
  ConversationUtil,
  SDEUtil,
  OrchestratorClient,
  MTLSClient: unsupported("MTLSClient", "let a gateway of yours hold the certificate"),
  LPMtlsClient: unsupported("LPMtlsClient", "let a gateway of yours hold the certificate"),
  SFClient: unsupported("SFClient", "call the REST interface with HTTPClient"),
  GDPRUtil: unsupported("GDPRUtil", "erase a consumer through the API"),
  CsdsClient: unsupported("CsdsClient", "LpClient finds services by their names"),
};

const modules = {
  __proto__: null,
  "lp-faas-toolbelt": {
    Toolbelt,
    LpServices,
    ConversationContentTypes,
    SDETypes,
    ErrorStrategy,
  },
  url: { URL, URLSearchParams },
  util: { TextEncoder, TextDecoder },
};

const require = (name) => {
  const found = modules[name] ?? modules[OwnString(name).replace(/^node:/, "")];
  if (found !== undefined) return found;
  const error = new OwnError(
    `Cannot find module '${name}': a function has "lp-faas-toolbelt", "crypto" and "url", and no other`,
  );
  error.code = "MODULE_NOT_FOUND";
  throw error;
};

offer({ require });
