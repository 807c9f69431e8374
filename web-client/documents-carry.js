// A document from the assuré's page to the médecin's, while both have the gate open; never by the server.
//
// The médecin's page asks for what it lacks (`take`, from an offset): after a send-back, an ICE
// restart or a new connection the rest comes, not the whole. docs/protocol.md tells the texts.

import { LARGEST, NotTaken, TYPES, bare, kindOf } from "./documents-look.js";
import { onlyPaper } from "./documents-pdf.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./documents-look.js").Flaw | "many" | "differs"} Why */

/** Of one visit, at a time. */
export const MOST = 10;
/** Bytes of one piece; before it 4 bytes of number and 4 of offset, big-endian. */
const [PIECE, HEAD] = [16_384, 8];
/** Bytes that may wait in the channel, and from where on it is filled again. */
const [HIGH, LOW] = [262_144, 65_536];
/** The other is told how far it is, each so many bytes. */
const TOLD = 131_072;
/** Times that one may come otherwise than it was offered. */
const TRIES = 2;

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What is sent, or shown, of a file's bytes: throws NotTaken.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function checked(bytes) {
  if (bytes.length > LARGEST) throw new NotTaken("large");
  const kind = kindOf(bytes);
  if (kind === "pdf") await onlyPaper(bytes);
  return { kind, bytes: kind === "pdf" ? bytes : bare(bytes, kind) };
}

/** What both ends share: the channel of the connection in use, and the gate. Event `change`. */
class End extends EventTarget {
  /** @type {RTCDataChannel | null} */ channel = null;
  open = false;

  /** @param {Call} call */
  constructor(call) {
    super();
    this.call = call;
    this.on("carrying", (/** @type {RTCDataChannel} */ channel) => this.#carried(channel));
    this.on("gate", (/** @type {boolean} */ open) => {
      this.open = open;
      this.turned();
      this.changed();
    });
    this.on("closed", () => this.over());
  }

  /** @param {RTCDataChannel} channel */
  #carried(channel) {
    this.channel = channel;
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW;
    channel.onmessage = ({ data }) => {
      if (channel !== this.channel || !this.open) return;
      if (typeof data === "string") this.read(data);
      else this.piece(data);
    };
    this.turned();
    this.changed();
  }

  get carries() {
    return this.open && this.channel?.readyState === "open";
  }

  /** @param {object} words */
  tell(words) {
    if (this.carries) this.channel?.send(JSON.stringify(words));
  }

  /** @param {string} text */
  read(text) {
    if (text.length > 1_024) return;
    try {
      this.told(JSON.parse(text) ?? {});
    } catch {
      // Not ours.
    }
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name @param {(detail: any) => void} listener */
  on(name, listener) {
    this.call.addEventListener(name, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** The gate or the channel is another. */
  turned() {}
  /** @param {Record<string, unknown>} _words of the other page: checked by who reads them */
  told(_words) {}
  /** @param {ArrayBuffer} _data */
  piece(_data) {}
  over() {}
}

/**
 * @typedef {object} Own one that we hand over
 * @property {string} id
 * @property {number} number of this page, from 1
 * @property {string} name as its owner calls it: it stays here
 * @property {import("./documents-look.js").Kind} kind
 * @property {Uint8Array<ArrayBuffer>} bytes
 * @property {string} sha256
 * @property {"kept" | "going" | "delivered" | "refused"} state
 * @property {number} there bytes that the other has
 * @property {Why | ""} why
 * @property {number} at ms, when it was delivered
 */

/** The assuré's end. */
export class Giver extends End {
  /** @type {Own[]} */ documents = [];
  #number = 0;
  #pumping = 0;
  /** What goes, or went last, from which byte on. @type {{ own: Own, from: number, mine: number } | null} */ #going = null;

  /** @param {Uint8Array<ArrayBuffer>} raw @param {string} name throws NotTaken */
  async add(raw, name) {
    const { kind, bytes } = await checked(raw);
    const sha256 = await digest(bytes);
    const known = this.documents.find((one) => one.sha256 === sha256);
    if (known) return known;
    /** @type {Own} */
    const own = {
      id: crypto.randomUUID(), number: ++this.#number, name, kind, bytes, sha256,
      state: "kept", there: 0, why: "", at: 0,
    };
    this.documents.push(own);
    this.#offer(own);
    this.changed();
    return own;
  }

  get full() {
    return this.documents.length >= MOST;
  }

  /** @param {Own} own */
  withdraw(own) {
    this.documents = this.documents.filter((one) => one !== own);
    this.#pumping++;
    this.tell({ kind: "withdrawn", id: own.id });
    for (const one of this.documents) if (one.state === "going") this.#offer(one);
    this.changed();
  }

  /** @param {Own} own */
  #offer({ id, number, bytes, sha256 }) {
    this.tell({ kind: "offer", id, number, size: bytes.length, sha256 });
  }

  /** @override */
  turned() {
    this.#pumping++;
    for (const own of this.documents) {
      if (own.state === "going") own.state = "kept";
      this.#offer(own);
    }
  }

  /** @override @param {Record<string, unknown>} words */
  told({ kind, id, from, bytes, why, again }) {
    if (kind === "ready") return this.turned();
    const own = this.documents.find((one) => one.id === id);
    if (!own) return;
    if (kind === "take" && again === true) this.#pumping++;
    if (kind === "take" && Number.isSafeInteger(from)) void this.#pump(own, Number(from));
    else if (kind === "have" && Number.isSafeInteger(bytes)) own.there = Math.min(own.bytes.length, Number(bytes));
    else if (kind === "got") Object.assign(own, { state: "delivered", there: own.bytes.length, at: own.at || Date.now() });
    else if (kind === "refused") Object.assign(own, { state: "refused", why: typeof why === "string" ? why : "" });
    this.changed();
  }

  /** @param {Own} own @param {number} from */
  async #pump(own, from) {
    const { channel } = this;
    if (!channel || from < 0 || from > own.bytes.length) return;
    // Two offers, or one of another document meanwhile, were answered by two takes: this person's
    // data plan pays for one.
    const going = this.#going?.mine === this.#pumping ? this.#going : null;
    if (going?.own === own && from >= going.from) return;
    const mine = ++this.#pumping;
    this.#going = { own, from, mine };
    Object.assign(own, { state: "going", there: from });
    for (let at = from; at < own.bytes.length; at += PIECE) {
      while (channel.bufferedAmount > HIGH && channel.readyState === "open") await lower(channel);
      if (mine !== this.#pumping || !this.carries || channel !== this.channel) return;
      channel.send(piece(own.number, at, own.bytes.subarray(at, at + PIECE)));
    }
  }

  /** @override */
  over() {
    this.#pumping++;
    this.documents = [];
    this.changed();
  }
}

/** Until there is room again, or the channel is gone. @param {RTCDataChannel} channel */
function lower(channel) {
  return new Promise((done) => {
    for (const name of ["bufferedamountlow", "close"])
      channel.addEventListener(name, done, { once: true });
  });
}

/** @param {number} number @param {number} at @param {Uint8Array} bytes */
function piece(number, at, bytes) {
  const whole = new Uint8Array(HEAD + bytes.length);
  new DataView(whole.buffer).setUint32(0, number);
  new DataView(whole.buffer).setUint32(4, at);
  whole.set(bytes, HEAD);
  return whole;
}

/**
 * @typedef {object} Theirs one that comes, or is here
 * @property {string} id
 * @property {number} number as the other page counts; 0: not offered (yet) over this channel
 * @property {number} size
 * @property {string} sha256
 * @property {Uint8Array[]} parts
 * @property {number} have bytes
 * @property {number} tries
 * @property {"coming" | "checked" | "here" | "refused"} state
 * @property {Why | ""} why
 * @property {import("./documents-look.js").Kind | ""} kind by its bytes
 * @property {string} url of what is shown: this page's own, until it closes
 * @property {number} at ms
 */

/** The médecin-conseil's end. */
export class Taker extends End {
  /** @type {Theirs[]} */ documents = [];

  /** @override */
  turned() {
    // What is still to come is offered again, unless their page is another one, which knows nothing
    // of it: that is not to be waited for, or nothing else would ever come.
    for (const one of this.documents) one.number = 0;
    this.tell({ kind: "ready" });
  }

  /** @override @param {Record<string, unknown>} words */
  told({ kind, id, number, size, sha256 }) {
    if (typeof id !== "string" || !/^[\w-]{8,64}$/.test(id)) return;
    const known = this.documents.find((one) => one.id === id);
    if (kind === "withdrawn" && known) this.#drop(known);
    if (kind !== "offer") return;
    if (![number, size].every((one) => Number.isSafeInteger(one) && Number(one) > 0)) return;
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return;
    if (Number(size) > LARGEST) return this.tell({ kind: "refused", id, why: "large" });
    if (!known && this.documents.length >= MOST) return this.tell({ kind: "refused", id, why: "many" });
    const one = known ?? this.#expect(id, Number(size), sha256);
    one.number = Number(number);
    if (one.state === "here") this.tell({ kind: "got", id });
    else if (one.state === "refused") this.tell({ kind: "refused", id, why: one.why });
    this.#next();
    this.changed();
  }

  /** @param {string} id @param {number} size @param {string} sha256 */
  #expect(id, size, sha256) {
    /** @type {Theirs} */
    const one = {
      id, number: 0, size, sha256, parts: [], have: 0, tries: 0,
      state: "coming", why: "", kind: "", url: "", at: Date.now(),
    };
    this.documents.push(one);
    return one;
  }

  /** One at a time: the first that is not whole. */
  get #current() {
    return this.documents.find((one) => one.state === "coming" && one.number);
  }

  /** @param {{ again?: true }} [how] `again`: what came was not what was offered */
  #next(how = {}) {
    const one = this.#current;
    if (one) this.tell({ kind: "take", id: one.id, from: one.have, ...how });
  }

  /** @override @param {ArrayBuffer} data */
  piece(data) {
    const one = this.#current;
    if (!one || data.byteLength <= HEAD || data.byteLength > HEAD + PIECE) return;
    const head = new DataView(data);
    const bytes = new Uint8Array(data, HEAD);
    // Of what was asked for before, or more than was announced.
    if (head.getUint32(0) !== one.number || head.getUint32(4) !== one.have) return;
    if (one.have + bytes.length > one.size) return;
    const told = Math.floor(one.have / TOLD);
    one.parts.push(bytes);
    one.have += bytes.length;
    if (one.have === one.size) void this.#check(one);
    if (Math.floor(one.have / TOLD) === told) return;
    this.tell({ kind: "have", id: one.id, bytes: one.have });
    this.changed();
  }

  /** @param {Theirs} one */
  async #check(one) {
    one.state = "checked";
    const whole = new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (one.parts)).arrayBuffer());
    Object.assign(one, { parts: [], have: 0 });
    try {
      if ((await digest(whole)) !== one.sha256) return this.#differs(one);
      const { kind, bytes } = await checked(whole);
      // Withdrawn, or the call is over, meanwhile.
      if (!this.documents.includes(one)) return;
      const url = URL.createObjectURL(new Blob([bytes], { type: TYPES[kind] }));
      Object.assign(one, { state: "here", kind, url, have: one.size, at: Date.now() });
      this.tell({ kind: "got", id: one.id });
    } catch (error) {
      this.#refuse(one, error instanceof NotTaken ? error.flaw : "broken");
    }
    this.#next();
    this.changed();
  }

  /** @param {Theirs} one */
  #differs(one) {
    if (++one.tries < TRIES) one.state = "coming";
    else this.#refuse(one, "differs");
    this.#next({ again: true });
    this.changed();
  }

  /** @param {Theirs} one @param {Why} why */
  #refuse(one, why) {
    Object.assign(one, { state: "refused", why });
    this.tell({ kind: "refused", id: one.id, why });
  }

  /** @param {Theirs} one */
  #drop(one) {
    URL.revokeObjectURL(one.url);
    this.documents = this.documents.filter((other) => other !== one);
    this.#next();
    this.changed();
  }

  /** @override */
  over() {
    for (const { url } of this.documents) URL.revokeObjectURL(url);
    this.documents = [];
    this.changed();
  }
}
