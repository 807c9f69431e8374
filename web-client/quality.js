// How good the call is, in one word, and what to do about it, in one sentence. Pure.

/** @typedef {import("./figures.js").Sample} Sample */
/** @typedef {"good" | "fair" | "poor"} Level */
/** @typedef {"" | "loss" | "delay" | "bitrate" | "cpu" | "saving"} Cause */
/** @typedef {{ level: Level, cause: Cause }} Verdict */

/** Looks in a row, one a second, before it is said to be worse, and before it is said to be better. */
const [WORSE, BETTER] = [3, 6];

/** From which figure on it is fair, and poor. */
const LIMITS = {
  loss: /** @type {const} */ ([0.04, 0.1]),
  /** Of the sound that is heard, what was made up. */
  concealed: /** @type {const} */ ([0.05, 0.15]),
  rtt: /** @type {const} */ ([350, 800]),
};
/** Under so many pictures a second that are shown it is not good. */
const FEW = 12;

const LEVELS = /** @type {const} */ (["good", "fair", "poor"]);

/** @type {Record<Level, string>} */
export const WORDS = { good: "Bonne", fair: "Moyenne", poor: "Faible" };

/** What each side can do about it. @type {Record<Exclude<Cause, "">, string>} */
export const ADVICE = {
  loss: "Le réseau perd une partie du son et de l'image. Rapprochez-vous de votre box, ou essayez un autre réseau.",
  delay: "Le son et l'image arrivent en retard. Laissez l'autre finir ses phrases\u00a0; fermez les téléchargements et les autres vidéos.",
  bitrate: "Votre connexion est lente. Fermez les autres pages et les autres appareils qui utilisent internet.",
  cpu: "Votre appareil a du mal à suivre. Fermez les autres pages et applications.",
  saving: "L'image est réduite pour économiser les données.",
};

/** One look alone. @param {Sample} sample @param {{ paused?: boolean }} [state] @returns {Verdict} */
export function judge(sample, { paused = false } = {}) {
  const loss = Math.max(sample.lossUp ?? 0, sample.lossDown ?? 0);
  /** @type {[Cause, number][]} */
  const found = [
    ["loss", Math.max(grade(loss, LIMITS.loss), grade(sample.concealed ?? 0, LIMITS.concealed))],
    ["delay", grade(sample.rtt ?? 0, LIMITS.rtt)],
    ["cpu", sample.limited === "cpu" ? 1 : 0],
    ["bitrate", paused ? 2 : sample.limited === "bandwidth" && slow(sample) ? 1 : 0],
  ];
  // What is worst first; of equals, the first in this order: it is the nearest to its remedy.
  const [cause, worst] = found.reduce((a, b) => (b[1] > a[1] ? b : a));
  const level = LEVELS[/** @type {0} */ (worst)] ?? "poor";
  return level === "good" ? { level, cause: "" } : { level, cause };
}

/** @param {number} value @param {readonly [number, number]} limits @returns {number} 0 good, 1, 2 poor */
const grade = (value, [fair, poor]) => (value >= poor ? 2 : value >= fair ? 1 : 0);

/** @param {Sample} sample */
const slow = ({ sentFps, sentWidth }) =>
  (sentFps !== null && sentFps < FEW) || (sentWidth !== null && sentWidth < 400);

/** What is said: it follows the looks slowly, so that nobody is told each second. */
export class Opinion {
  /** @type {Verdict} */ verdict = { level: "good", cause: "" };
  /** @type {Verdict[]} */ #recent = [];

  /** @param {Verdict} seen @returns {boolean} whether what is said has changed */
  hear(seen) {
    this.#recent = [...this.#recent, seen].slice(-BETTER);
    const next = this.#settled();
    if (!next || (next.level === this.verdict.level && next.cause === this.verdict.cause)) return false;
    this.verdict = next;
    return true;
  }

  forget() {
    this.#recent = [];
    this.verdict = { level: "good", cause: "" };
  }

  /** @returns {Verdict | null} null: as it was */
  #settled() {
    const rank = (/** @type {Verdict} */ one) => LEVELS.indexOf(one.level);
    const now = rank(this.verdict);
    const last = this.#recent.slice(-WORSE);
    // Worse by all of the last few: as bad as the least bad of them.
    if (last.length === WORSE && last.every((one) => rank(one) > now))
      return last.reduce((a, b) => (rank(b) <= rank(a) ? b : a));
    // Better by all of the last many: as good as the least good of them.
    if (this.#recent.length === BETTER && this.#recent.every((one) => rank(one) < now))
      return this.#recent.reduce((a, b) => (rank(b) >= rank(a) ? b : a));
    return null;
  }
}
