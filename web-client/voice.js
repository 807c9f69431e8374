// Whether we can be heard: a microphone that is on and gives nothing, or a voice while it is off.

import { WHOLE } from "./ear.js";

/** @typedef {import('./capture.js').Capture} Capture */
/** @typedef {"" | "silent" | "off"} Trouble nothing comes in · somebody speaks and it is off */

/** Looked at so often, in ms: a glance at what the last 0.7 s were. */
const LOOK = 500;
/** A microphone that works has a noise of its own; below this it is cut (root mean square). */
const NOTHING = 0.00005;
/** So long without anything, in ms. */
const SILENCE = 5_000;
/** Above this somebody speaks to the device, */
const SPEECH = 0.02;
/** for so many looks in a row. */
const LOOKS = 2;

/** Event `change`: `trouble` is another. Listens from `start` to `stop`. */
export class Voice extends EventTarget {
  /** @type {Trouble} */
  trouble = "";
  #timer = 0;
  #heardAt = 0;
  #spoken = 0;

  /** @param {() => Capture | null} capture whose microphone, now */
  constructor(capture) {
    super();
    this.capture = capture;
  }

  start() {
    this.stop();
    this.#heardAt = Date.now();
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  stop() {
    clearInterval(this.#timer);
    this.#spoken = 0;
    this.#become("");
  }

  #look() {
    const capture = this.capture();
    const level = capture?.loudness(WHOLE) ?? null;
    // Not to be measured, or the system's doing, which has words of its own: nothing is said.
    if (!capture || level === null || !capture.works("audio")) {
      this.#heardAt = Date.now();
      return this.#become("");
    }
    if (level > NOTHING || !capture.microphone) this.#heardAt = Date.now();
    this.#spoken = !capture.microphone && level > SPEECH ? this.#spoken + 1 : 0;
    if (capture.microphone) this.#become(Date.now() - this.#heardAt > SILENCE ? "silent" : "");
    // Once said it stays until the microphone is on: words that come and go disturb.
    else if (this.#spoken >= LOOKS) this.#become("off");
    else if (this.trouble === "silent") this.#become("");
  }

  /** @param {Trouble} trouble */
  #become(trouble) {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.dispatchEvent(new Event("change"));
  }
}
