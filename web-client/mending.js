// When and how a path is mended: ICE restarts of the same connection, then a new one.
//
// Both sides see most losses and both ask; the médecin-conseil's page alone offers. A loss is seen
// in the silence of the media before the browser says so: it takes up to 7 s to say « disconnected ».
// The socket is looked at in the same breath, for it dies with the same network and does not notice
// for half a minute (docs/architecture.md, « Network »).

import { network } from "./network.js";

/** @typedef {import("./protocol").Renegotiate["reason"]} Reason */

/** ICE restarts that fail before the connection is made anew, */
const RESTARTS = 3;
/** what one counts that the other page did not even answer: it was not there, nothing was tried, */
const UNANSWERED = 0.1;
/** and how long each is given, in ms: both pages see the same outage, more than once. */
const RESTART_TIME = 4_000;
/** One that has never been there takes longer: relays, TLS. */
const FIRST_TIME = 8_000;
/** Asked for by the other page, or by an event of this device: not within so long of the last, in ms. */
const APART = 1_000;
/** The server answers within this time, or the socket is made anew, in ms; twice as long after each
 * that was not enough: a slow network must not lose its socket again and again. */
const [PROBE, LONGEST_PROBE] = [2_000, 16_000];
/** With neither path nor server it is the network that is away: how often we try, in ms. With the
 * picture alone left, the server is, and everybody's page comes back more slowly (call.js). */
const KNOCK = 3_000;
/** An attempt that fails at once (no interface) is followed sooner, so many times: the browser itself
 * may say « online » two seconds late. In ms. */
const [SOON, EAGER] = [600, 16];
/** Looks in a row at media that stand still (call.js looks twice a second) before the socket is
 * doubted, and the path. */
const [DOUBT, SILENCE] = [2, 3];

/**
 * @typedef {object} Hands what a call lends to mend its path
 * @property {boolean} offers
 * @property {() => "none" | "connecting" | "ready" | "lost"} path
 * @property {() => boolean} online the socket is open, as far as we know
 * @property {() => boolean} there the other page is in the room
 * @property {(reason: Reason) => Promise<unknown>} ask the offering side for it
 * @property {(fresh: boolean) => Promise<unknown>} offer
 * @property {() => Promise<unknown>} probe anything that the server answers
 * @property {() => void} reconnect the socket, anew
 * @property {() => void} despair no path was found in time
 */

export class Mending {
  #hands;
  /** ICE restarts since the last good path that had their time and the server, and failed. */
  #failed = 0;
  /** The last one was answered by the other page. */
  #answered = false;
  #at = -Infinity;
  #retry = 0;
  #first = 0;
  #knocking = 0;
  #eager = EAGER;
  #silent = 0;
  /** To be made as soon as the server, or the other page, is back. */
  #wanted = false;
  #there = false;
  #probing = false;
  #patience = PROBE;
  #over = new AbortController();
  /** There has been a path to this other page, or a former one, since we came. */
  reached = false;

  /** @param {Hands} hands */
  constructor(hands) {
    this.#hands = hands;
    const { signal } = this.#over;
    network.addEventListener("change", () => this.#shaken(), { signal });
    network.addEventListener("seen", () => this.#seen(), { signal });
    network.addEventListener("thawed", () => this.#thawed(), { signal });
  }

  /** Another network: the addresses are others, whatever the path says. */
  #shaken() {
    const { hands } = this;
    if (!hands.online()) {
      this.#wanted = true;
      hands.reconnect();
    } else if (hands.offers) this.#verify(hands.probe());
    this.mend("network", APART);
  }

  #seen() {
    const { hands } = this;
    if (hands.path() !== "lost") return;
    if (!hands.online()) hands.reconnect();
    this.mend("disconnected", APART);
  }

  /** What the page believes of the room and of the path is old. */
  #thawed() {
    this.#wanted = true;
    this.hands.reconnect();
  }

  get hands() {
    return this.#hands;
  }

  /** The browser says that the path is lost. */
  broken() {
    if (this.hands.offers) this.#verify(this.hands.probe());
    this.mend("disconnected", RESTART_TIME);
  }

  /** The other page asks for it. @param {Reason} reason */
  asked(reason) {
    this.mend(reason, APART);
  }

  /**
   * @param {Reason} reason
   * @param {number} apart not within so long of the last one, in ms
   */
  mend(reason, apart) {
    const { hands } = this;
    if (this.#over.signal.aborted || hands.path() === "none") return;
    if (!hands.online() || (hands.offers && !hands.there())) {
      this.#wanted = true;
      this.#knock();
      return;
    }
    if (reason !== "fresh" && performance.now() - this.#at < apart) return;
    this.#at = performance.now();
    this.#wanted = this.#answered = false;
    this.#wait();
    const fresh = reason === "fresh" || this.#failed >= RESTARTS;
    if (hands.offers) void hands.offer(fresh);
    else this.#verify(hands.ask(fresh ? "fresh" : reason));
  }

  /** For this one to do it, or the next. */
  #wait() {
    clearTimeout(this.#retry);
    const time = this.reached ? RESTART_TIME : FIRST_TIME;
    this.#retry = setTimeout(() => {
      if (this.hands.path() !== "lost") return;
      this.#failed += this.#answered ? 1 : UNANSWERED;
      this.mend("disconnected", 0);
    }, time + 100);
  }

  /** Is the server still at the other end? @param {Promise<unknown>} asked */
  async #verify(asked) {
    const answered = asked.then(() => true, () => true);
    if (this.#probing) return;
    this.#probing = true;
    // Media that are silent too make it likely.
    const patience = this.#silent >= DOUBT ? this.#patience / 2 : this.#patience;
    const heard = await Promise.race([answered, pause(patience)]);
    this.#probing = false;
    if (heard) this.#patience = PROBE;
    if (heard || this.#over.signal.aborted || !this.hands.online()) return;
    this.#patience = Math.min(2 * this.#patience, LONGEST_PROBE);
    this.#wanted = true;
    this.hands.reconnect();
  }

  /** An attempt on the server has failed by itself. */
  unreached() {
    if (this.#eager > 0) this.#knock(SOON);
  }

  #knock(after = KNOCK) {
    clearTimeout(this.#knocking);
    this.#knocking = setTimeout(() => {
      if (this.hands.online() || this.hands.path() !== "lost") return;
      if (after === SOON) this.#eager--;
      this.hands.reconnect();
      this.#knock();
    }, after);
  }

  // --- what happens -----------------------------------------------------------------------------

  /** Descriptions are exchanged: the path must come, or it is said that it does not. */
  negotiated() {
    this.#answered = true;
    clearTimeout(this.#first);
    this.#first = setTimeout(() => {
      if (this.hands.path() === "connecting") this.hands.despair();
    }, FIRST_TIME);
  }

  /** The other page has just offered a mended path: that is the one to wait for. */
  answering() {
    this.#at = performance.now();
    this.#wait();
  }

  /** The path is good. */
  ready() {
    this.reached = true;
    this.#failed = this.#silent = 0;
    this.#eager = EAGER;
    this.#wanted = false;
    this.#at = -Infinity;
    clearTimeout(this.#first);
    // The network is there again: the server may be too.
    if (!this.hands.online()) this.hands.reconnect();
  }

  /** The server is away: a restart that it could not carry has not failed. */
  gone() {
    clearTimeout(this.#retry);
    this.#at = -Infinity;
    if (this.hands.path() !== "lost") return;
    this.#wanted = true;
    this.#knock();
  }

  /** The server is back. */
  back() {
    if (this.#wanted || this.hands.path() === "lost") this.mend("disconnected", 0);
  }

  /** Whether the other page is there, after each word of the room. */
  follow() {
    const there = this.hands.there();
    const came = there && !this.#there;
    this.#there = there;
    if (came && (this.#wanted || this.hands.path() === "lost")) this.mend("disconnected", APART);
  }

  /**
   * Twice a second while media should flow.
   * @param {boolean} rising something has come since
   * @returns {boolean} whether it still comes, as far as one can tell
   */
  flows(rising) {
    this.#silent = rising ? 0 : this.#silent + 1;
    if (this.#silent === DOUBT) this.#verify(this.hands.probe());
    if (this.#silent === SILENCE) this.mend("disconnected", RESTART_TIME);
    return this.#silent < SILENCE;
  }

  stop() {
    this.#over.abort();
    for (const timer of [this.#retry, this.#first, this.#knocking]) clearTimeout(timer);
  }
}

/** @param {number} time in ms @returns {Promise<false>} */
const pause = (time) => new Promise((resolve) => setTimeout(() => resolve(false), time));
