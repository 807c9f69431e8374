// A guided movement, as both pages agree on it: which one, which step, and nothing else crosses.
//
// From page to page only (topic `manoeuvre`): what is asked for hints at why somebody is seen, so
// the server never has it and nothing of it is kept. What comes is a name of our own list.

import { manoeuvre } from "./manoeuvres-list.js";

/** @typedef {import("./manoeuvres-list.js").Manoeuvre} Manoeuvre */
/** @typedef {import("./call.js").Call} Call */

const TOPIC = "manoeuvre";

/** One call's. Events: `change` · `answer` ("seen" | "cannot", médecin-conseil's side). */
export class Guide extends EventTarget {
  /** @type {Manoeuvre | null} */ current = null;
  step = 0;
  /** When the chronometer began, by this page's clock; 0: it stands still. */
  since = 0;

  /** @param {import("./tools.js").Side} side */
  constructor({ role, call }) {
    super();
    this.call = call;
    this.guides = role === "medecin_conseil";
    call.addEventListener("talk", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    call.addEventListener("talking", () => {
      // Their page may be another one: the one who guides says it again, the other forgets.
      if (!this.guides) this.#become(null);
      else if (this.current) this.#say();
    });
    call.addEventListener("gate", (event) => {
      if (!(/** @type {CustomEvent} */ (event).detail)) this.#become(null);
    });
    call.addEventListener("closed", () => this.#become(null));
  }

  /** Launch, go to a step, start or stop the chronometer. @param {Manoeuvre} one @param {number} [step] @param {boolean} [timed] */
  show(one, step = 0, timed = false) {
    this.#become(one, step, timed);
    return this.#say();
  }

  stop() {
    if (!this.current) return;
    this.#become(null);
    this.#say();
  }

  /** The assuré's: no reason is asked for, and none can be given. */
  cannot() {
    const id = this.current?.id;
    this.#become(null);
    this.call.talk(TOPIC, { answer: "cannot", id });
  }

  /** @returns {boolean} whether it is on its way */
  #say() {
    const { current, step, since } = this;
    return this.call.talk(TOPIC, current ? { id: current.id, step, timed: since > 0 } : { id: null });
  }

  /** @param {import("./peer.js").Talk} talk */
  #hear({ topic, content }) {
    if (topic !== TOPIC || typeof content !== "object" || content === null) return;
    const { id, step, timed, answer } = /** @type {Record<string, unknown>} */ (content);
    if (this.guides) {
      if (id !== this.current?.id || !this.current) return;
      if (answer === "cannot") this.#become(null);
      if (answer === "cannot" || answer === "seen") this.dispatchEvent(new CustomEvent("answer", { detail: answer }));
      return;
    }
    // The gate may be ahead of the server's word by a moment, and behind it by none.
    if (this.call.state?.phase !== "admitted") return;
    const one = manoeuvre(id);
    const at = typeof step === "number" && one?.steps[step] ? step : 0;
    this.#become(one, at, timed === true);
    if (one) this.call.talk(TOPIC, { answer: "seen", id: one.id });
  }

  /** @param {Manoeuvre | null} one @param {number} [step] @param {boolean} [timed] */
  #become(one, step = 0, timed = false) {
    const same = one === this.current && step === this.step && timed === this.since > 0;
    if (same) return;
    this.since = timed ? this.since || Date.now() : 0;
    this.current = one;
    this.step = step;
    this.dispatchEvent(new Event("change"));
  }
}

/** « 0:07 », of the chronometer: a mark for the two people, no measure. @param {number} since */
export function chronometer(since) {
  const seconds = since ? Math.floor((Date.now() - since) / 1_000) : 0;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
