// What both pages show of the quality of the call: a word, one sentence when it is not good, and
// whose picture is paused. It is said aloud only when it changes.

import { announce, element } from "./page.js";
import { ADVICE, WORDS } from "./quality.js";

/** @typedef {import("./watching.js").Watching} Watching */

const PAUSED =
  "Votre image est suspendue pour garder la voix\u00a0: le réseau est trop faible. Elle reviendra d'elle-même.";
const THEIRS = "L'image est suspendue\u00a0: le réseau ne laisse passer que la voix.";
const TONES = /** @type {const} */ ({ good: "ok", fair: "warn", poor: "danger" });

export class QualityView {
  chip = element("span", { className: "quality chip idle", hidden: true });
  advice = element("p", { className: "quality-advice", hidden: true });
  cover = element("p", { className: "quality-cover", hidden: true });
  #bars = bars();
  #word = element("span");
  #told = "";

  constructor() {
    this.chip.append(this.#bars, element("span", { className: "unseen" }, "Liaison\u00a0: "), this.#word);
  }

  /**
   * @param {Watching | null} watching null: no call on screen
   * @param {{ flowing: boolean, camera: boolean }} [now] media flow; the other's camera is open
   */
  render(watching, { flowing, camera } = { flowing: false, camera: false }) {
    const judged = watching && flowing;
    this.chip.hidden = !judged;
    this.cover.hidden = !(judged && watching.theirs.paused && camera);
    if (this.cover.textContent !== THEIRS) this.cover.textContent = THEIRS;
    if (!judged) {
      this.#say("", "");
      return;
    }
    const { level, cause } = watching.verdict;
    this.chip.className = `quality chip ${level === "good" ? "idle" : TONES[level]}`;
    this.#bars.dataset.level = level;
    this.#word.textContent = WORDS[level];
    const advice = watching.paused ? PAUSED : cause ? ADVICE[cause] : "";
    const heard = [`Liaison ${WORDS[level].toLowerCase()}.`, advice, this.cover.hidden ? "" : THEIRS];
    this.#say(advice, heard.join(" "));
  }

  /** @param {string} advice @param {string} heard */
  #say(advice, heard) {
    this.advice.hidden = !advice;
    if (this.advice.textContent !== advice) this.advice.textContent = advice;
    if (heard === this.#told) return;
    // What has just begun is good: nobody needs to hear that.
    if (this.#told && heard) announce(heard);
    this.#told = heard;
  }
}

/** Three bars, as on a phone; the word beside them says the same. */
function bars() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "quality-bars");
  svg.setAttribute("aria-hidden", "true");
  for (const [x, height] of [[3, 7], [10, 12], [17, 18]]) {
    const bar = document.createElementNS(space, "rect");
    const of = { x, y: 21 - Number(height), width: 4, height, rx: 1 };
    for (const [name, value] of Object.entries(of)) bar.setAttribute(name, String(value));
    svg.append(bar);
  }
  return svg;
}
