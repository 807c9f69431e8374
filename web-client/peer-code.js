// The spoken code of one peer connection: when it begins, how long it may take, when it is void.

import { localFingerprint, remoteCertificate, remoteFingerprint, same } from "./certificates.js";
import { Exchange, PATIENCE, PREFIX, hex } from "./spoken-code.js";

/** How often the certificate is looked at again, in ms. */
const LOOK = 1_000;

/**
 * @typedef {object} CodeStatus
 * @property {"waiting" | "shown" | "unavailable"} state
 * @property {string} code five digits when `shown`, else empty
 * @property {string} local hexadecimal SHA-256 of our certificate; empty: not known
 * @property {string} remote of the other's
 */

/** @param {RTCPeerConnection} pc */
function isUp(pc) {
  return (pc.sctp?.transport?.state ?? pc.connectionState) === "connected";
}

/** Event `change` (CodeStatus). */
export class PeerCode extends EventTarget {
  /** @type {Exchange | null} */ #exchange = null;
  /** @type {ArrayBuffer | string | null} what the code vouches for */ #certificate = null;
  /** @type {Promise<unknown>} one message after the other */ #queue = Promise.resolve();
  #timer = 0;
  #watch = 0;
  #closed = false;
  /** @type {CodeStatus} */ status = { state: "waiting", code: "", local: "", remote: "" };

  /**
   * @param {RTCPeerConnection} pc
   * @param {{ role: import("./spoken-code.js").Role, certificate: RTCCertificate | null,
   *   history: import("./spoken-code.js").History, say: (word: string) => void }} options
   */
  constructor(pc, { role, certificate, history, say }) {
    super();
    this.pc = pc;
    this.role = role;
    this.certificate = certificate;
    this.history = history;
    this.say = say;
  }

  /** Is this word ours? @param {string} word */
  static concerns(word) {
    return word.startsWith(PREFIX.trim());
  }

  /** The data channel is open, so DTLS is up. */
  opened() {
    this.#then(async () => {
      this.#certificate = remoteCertificate(this.pc);
      const [local, remote] = [
        localFingerprint(this.certificate),
        await remoteFingerprint(this.#certificate),
      ];
      const { role, history } = this;
      const none = new Uint8Array();
      this.#exchange = new Exchange({ role, history, local: local ?? none, remote: remote ?? none });
      this.#watch = setInterval(() => this.look(), LOOK);
      this.#answer(await this.#exchange.begin());
    });
  }

  /** @param {string} word */
  heard(word) {
    // Only the same few words can ever come: more of them than that is somebody's fault.
    this.#then(async () => this.#answer((await this.#exchange?.take(word)) ?? ""));
  }

  /** Only the time of a path that is up counts. @param {boolean} up */
  path(up) {
    clearTimeout(this.#timer);
    if (!up || this.status.state !== "waiting") return;
    this.#timer = setTimeout(() => this.#fail("late"), PATIENCE * 1_000);
  }

  /** Another certificate on the same connection is never ours: the code vouches for it no more. */
  look() {
    if (this.#closed || !this.#exchange || this.status.state === "unavailable") return;
    // A page that closes takes its certificate along.
    if (!isUp(this.pc)) return;
    if (!same(remoteCertificate(this.pc), this.#certificate)) this.#fail("changed");
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
  }

  /** @param {import("./spoken-code.js").Failure} why */
  #fail(why) {
    if (this.#closed) return;
    const word = this.#exchange?.fail(why) ?? `${PREFIX}fail`;
    if (this.#exchange) this.#answer(word);
    else this.#become("unavailable", "");
  }

  /** @param {() => Promise<void>} task */
  #then(task) {
    this.#queue = this.#queue.then(() => (this.#closed ? undefined : task()));
    // What a browser cannot do is a code that there is not.
    this.#queue = this.#queue.catch(() => this.#become("unavailable", ""));
  }

  /** @param {string} word */
  #answer(word) {
    if (this.#closed) return;
    if (word) this.say(word);
    if (this.#exchange?.failure) this.#become("unavailable", "");
    else if (this.#exchange?.code) this.#become("shown", this.#exchange.code);
  }

  /** @param {CodeStatus["state"]} state @param {string} code */
  #become(state, code) {
    if (this.status.state === state) return;
    if (this.status.state === "unavailable") return;
    clearTimeout(this.#timer);
    if (state === "unavailable") clearInterval(this.#watch);
    const { local, remote } = this.#exchange ?? {};
    this.status = { state, code, local: local ? hex(local) : "", remote: remote ? hex(remote) : "" };
    this.dispatchEvent(new CustomEvent("change", { detail: this.status }));
  }
}
