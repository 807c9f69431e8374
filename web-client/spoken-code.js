// The spoken code: what two pages say to each other until both can show the same five digits.
//
// Commitment, nonce, reveal, as in ZRTP (RFC 6189): whoever stands in the middle has to choose
// their nonce before they know ours, so one try in 100,000 gives the same digits on both sides. A
// hash of the certificates alone would be found by trying certificates, in a moment
// (docs/decisions/0028-the-spoken-code.md). No page, no connection: certificates.js reads those.

/** @typedef {"assure" | "medecin_conseil"} Role */
/** @typedef {"late" | "malformed" | "order" | "commitment" | "replayed" | "certificates" | "changed"
 *   | "other_side" | "too_many"} Failure */

export const PROTOCOL = "telecontrole-code/1";
/** What a message of this exchange begins with on the data channel; the rest of it is hexadecimal. */
export const PREFIX = "code ";
const WORDS = /^code (?:(commit|nonce|reveal) ([0-9a-f]{64})|(fail))$/;
/** Bytes of a nonce, and of a fingerprint (SHA-256). */
const BYTES = 32;
const CODES = 100_000n;
/** Seconds of a path that is up in which the other side must have answered. */
export const PATIENCE = 15;
/** Exchanges of one page: each is one try in 100,000 for who stands in the middle. */
export const MAX_EXCHANGES = 16;

/** What a page has seen of earlier exchanges: no nonce serves twice, and their number is bounded. */
export class History {
  count = 0;
  /** @type {Set<string>} */ nonces = new Set();
}

/** One exchange, for one DTLS association. Its messages are given to `take` one after the other. */
export class Exchange {
  /** @type {"commit" | "nonce" | "reveal" | ""} what must come next */ #awaits;
  #commitment = "";
  #theirs = "";
  /** Five digits once both sides have shown their nonce, else empty. */
  code = "";
  /** @type {Failure | ""} */ failure = "";

  /**
   * @param {{ role: Role, local: Uint8Array, remote: Uint8Array, history?: History,
   *   nonce?: Uint8Array }} options `local`, `remote`: SHA-256 of the certificates in use
   */
  constructor({ role, local, remote, history = new History(), nonce = fresh() }) {
    this.role = role;
    this.local = local;
    this.remote = remote;
    this.history = history;
    this.nonce = nonce;
    this.#awaits = role === "medecin_conseil" ? "nonce" : "commit";
    history.count++;
    if (history.count > MAX_EXCHANGES) this.fail("too_many");
    if (local.length !== BYTES || remote.length !== BYTES) this.fail("certificates");
    history.nonces.add(hex(nonce));
  }

  /** @returns {Promise<string>} what is to be said first; empty: the other side begins */
  async begin() {
    if (this.failure || this.role === "assure") return this.#last();
    return `${PREFIX}commit ${await commitment(this.nonce)}`;
  }

  /**
   * @param {string} word a message of the other side
   * @returns {Promise<string>} what is to be said now; empty: nothing
   */
  async take(word) {
    if (this.failure) return "";
    const [, kind, value = "", gaveUp] = WORDS.exec(word) ?? [];
    if (gaveUp) return this.fail("other_side", false);
    if (!kind) return this.fail("malformed");
    if (kind !== this.#awaits) return this.fail("order");
    if (kind === "commit") {
      this.#commitment = value;
      this.#awaits = "reveal";
      return `${PREFIX}nonce ${hex(this.nonce)}`;
    }
    if (this.history.nonces.has(value)) return this.fail("replayed");
    this.history.nonces.add(value);
    this.#theirs = value;
    this.#awaits = "";
    if (kind === "reveal") {
      if ((await commitment(bytes(value))) !== this.#commitment) return this.fail("commitment");
    }
    const code = await this.#digits();
    // What came while the digest was made may have ended it.
    if (this.failure) return "";
    this.code = code;
    return kind === "nonce" ? `${PREFIX}reveal ${hex(this.nonce)}` : "";
  }

  /**
   * It ends without a code, for good.
   * @param {Failure} why
   * @param {boolean} [tell] whether the other side is to know
   * @returns {string} what is to be said
   */
  fail(why, tell = true) {
    this.failure ||= why;
    this.code = "";
    return tell ? this.#last() : "";
  }

  #last() {
    return this.failure ? `${PREFIX}fail` : "";
  }

  #digits() {
    const doctor = this.role === "medecin_conseil";
    const theirs = bytes(this.#theirs);
    return codeOf({
      doctor: doctor ? this.local : this.remote,
      assure: doctor ? this.remote : this.local,
      doctorNonce: doctor ? this.nonce : theirs,
      assureNonce: doctor ? theirs : this.nonce,
    });
  }
}

/**
 * @param {{ doctor: Uint8Array, assure: Uint8Array, doctorNonce: Uint8Array,
 *   assureNonce: Uint8Array }} of the two fingerprints and the two nonces
 * @returns {Promise<string>} five digits
 */
export async function codeOf({ doctor, assure, doctorNonce, assureNonce }) {
  const digest = await hash(
    text(PROTOCOL),
    text("medecin_conseil"),
    doctor,
    doctorNonce,
    text("assure"),
    assure,
    assureNonce,
  );
  const number = new DataView(digest.buffer).getBigUint64(0);
  return String(number % CODES).padStart(5, "0");
}

/** Only the médecin-conseil commits: their role is part of it. @param {Uint8Array} nonce */
async function commitment(nonce) {
  return hex(await hash(text(`${PROTOCOL} commit`), text("medecin_conseil"), nonce));
}

/** SHA-256 of the parts, each after its length (32 bits). @param {...Uint8Array} parts */
async function hash(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    new DataView(whole.buffer).setUint32(at, part.length);
    whole.set(part, at + 4);
    at += 4 + part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

/** @returns {Uint8Array} */
function fresh() {
  return crypto.getRandomValues(new Uint8Array(BYTES));
}

/** @param {string} words */
function text(words) {
  return new TextEncoder().encode(words);
}

/** @param {Uint8Array} data @returns {string} */
export function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} digits an even number of hexadecimal digits @returns {Uint8Array} */
export function bytes(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
