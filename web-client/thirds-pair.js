// The connection of a third participant with one other: made, kept, mended. No page, no DOM.

import { Peer, on } from "./peer.js";
import { History } from "./spoken-code.js";

/** @typedef {import("./api").RoomAccess} RoomAccess */
/** @typedef {import("./protocol").Description} Description */
/** @typedef {import("./protocol").Snapshot["you"]} SeatName */
/** @typedef {import("./protocol").ThirdSignal} ThirdSignal */
/** @typedef {import("./protocol").ThirdRenegotiate["reason"]} Reason */
/** @typedef {"third_offer" | "third_answer" | "third_candidate" | "third_renegotiate"} Event */

/** ICE restarts that fail before the connection is made anew, */
const RESTARTS = 3;
/** and how long each is given, in ms. */
const RESTART_TIME = 5_000;

/**
 * @typedef {object} PairOptions
 * @property {SeatName} to
 * @property {boolean} offers we do, and they answer
 * @property {import("./sending.js").Picture} picture the most that ours may take
 * @property {() => RoomAccess} access the latest ICE servers
 * @property {() => number} last number of the last offer between them and us
 * @property {() => boolean} online may anything be signalled now?
 * @property {(event: Event, payload: object) => Promise<void>} ask
 * @property {() => void} changed the path is another
 */

export class Pair {
  /** @type {Peer | null} */ #peer = null;
  /** Which page of theirs it was made with. */
  #instance = "";
  /** @type {MediaStream | null} what we send now */ #stream = null;
  #failed = 0;
  #mending = 0;
  #over = false;
  /** @type {Promise<unknown>} one signal after the other */ #queue = Promise.resolve();
  /** @type {Map<string, () => Promise<void>>} not acknowledged yet */ #unsure = new Map();
  remote = new MediaStream();

  /** @param {PairOptions} options */
  constructor(options) {
    this.options = options;
  }

  /** @returns {import("./peer.js").Path} */
  get path() {
    return this.#peer?.path ?? "none";
  }

  /** Their page is there, and signalling is open. @param {string} instance */
  meet(instance) {
    const known = instance === this.#instance;
    this.#instance = instance;
    if (!this.options.offers) return;
    if (!known) this.#begin();
    // Signalling was closed on the way: what was not agreed by then is lost.
    else if (this.path !== "ready") this.#mend();
  }

  #begin() {
    this.#watch();
    this.#then(() => this.#offer(true));
  }

  /** @param {MediaStream | null} stream nothing when null */
  send(stream) {
    this.#stream = stream;
    void this.#peer?.send(stream);
  }

  /** What our picture may take from now on. @param {import("./sending.js").Picture} picture */
  shape(picture) {
    this.options.picture = picture;
    void this.#peer?.shape(picture);
  }

  /** @param {ThirdSignal} signal */
  take(signal) {
    this.#then(() => this.#apply(signal));
  }

  /** They, who answer, found the path broken. @param {Reason} reason */
  asked(reason) {
    if (reason === "fresh") this.#failed = RESTARTS;
    this.#mend();
  }

  /** The server is there again. */
  again() {
    for (const send of this.#unsure.values()) void send();
    if (this.path === "lost") this.#mend();
  }

  /** @returns {Promise<RTCStatsReport | undefined>} */
  async stats() {
    return this.#peer?.stats();
  }

  /** @param {() => Promise<unknown>} task */
  #then(task) {
    // One signal that cannot be applied (a path that is gone) must not stop those after it.
    this.#queue = this.#queue.then(() => (this.#over ? undefined : task())).catch(() => undefined);
  }

  /** @param {boolean} fresh a new connection, or else an ICE restart of this one */
  async #offer(fresh) {
    const anew = fresh || !this.#peer;
    const peer = anew || !this.#peer ? this.#connect() : this.#peer;
    const negotiation = Math.max(this.options.last(), peer.negotiation) + 1;
    const sdp = await peer.offer(negotiation, !anew);
    this.#surely("third_offer", { sdp, negotiation, fresh: anew });
  }

  #connect() {
    this.#peer?.close();
    this.#unsure.clear();
    const { access, offers, picture } = this.options;
    const peer = new Peer(access(), {
      offers,
      picture,
      remote: this.remote,
      // The spoken code is that of the médecin-conseil and the assuré.
      certificate: null,
      history: new History(),
    });
    this.#peer = peer;
    on(peer, "candidate", (/** @type {RTCIceCandidate | null} */ one) => this.#trickle(peer, one));
    on(peer, "path", (/** @type {import("./peer.js").Path} */ path) => this.#became(peer, path));
    on(peer, "broken", () => peer === this.#peer && this.#mend());
    if (offers) void peer.send(this.#stream);
    this.options.changed();
    return peer;
  }

  /** @param {Peer} peer @param {import("./peer.js").Path} path */
  #became(peer, path) {
    if (peer !== this.#peer) return;
    if (path === "ready") this.#mended();
    this.options.changed();
  }

  #mended() {
    clearTimeout(this.#mending);
    this.#mending = this.#failed = 0;
  }

  /** An ICE restart by who offers, and a new connection once some have failed. */
  #mend() {
    if (this.#over || this.#mending || !this.options.online()) return;
    const fresh = this.#failed >= RESTARTS;
    if (fresh) this.#failed = 0;
    this.#watch();
    if (this.options.offers) this.#then(() => this.#restart(fresh));
    else this.#surely("third_renegotiate", { reason: fresh ? "fresh" : "disconnected" });
  }

  /** Again, if the path is not there in time. */
  #watch() {
    clearTimeout(this.#mending);
    this.#mending = setTimeout(() => {
      this.#mending = 0;
      if (this.path === "ready") return;
      this.#failed++;
      this.#mend();
    }, RESTART_TIME);
  }

  /** @param {boolean} fresh */
  async #restart(fresh) {
    this.#peer?.refresh(this.options.access().ice_servers);
    await this.#offer(fresh);
  }

  /** @param {Peer} peer @param {RTCIceCandidate | null} one null or empty: no more */
  #trickle(peer, one) {
    if (peer !== this.#peer) return;
    this.#surely("third_candidate", {
      negotiation: peer.negotiation,
      candidate: one?.candidate ?? "",
      sdp_mid: one?.sdpMid ?? "0",
      sdp_m_line_index: one?.sdpMLineIndex ?? 0,
      username_fragment: one?.usernameFragment ?? null,
    });
  }

  /** @param {ThirdSignal} signal */
  async #apply({ kind, description, candidate }) {
    if (kind === "offer" && description) await this.#answer(description);
    const current = description ?? candidate;
    if (!this.#peer || current?.negotiation !== this.#peer.negotiation) return;
    if (kind === "answer" && description) await this.#peer.take(description.sdp);
    if (kind === "candidate" && candidate) await this.#peer.add(candidate);
  }

  /** @param {Description} description */
  async #answer({ sdp, negotiation, fresh }) {
    if (this.options.offers || negotiation <= (this.#peer?.negotiation ?? 0)) return;
    if (!fresh && !this.#peer) {
      this.#surely("third_renegotiate", { reason: "fresh" });
      return;
    }
    const peer = fresh || !this.#peer ? this.#connect() : this.#peer;
    const answer = await peer.answer(sdp, negotiation);
    this.#surely("third_answer", { sdp: answer, negotiation, fresh });
    // Senders exist only now on this side.
    await peer.send(this.#stream);
  }

  /** Until acknowledged, over reconnections too. @param {Event} event @param {object} payload */
  #surely(event, payload) {
    const whole = { to: this.options.to, ...payload };
    const key = event === "third_candidate" ? JSON.stringify(whole) : event;
    const send = async () => {
      try {
        await this.options.ask(event, whole);
        this.#unsure.delete(key);
      } catch (wrong) {
        // Refused is an answer too; without one it is sent again when the server is back.
        const { code } = /** @type {{ code?: string }} */ (wrong);
        if (code && code !== "offline") this.#unsure.delete(key);
      }
    };
    this.#unsure.set(key, send);
    void send();
  }

  close() {
    this.#over = true;
    clearTimeout(this.#mending);
    this.#peer?.close();
    this.#peer = null;
    for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
  }
}
