// One call looked at each second while media may flow: how good it is, and what our picture does
// about it. No page, no DOM; nothing of it is on the way from admission to the picture.

import { Figures } from "./figures.js";
import { on } from "./peer.js";
import { Opinion, judge } from "./quality.js";
import { Ladder } from "./sending.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./figures.js").Sample} Sample */
/** @typedef {{ paused: boolean, saving: boolean }} Said what a page tells the other of its own picture */

const TOPIC = "quality";
/** Between two looks, in ms, */
const LOOK = 1_000;
/** and how many are kept, for the console's graph. */
const KEPT = 120;

/** Events: `sample` (Sample) · `change`: the verdict, whose picture is paused, who saves data. */
export class Watching extends EventTarget {
  #figures = new Figures();
  #ladder = new Ladder();
  #opinion = new Opinion();
  #timer = 0;
  #saving = false;
  /** What flowed stands still, or has. */ #cut = false;
  /** @type {Sample[]} */ samples = [];
  /** @type {Said} the other page's word */ theirs = { paused: false, saving: false };

  /** @param {Call} call */
  constructor(call) {
    super();
    this.call = call;
    on(call, "gate", (/** @type {boolean} */ open) => this.#gate(open));
    on(call, "transport", (/** @type {string} */ now) => {
      if (now === "lost") this.#cut = true;
      if (now === "flowing") this.#resumed();
    });
    on(call, "flows", (/** @type {boolean} */ now) => {
      if (now) this.#resumed();
      else this.#cut = true;
    });
    on(call, "talking", () => this.#say());
    on(call, "talk", (/** @type {import("./peer.js").Talk} */ talk) => this.#hear(talk));
    on(call, "closed", () => this.#gate(false));
    if (call.state?.phase === "admitted") this.#gate(true);
  }

  /** @returns {import("./quality.js").Verdict} */
  get verdict() {
    return this.paused ? { level: "poor", cause: "bitrate" } : this.#opinion.verdict;
  }

  /** Our picture is not sent, so that the voice passes. */
  get paused() {
    return this.#ladder.paused;
  }

  get saving() {
    return this.#saving;
  }

  /** @param {boolean} saving our person's choice: it holds for what both send */
  save(saving) {
    if (saving === this.#saving) return;
    this.#saving = saving;
    this.#limit();
    this.#say();
    this.#changed();
  }

  /** @param {boolean} open */
  #gate(open) {
    clearInterval(this.#timer);
    this.#opinion.forget();
    this.#figures = new Figures();
    if (open) {
      this.#ladder.begin();
      this.#timer = setInterval(() => void this.#look(), LOOK);
    }
    this.#changed();
  }

  /** After an outage the browser believes in next to nothing, whatever the network is now; and the
   * other page would wait for what was lost, up to 3 s, before it asks for a whole picture. */
  #resumed() {
    if (!this.#cut) return;
    this.#cut = false;
    this.#ladder.begin();
    this.call.shape({ ...this.#ladder.picture, whole: true });
  }

  async #look() {
    const report = await this.call.stats();
    const sample = report && this.#figures.read(report, performance.now());
    // Of an outage there is nothing to be judged: that is said elsewhere.
    if (!sample || !this.call.flows || this.call.state?.held.length) return;
    this.samples = [...this.samples, sample].slice(-KEPT);
    const { available, lossUp: loss, rtt } = sample;
    const move = this.#ladder.look({ available, loss, rtt });
    if (move) this.#move();
    const other = this.#opinion.hear(judge(sample, { paused: this.paused }));
    if (move || other) this.#changed();
    this.dispatchEvent(new CustomEvent("sample", { detail: sample }));
  }

  #limit() {
    if (this.#ladder.save(this.#saving || this.theirs.saving)) this.#move();
  }

  #move() {
    this.call.shape(this.#ladder.picture);
    this.#say();
  }

  #say() {
    /** @type {Said} */
    const said = { paused: this.paused, saving: this.#saving };
    this.call.talk(TOPIC, said);
  }

  /** @param {import("./peer.js").Talk} talk */
  #hear({ topic, content }) {
    if (topic !== TOPIC || typeof content !== "object" || !content) return;
    const { paused, saving } = /** @type {Partial<Said>} */ (content);
    this.theirs = { paused: paused === true, saving: saving === true };
    this.#limit();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
