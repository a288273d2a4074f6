/*
 * Lets a page talk with the agent workspace that shows it in a frame: docs/guide/widgets.md.
 *
 * It is loaded from the server of the workspace, and speaks with that server's pages alone:
 * <script src="https://usher.example.com/sdk/agent-workspace.js"></script>
 */
(() => {
  const workspace = new URL(document.currentScript.src).origin;
  /** How long the workspace may take to answer the first word. */
  const HANDSHAKE_MS = 10_000;

  let port;
  let requests = 0;
  let isDisposed = false;
  const waiting = new Map();
  const bindings = new Map();
  const listeners = { notify: new Set(), focus: new Set(), blur: new Set() };
  const unsaid = [];

  const cmdNames = {
    write: "Write ChatLine",
    writeSC: "Write StructuredContent",
    notify: "Send Notification",
    sendFile: "Send File",
  };

  const call = (then, ...values) => {
    if (typeof then === "function") then(...values);
  };

  const add = (set, then) => {
    if (typeof then === "function") set.add(then);
  };

  /** Says something to the workspace, as soon as it listens; it answers every word once. */
  const ask = (type, body, onSuccess, onError) => {
    if (isDisposed) {
      call(onError, new Error("expected a widget that is in use, found one that was disposed of"));
      return;
    }
    requests += 1;
    waiting.set(requests, { onSuccess, onError });
    const word = { type, request: requests, ...body };
    if (port) port.postMessage(word);
    else unsaid.push(word);
  };

  const hear = ({ data }) => {
    if (isDisposed) return;
    if (data.type === "ANSWER") {
      const { onSuccess, onError } = waiting.get(data.request) ?? {};
      waiting.delete(data.request);
      if (data.error === undefined) call(onSuccess, data.value);
      else call(onError, new Error(data.error));
    } else if (data.type === "CHANGED") {
      for (const then of bindings.get(data.key) ?? []) {
        then({ key: data.key, newValue: data.newValue });
      }
    } else if (data.type in { NOTIFY: 0, FOCUS: 0, BLUR: 0 }) {
      for (const then of listeners[data.type.toLowerCase()]) then(data.value);
    }
  };

  const sdk = {
    v: "1.0.0",
    name: "agentWorkspace",
    appNames: { workspace: "agentWorkspace" },
    cmdNames,
    reqNames: { get: "get", bind: "bind", unbind: "unbind" },
    eventNames: { notify: "notify", focus: "focus", blur: "blur" },

    /** Begins; call it once, before anything else is expected to be answered. */
    init(callbacks = {}) {
      add(listeners.notify, callbacks.notificationCallback);
      add(listeners.focus, callbacks.visitorFocusedCallback);
      add(listeners.blur, callbacks.visitorBlurredCallback);
      if (port || window.parent === window) return;
      const late = setTimeout(() => {
        for (const { onError } of waiting.values()) {
          call(
            onError,
            new Error("expected the agent workspace around this page, nobody answered"),
          );
        }
        waiting.clear();
        unsaid.length = 0;
      }, HANDSHAKE_MS);
      const welcome = (event) => {
        if (event.origin !== workspace || event.data?.type !== "USHER_WIDGET_WELCOME") return;
        window.removeEventListener("message", welcome);
        clearTimeout(late);
        port = event.ports[0];
        port.onmessage = hear;
        for (const word of unsaid.splice(0)) port.postMessage(word);
      };
      window.addEventListener("message", welcome);
      window.parent.postMessage({ type: "USHER_WIDGET_HELLO" }, workspace);
    },

    /** Reads a value of the public model; one that is not there is null. */
    get(path, onSuccess, onError) {
      ask("GET", { key: path }, onSuccess, onError);
    },

    /** Follows a value: told at once if there is one, and with every change. */
    bind(path, onUpdate, done) {
      const isNew = !bindings.has(path);
      const known = bindings.get(path) ?? new Set();
      bindings.set(path, known.add(onUpdate));
      const begin = (value) => {
        if (value !== null && known.has(onUpdate)) onUpdate({ key: path, newValue: value });
        call(done);
      };
      ask(isNew ? "BIND" : "GET", { key: path }, begin, (error) => call(done, error));
    },

    /** Follows a value no longer: with the path and the callback that `bind` was given. */
    unbind(path, onUpdate, done) {
      const known = bindings.get(path);
      if (!known?.delete(onUpdate)) {
        call(done, new Error(`expected a path and a callback that are bound, found \`${path}\``));
        return;
      }
      if (known.size > 0) {
        call(done);
        return;
      }
      bindings.delete(path);
      ask(
        "UNBIND",
        { key: path },
        () => call(done),
        (error) => call(done, error),
      );
    },

    /** Has the workspace do something: one of `cmdNames`. */
    command(name, data, done) {
      ask(
        "COMMAND",
        { name, data },
        () => call(done),
        (error) => call(done, error),
      );
    },

    /** Changes what is known of a customer who is not signed in. */
    setConsumerProfile(_data, _onSuccess, onError) {
      call(onError, new Error("this workspace does not let widgets change a customer's profile"));
    },

    onNotify: (then) => add(listeners.notify, then),
    onVisitorFocused: (then) => add(listeners.focus, then),
    onVisitorBlurred: (then) => add(listeners.blur, then),

    /** Ends; nothing is answered any more. */
    dispose() {
      isDisposed = true;
      port?.close();
      waiting.clear();
      bindings.clear();
      for (const set of Object.values(listeners)) set.clear();
    },
  };

  window.agentWorkspace = sdk;
  // The name under which existing widgets know it.
  window.lpTag = window.lpTag || {};
  window.lpTag.agentSDK = sdk;
})();
