// The part of an isolate that its author did not write: how a run starts, ends, waits and logs.
//
// `host` is what Rust gives. It is taken before any other code runs, so that no author can reach
// it; every limit is kept on its other side, so that tampering here gains nothing.
const host = globalThis.host;
delete globalThis.host;

const { stringify, parse } = JSON;
const { apply, defineProperty } = Reflect;
const EngineFailure = InternalError;
const EngineErrors = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];
const OwnError = Error;
const OwnPromise = Promise;
const OwnString = String;
const resolved = OwnPromise.resolve.bind(OwnPromise);
const then = OwnPromise.prototype.then;
const now = Date.now;

/** Makes things global the way built-in things are: there, replaceable, not listed. */
const offer = (things) => {
  for (const name in things) {
    defineProperty(globalThis, name, {
      value: things[name],
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
};

/** The text of anything, for a log line or an error; never throws. */
const text = (thing) => {
  try {
    if (typeof thing === "string") return thing;
    if (thing instanceof OwnError) return `${thing.name}: ${thing.message}`;
    if (typeof thing === "object" && thing !== null) return stringify(thing, plain) ?? "";
    return OwnString(thing);
  } catch {
    return "[what cannot be shown]";
  }
};

/** What `JSON.stringify` would lose of an error or refuse of a big integer. */
const plain = (_key, value) => {
  if (value instanceof OwnError) {
    return { ...value, name: value.name, message: value.message, stack: value.stack };
  }
  return typeof value === "bigint" ? OwnString(value) : value;
};

const stackOf = (error) => {
  try {
    return error instanceof OwnError ? OwnString(error.stack ?? "") : "";
  } catch {
    return "";
  }
};

// Calls and timers that wait for an answer, by id.

const waiting = { __proto__: null };
let lastId = 0;

/** Asks the host; see `HostCall` for the list. */
const call = (request) =>
  new OwnPromise((resolve, reject) => {
    const id = ++lastId;
    host.call(id, stringify(request));
    waiting[id] = { resolve, reject };
  });

const wait = (callback, delay, words, isRepeated, given) => {
  if (typeof callback !== "function") {
    throw new TypeError("a timer takes a function");
  }
  const id = given ?? ++lastId;
  const after = Math.min(Math.max(Math.trunc(Number(delay)) || 0, 1), 2 ** 31 - 1);
  host.timer(id, after);
  waiting[id] = { callback, after, words, isRepeated };
  return id;
};

const clear = (id) => {
  if (waiting[id]?.callback) {
    delete waiting[id];
    host.cancel(id);
  }
};

/** Hands the answer of a call or of a timer to whoever waits for it. */
function settle(id, isOk, answer) {
  const one = waiting[id];
  if (one === undefined) return;
  delete waiting[id];
  if (one.callback) {
    if (one.isRepeated) wait(one.callback, one.after, one.words, true, id);
    try {
      apply(one.callback, undefined, one.words);
    } catch (error) {
      thrown(error);
    }
  } else if (isOk) {
    one.resolve(answer);
  } else {
    const error = new OwnError(answer.message);
    error.code = answer.code;
    one.reject(error);
  }
}

// How a run starts and ends.

/** An error of the engine is a crash; any other that is thrown is the author's way to say no. */
const thrown = (error) => {
  let isCrash = false;
  try {
    // An engine without memory for an error throws `null`.
    if (error === null) error = new EngineFailure("out of memory");
    isCrash = EngineErrors.some((one) => error instanceof one) || error?.name === "InternalError";
  } catch {
    isCrash = true;
  }
  fail(isCrash ? "runtime" : "custom", error);
};

const fail = (kind, error) => {
  const message =
    kind === "custom" && error instanceof OwnError ? text(error.message) : text(error);
  host.fail(kind, message, stackOf(error));
};

/** Runs the function; its first answer ends the run. */
function run(lambda, input) {
  const callback = (error, result) => {
    if (error) fail("custom", error);
    else host.done(result);
  };
  const takesCallback = lambda.length > 1;
  const answered = (value) => {
    if (value !== undefined || !takesCallback) host.done(value);
  };
  let returned;
  try {
    returned = lambda(input, callback);
    if (typeof returned?.then !== "function") return answered(returned);
  } catch (error) {
    return thrown(error);
  }
  apply(then, resolved(returned), [answered, thrown]);
}

/** Makes `process.env`, whose values are text as everywhere. */
function prepare(environment) {
  offer({ process: { env: environment } });
}

// No author can import this module's name and find anything: Rust takes its ways in from `host`.
host.entrances = { run, prepare, settle };

// What an author sees of it.

const write = (level) => (message, ...extras) => {
  host.log(level, text(message), extras.length === 0 ? "" : text(extras), now());
};

offer({
  console: {
    debug: write("debug"),
    trace: write("debug"),
    log: write("info"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  },
  setTimeout: (callback, delay, ...words) => wait(callback, delay, words, false),
  setInterval: (callback, delay, ...words) => wait(callback, delay, words, true),
  setImmediate: (callback, ...words) => wait(callback, 0, words, false),
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
});

// Code that comes from text has no place here: what is deployed is what was checked.

const refuse = function () {
  throw new EvalError("code from text is not allowed: no `eval`, no `Function` constructor");
};
offer({ eval: refuse });
for (const one of [function () {}, async function () {}, function* () {}, async function* () {}]) {
  const kind = Object.getPrototypeOf(one);
  const substitute = function () {
    refuse();
  };
  substitute.prototype = kind;
  defineProperty(kind, "constructor", { value: substitute, writable: true, configurable: true });
  if (kind === Function.prototype) offer({ Function: substitute });
}
