// The little of Node.js that published functions use: `Buffer`, and `crypto` without promises.

const ENCODINGS = {
  utf8: {
    read: (words) => new TextEncoder().encode(words),
    write: (bytes) => host.decode(exact(bytes), false),
  },
  base64: { read: fromBase64, write: toBase64 },
  base64url: {
    read: fromBase64,
    write: (bytes) => toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""),
  },
  hex: {
    read: (words) =>
      Uint8Array.from(words.match(/^(?:[0-9a-f]{2})*/i)[0].match(/../g) ?? [], (byte) =>
        parseInt(byte, 16),
      ),
    write: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  },
  latin1: {
    read: (words) => Uint8Array.from(words, (letter) => letter.charCodeAt(0) & 0xff),
    write: (bytes) => Array.from(bytes, (byte) => OwnString.fromCharCode(byte)).join(""),
  },
};
ENCODINGS.ascii = ENCODINGS.latin1;
ENCODINGS.binary = ENCODINGS.latin1;

const encodingOf = (name = "utf8") => {
  const found = ENCODINGS[OwnString(name).toLowerCase().replace("utf-8", "utf8")];
  if (found === undefined) throw new TypeError(`Unknown encoding: ${name}`);
  return found;
};

class Buffer extends Uint8Array {
  static from(source, encoding) {
    if (typeof source === "string") return Buffer.#of(encodingOf(encoding).read(source));
    return Buffer.#of(source instanceof ArrayBuffer ? new Uint8Array(source) : source);
  }
  static #of(bytes) {
    const buffer = new Buffer(bytes.length);
    buffer.set(bytes);
    return buffer;
  }
  static alloc(size, fill = 0) {
    return new Buffer(size).fill(fill);
  }
  static byteLength(words, encoding) {
    return encodingOf(encoding).read(words).length;
  }
  static concat(list) {
    return Buffer.#of(list.flatMap((bytes) => [...bytes]));
  }
  static isBuffer(thing) {
    return thing instanceof Buffer;
  }
  equals(other) {
    return this.length === other.length && this.every((byte, at) => byte === other[at]);
  }
  toString(encoding) {
    return encodingOf(encoding).write(this);
  }
  toJSON() {
    return { type: "Buffer", data: [...this] };
  }
}

const hashNamed = (name) => hashOf(OwnString(name).toUpperCase().replace(/^SHA-?/, "SHA-"));

/** A hash or a signature that is fed piece by piece. */
class Feed {
  #pieces = [];
  #finish;
  constructor(finish) {
    this.#finish = finish;
  }
  update(piece, encoding) {
    this.#pieces.push(Buffer.from(piece, encoding));
    return this;
  }
  digest(encoding) {
    const bytes = Buffer.from(this.#finish(exact(Buffer.concat(this.#pieces))));
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }
}

modules.crypto = {
  webcrypto: crypto,
  subtle: crypto.subtle,
  randomUUID: crypto.randomUUID,
  getRandomValues: crypto.getRandomValues,
  randomBytes: (size) => Buffer.from(host.random(size)),
  createHash: (name) => {
    const hash = hashNamed(name);
    return new Feed((bytes) => host.digest(hash, bytes));
  },
  createHmac: (name, key) => {
    const hash = hashNamed(name);
    const secret = exact(Buffer.from(key));
    return new Feed((bytes) => host.hmac(hash, secret, bytes));
  },
};
modules.buffer = { Buffer };

offer({ Buffer });
