// What authors know from the web platform: text, URLs, `fetch`, digests.

const bytesOf = (source) => {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  throw new TypeError("expected an ArrayBuffer or a view of one");
};
const exact = (source) => {
  const bytes = bytesOf(source);
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
};

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(words = "") {
    return new Uint8Array(host.encode(OwnString(words).toWellFormed()));
  }
}

class TextDecoder {
  #isFatal;
  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!["utf-8", "utf8"].includes(OwnString(label).toLowerCase())) {
      throw new RangeError(`the encoding \`${label}\` is not supported: use utf-8`);
    }
    this.#isFatal = Boolean(fatal);
  }
  get encoding() {
    return "utf-8";
  }
  decode(source = new Uint8Array()) {
    return host.decode(exact(source), this.#isFatal);
  }
}

const toBase64 = (source) => host.toBase64(exact(source));
const fromBase64 = (words) => new Uint8Array(host.fromBase64(words));

// URLs of the schemes that an HTTP client speaks.

const escape = (words, keep) =>
  OwnString(words)
    .toWellFormed()
    .replace(keep, (letters) => {
      let escaped = "";
      for (const byte of new Uint8Array(host.encode(letters))) {
        escaped += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      }
      return escaped;
    });
const escapePath = (words) => escape(words, /[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e]/gu);
const escapeQuery = (words) => escape(words, /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/gu);
const escapeUser = (words) => escape(words, /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e%]/gu);
const escapeForm = (words) => escape(words, /[^*\-.0-9A-Z_a-z ]/gu).replace(/ /g, "+");
const unescape = (words) => {
  if (!words.includes("%")) return words;
  const bytes = [];
  for (let at = 0; at < words.length; ) {
    const code = words.slice(at, at + 3);
    if (/^%[0-9a-f]{2}$/i.test(code)) {
      bytes.push(parseInt(code.slice(1), 16));
      at += 3;
    } else {
      const letter = OwnString.fromCodePoint(words.codePointAt(at));
      bytes.push(...new Uint8Array(host.encode(letter.toWellFormed())));
      at += letter.length;
    }
  }
  return host.decode(new Uint8Array(bytes).buffer, false);
};

class URLSearchParams {
  #pairs = [];
  #changed;
  constructor(init = "", changed = () => {}) {
    if (typeof init === "object" && init !== null) {
      const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
      for (const [name, value] of pairs) this.#pairs.push([OwnString(name), OwnString(value)]);
    } else {
      this.#read(OwnString(init));
    }
    this.#changed = changed;
  }
  #read(query) {
    this.#pairs = [];
    for (const part of query.replace(/^\?/, "").split("&")) {
      if (part === "") continue;
      const at = part.indexOf("=");
      const name = at < 0 ? part : part.slice(0, at);
      const value = at < 0 ? "" : part.slice(at + 1);
      this.#pairs.push([unescape(name.replace(/\+/g, " ")), unescape(value.replace(/\+/g, " "))]);
    }
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    this.#pairs.push([OwnString(name), OwnString(value)]);
    this.#changed();
  }
  delete(name) {
    this.#pairs = this.#pairs.filter(([one]) => one !== OwnString(name));
    this.#changed();
  }
  get(name) {
    return this.#pairs.find(([one]) => one === OwnString(name))?.[1] ?? null;
  }
  getAll(name) {
    return this.#pairs.filter(([one]) => one === OwnString(name)).map(([, value]) => value);
  }
  has(name) {
    return this.#pairs.some(([one]) => one === OwnString(name));
  }
  set(name, value) {
    const first = this.#pairs.findIndex(([one]) => one === OwnString(name));
    if (first < 0) return this.append(name, value);
    this.#pairs[first][1] = OwnString(value);
    this.#pairs = this.#pairs.filter(([one], at) => at <= first || one !== OwnString(name));
    this.#changed();
  }
  sort() {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }
  forEach(callback, self) {
    for (const [name, value] of this.#pairs) callback.call(self, value, name, this);
  }
  *entries() {
    for (const [name, value] of this.#pairs) yield [name, value];
  }
  *keys() {
    for (const [name] of this.#pairs) yield name;
  }
  *values() {
    for (const [, value] of this.#pairs) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return this.#pairs.map(([name, value]) => `${escapeForm(name)}=${escapeForm(value)}`).join("&");
  }
}

const PORTS = { "http:": "80", "https:": "443" };

/** Leaves `.` and `..` out of a path. */
const flatten = (path) => {
  const kept = [];
  const parts = path.replace(/\\/g, "/").split("/").slice(1);
  parts.forEach((part, at) => {
    const plainPart = part.replace(/%2e/gi, ".");
    const isLast = at === parts.length - 1;
    if (plainPart === "..") {
      kept.pop();
      if (isLast) kept.push("");
    } else if (plainPart !== ".") {
      kept.push(part);
    } else if (isLast) {
      kept.push("");
    }
  });
  return `/${kept.join("/")}`;
};

class URL {
  #protocol;
  #username = "";
  #password = "";
  #hostname;
  #port = "";
  #pathname = "/";
  #search = "";
  #hash = "";
  #params;

  constructor(words, base) {
    const invalid = () => {
      const error = new TypeError(`\`${words}\` is not a URL of http or https`);
      error.code = "ERR_INVALID_URL";
      return error;
    };
    let rest = OwnString(words).trim().replace(/[\t\n\r]/g, "");
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(rest)?.[1]?.toLowerCase();
    if (scheme === undefined) {
      if (base === undefined) throw invalid();
      rest = URL.#join(new URL(base), rest);
    }
    const parts = /^(https?):[\\/]{2}([^\\/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(rest);
    if (parts === null) throw invalid();
    const [, name, authority, path, search = "", hash = ""] = parts;
    this.#protocol = `${name.toLowerCase()}:`;
    const at = authority.lastIndexOf("@");
    if (at >= 0) {
      const [user, ...word] = authority.slice(0, at).split(":");
      this.#username = escapeUser(user);
      this.#password = escapeUser(word.join(":"));
    }
    const place = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{0,5}))?$/i.exec(
      unescape(authority.slice(at + 1)),
    );
    if (place === null || Number(place[2] ?? 0) > 65535) throw invalid();
    this.#hostname = place[1].toLowerCase();
    this.port = place[2] ?? "";
    this.pathname = path;
    this.#search = search.length > 1 ? escapeQuery(search) : "";
    this.hash = hash;
    this.#follow();
  }

  static #join(base, rest) {
    if (/^[\\/]{2}/.test(rest)) return `${base.protocol}${rest}`;
    if (/^[\\/]/.test(rest)) return `${base.origin}${rest}`;
    if (rest === "") return base.href.replace(/#.*$/s, "");
    if (rest.startsWith("?")) return `${base.origin}${base.pathname}${rest}`;
    if (rest.startsWith("#")) return `${base.origin}${base.pathname}${base.search}${rest}`;
    return `${base.origin}${base.pathname.replace(/[^/]*$/, "")}${rest}`;
  }

  static canParse(words, base) {
    try {
      return Boolean(new URL(words, base));
    } catch {
      return false;
    }
  }

  #follow() {
    this.#params = new URLSearchParams(this.#search, () => {
      const query = this.#params.toString();
      this.#search = query === "" ? "" : `?${query}`;
    });
  }

  get protocol() {
    return this.#protocol;
  }
  get username() {
    return this.#username;
  }
  get password() {
    return this.#password;
  }
  get hostname() {
    return this.#hostname;
  }
  get port() {
    return this.#port;
  }
  set port(port) {
    const number = OwnString(port) === "" ? "" : OwnString(Number(port));
    this.#port = number === PORTS[this.#protocol] ? "" : number;
  }
  get host() {
    return this.#port === "" ? this.#hostname : `${this.#hostname}:${this.#port}`;
  }
  get origin() {
    return `${this.#protocol}//${this.host}`;
  }
  get pathname() {
    return this.#pathname;
  }
  set pathname(path) {
    const words = OwnString(path);
    this.#pathname = escapePath(flatten(words.startsWith("/") ? words : `/${words}`));
  }
  get search() {
    return this.#search;
  }
  set search(query) {
    const words = OwnString(query).replace(/^\?/, "");
    this.#search = words === "" ? "" : `?${escapeQuery(words)}`;
    this.#follow();
  }
  get searchParams() {
    return this.#params;
  }
  get hash() {
    return this.#hash;
  }
  set hash(words) {
    const plainWords = OwnString(words).replace(/^#/, "");
    this.#hash = plainWords === "" ? "" : `#${escapeQuery(plainWords)}`;
  }
  get href() {
    const user = this.#username + (this.#password === "" ? "" : `:${this.#password}`);
    const authority = user === "" ? this.host : `${user}@${this.host}`;
    return `${this.#protocol}//${authority}${this.#pathname}${this.#search}${this.#hash}`;
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }
}

// `fetch` and what belongs to it.

class Headers {
  #lines = [];
  constructor(init = []) {
    const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }
  append(name, value) {
    this.#lines.push([OwnString(name).toLowerCase(), OwnString(value).trim()]);
  }
  delete(name) {
    const lower = OwnString(name).toLowerCase();
    this.#lines = this.#lines.filter(([one]) => one !== lower);
  }
  get(name) {
    const lower = OwnString(name).toLowerCase();
    const values = this.#lines.filter(([one]) => one === lower).map(([, value]) => value);
    return values.length === 0 ? null : values.join(", ");
  }
  getSetCookie() {
    return this.#lines.filter(([one]) => one === "set-cookie").map(([, value]) => value);
  }
  has(name) {
    return this.get(name) !== null;
  }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    for (const name of [...new Set(this.#lines.map(([one]) => one))].sort()) {
      yield [name, this.get(name)];
    }
  }
  *keys() {
    for (const [name] of this.entries()) yield name;
  }
  *values() {
    for (const [, value] of this.entries()) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

/** Anything that can be sent, as the host takes it. */
const bodyOf = (source) => {
  if (source === undefined || source === null) return null;
  if (typeof source === "string") return { text: source.toWellFormed() };
  if (source instanceof URLSearchParams) return { text: source.toString() };
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
    return { base64: toBase64(source) };
  }
  return { text: OwnString(source).toWellFormed() };
};
const bytesOfBody = (body) =>
  body === null
    ? new Uint8Array()
    : "text" in body
      ? new TextEncoder().encode(body.text)
      : fromBase64(body.base64);
const textOfBody = (body) =>
  body === null ? "" : "text" in body ? body.text : new TextDecoder().decode(bytesOfBody(body));

class Response {
  #body;
  #isUsed = false;
  constructor(body = null, { status = 200, headers = [], url = "", isHeld = false } = {}) {
    this.#body = isHeld ? body : bodyOf(body);
    this.status = status;
    this.headers = new Headers(headers);
    this.url = url;
  }
  get ok() {
    return this.status >= 200 && this.status < 300;
  }
  get statusText() {
    return "";
  }
  get redirected() {
    return false;
  }
  get type() {
    return "default";
  }
  get bodyUsed() {
    return this.#isUsed;
  }
  #take() {
    if (this.#isUsed) throw new TypeError("the body was read already");
    this.#isUsed = true;
    return this.#body;
  }
  async text() {
    return textOfBody(this.#take());
  }
  async json() {
    return parse(textOfBody(this.#take()));
  }
  async arrayBuffer() {
    return exact(bytesOfBody(this.#take()));
  }
  async bytes() {
    return bytesOfBody(this.#take());
  }
  clone() {
    const { status, headers, url } = this;
    return new Response(this.#body, { status, headers, url, isHeld: true });
  }
}

const fetch = async (target, options = {}) => {
  const method = OwnString(options.method ?? "GET").toUpperCase();
  const headers = new Headers(options.headers ?? []);
  if (options.body instanceof URLSearchParams && !headers.has("content-type")) {
    headers.set("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
  } else if (typeof options.body === "string" && !headers.has("content-type")) {
    headers.set("content-type", "text/plain;charset=UTF-8");
  }
  const answer = await call({
    call: "http",
    method,
    url: new URL(target).href,
    headers: [...headers],
    body: bodyOf(options.body),
    timeoutMs: null,
    redirectsFollowed: options.redirect !== "manual",
  });
  return new Response(answer.body, {
    status: answer.status,
    headers: answer.headers,
    url: answer.url,
    isHeld: true,
  });
};

// Digests and signatures.

const hashOf = (algorithm) => {
  const name = OwnString(algorithm?.name ?? algorithm).toUpperCase();
  if (!["SHA-1", "SHA-256", "SHA-384", "SHA-512"].includes(name)) {
    throw new TypeError(`\`${name}\` is not supported: use SHA-256, SHA-384, SHA-512 or SHA-1`);
  }
  return name;
};

class CryptoKey {
  #secret;
  constructor(secret, hash, usages, extractable) {
    this.#secret = secret;
    this.type = "secret";
    this.algorithm = { name: "HMAC", hash: { name: hash }, length: secret.byteLength * 8 };
    this.usages = usages;
    this.extractable = extractable;
    Object.freeze(this);
  }
  static secretOf(key, usage) {
    if (!(key instanceof CryptoKey) || (usage !== undefined && !key.usages.includes(usage))) {
      throw new TypeError(`expected a key that may \`${usage}\``);
    }
    return key.#secret;
  }
}

const secretOf = CryptoKey.secretOf;
delete CryptoKey.secretOf;

const onlyHmac = (algorithm) => {
  const name = OwnString(algorithm?.name ?? algorithm).toUpperCase();
  if (name !== "HMAC") throw new TypeError(`\`${name}\` is not supported: keys are for HMAC`);
};

const crypto = {
  subtle: {
    async digest(algorithm, source) {
      return host.digest(hashOf(algorithm), exact(source));
    },
    async importKey(format, key, algorithm, extractable, usages) {
      onlyHmac(algorithm);
      if (format !== "raw") throw new TypeError("a key is imported as `raw` bytes");
      return new CryptoKey(
        bytesOf(key).slice().buffer,
        hashOf(algorithm.hash),
        [...usages],
        Boolean(extractable),
      );
    },
    async sign(algorithm, key, source) {
      onlyHmac(algorithm);
      return host.hmac(key.algorithm.hash.name, secretOf(key, "sign"), exact(source));
    },
    async verify(algorithm, key, signature, source) {
      onlyHmac(algorithm);
      const secret = secretOf(key, "verify");
      return host.verify(key.algorithm.hash.name, secret, exact(source), exact(signature));
    },
  },
  getRandomValues(view) {
    bytesOf(view).set(new Uint8Array(host.random(view.byteLength)));
    return view;
  },
  randomUUID() {
    const bytes = new Uint8Array(host.random(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
};

/** Copies what can be copied: plain things, dates, maps, sets, bytes, errors; cycles too. */
const structuredClone = (source, seen = new Map()) => {
  if (typeof source === "function" || typeof source === "symbol") {
    throw new TypeError(`a ${typeof source} cannot be cloned`);
  }
  if (typeof source !== "object" || source === null) return source;
  if (seen.has(source)) return seen.get(source);
  const keep = (copy) => {
    seen.set(source, copy);
    return copy;
  };
  if (source instanceof Date) return keep(new Date(source.getTime()));
  if (source instanceof RegExp) return keep(new RegExp(source.source, source.flags));
  if (source instanceof ArrayBuffer) return keep(source.slice(0));
  if (ArrayBuffer.isView(source)) return keep(new source.constructor(exact(source).slice(0)));
  if (source instanceof Map) {
    const copy = keep(new Map());
    for (const [key, value] of source) {
      copy.set(structuredClone(key, seen), structuredClone(value, seen));
    }
    return copy;
  }
  if (source instanceof Set) {
    const copy = keep(new Set());
    for (const value of source) copy.add(structuredClone(value, seen));
    return copy;
  }
  if (source instanceof OwnError) {
    const copy = keep(new OwnError(source.message));
    copy.name = source.name;
    copy.stack = source.stack;
    return copy;
  }
  const copy = keep(Array.isArray(source) ? new Array(source.length) : {});
  for (const key of Object.keys(source)) copy[key] = structuredClone(source[key], seen);
  return copy;
};

offer({
  TextEncoder,
  TextDecoder,
  URL,
  URLSearchParams,
  Headers,
  Response,
  fetch,
  CryptoKey,
  crypto,
  structuredClone: (source) => structuredClone(source),
});
