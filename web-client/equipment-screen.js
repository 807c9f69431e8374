// The screen of the equipment test: a line for each part, what it asks, and the verdict.

import { announce, element } from "./page.js";
import { TITLES } from "./equipment-verdict.js";

/** @typedef {import('./equipment-verdict.js').Colour} Colour */
/** @typedef {'ok' | 'warn' | 'danger' | 'idle' | ''} Tone */

/** @type {Record<Colour, Tone>} */
const TONES = { pret: "ok", a_surveiller: "warn", echec: "danger" };
const MARKS = { ok: "✓", warn: "!", danger: "✕", idle: "–", "": "…" };

/** One part: its name, where it stands in a word, a sentence, and what it needs of the person. */
class Step {
  #word = element("span", { className: "chip idle" }, "À venir");
  #text = element("p", { className: "eq-text", hidden: true });
  body = element("div", { className: "eq-body", hidden: true });

  /** @param {string} name @param {string} title */
  constructor(name, title) {
    this.title = title;
    this.node = element(
      "li",
      { className: "eq-step", id: `eq-${name}` },
      element("div", { className: "eq-head" }, element("h2", null, title), this.#word),
      this.#text,
      this.body,
    );
  }

  /** @param {Tone} tone @param {string} word @param {string} [text] */
  say(tone, word, text = "") {
    this.#word.className = `chip ${tone}`;
    this.#word.replaceChildren(element("span", { "aria-hidden": "true" }, MARKS[tone]), word);
    this.#text.textContent = text;
    this.#text.hidden = !text;
    this.node.dataset.tone = tone;
    if (tone) announce(`${this.title}\u00a0: ${word}. ${text}`);
  }

  /** @param {...Node} content */
  show(...content) {
    this.body.replaceChildren(...content);
    this.body.hidden = !content.length;
  }
}

/** @param {string} text @param {() => void} onclick @param {string} [look] */
export const button = (text, onclick, look = "") =>
  element("button", { type: "button", className: `button ${look}`, onclick }, text);

/** A question; the answer is the value of the button. @param {Step} step @param {Node[]} before @param {[string, string, string?][]} answers @param {AbortSignal} signal @returns {Promise<string>} */
export function choose(step, before, answers, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const buttons = answers.map(([value, text, look]) =>
      button(text, () => {
        // The button goes away: the focus stays in the list.
        step.node.tabIndex = -1;
        step.node.focus({ preventScroll: true });
        step.show();
        resolve(value);
      }, look),
    );
    step.show(...before, element("div", { className: "actions" }, ...buttons));
    step.body.scrollIntoView({ block: "nearest" });
  });
}

export class Screen {
  steps = {
    navigateur: new Step("navigateur", "Navigateur"),
    camera: new Step("camera", "Caméra"),
    micro: new Step("micro", "Micro"),
    haut_parleur: new Step("haut_parleur", "Haut-parleur"),
    reseau: new Step("reseau", "Connexion"),
    echo: new Step("echo", "Essai d'appel"),
  };
  #verdict = element("section", { className: "banner eq-verdict", tabIndex: -1, hidden: true });

  /** @param {() => void} back @param {() => void} again */
  constructor(back, again) {
    this.again = again;
    const section = element(
      "section",
      { hidden: true, className: "equipment" },
      element("h1", { tabIndex: -1 }, "Test de votre matériel"),
      element("p", { className: "lead" }, "Suivez les étapes. Le médecin ne vous voit pas et ne vous entend pas\u00a0; rien n'est enregistré."),
      this.#verdict,
      element("ol", { className: "eq-steps" }, ...Object.values(this.steps).map(({ node }) => node)),
      element("div", { className: "actions" }, button("Arrêter le test et revenir", back, "secondary eq-back")),
    );
    section.dataset.screen = "equipment";
    this.section = section;
  }

  /** Into the page, in the place of a former test: shown already, if it is begun again from there. */
  enter() {
    const former = /** @type {HTMLElement | null} */ (document.querySelector('section[data-screen="equipment"]'));
    this.section.hidden = former?.hidden ?? true;
    if (former) former.replaceWith(this.section);
    else document.querySelector("main")?.append(this.section);
  }

  /** @param {Colour} colour @param {string[]} advice @param {string} kept */
  conclude(colour, advice, kept) {
    const node = this.#verdict;
    node.className = `banner eq-verdict ${TONES[colour]}`;
    node.dataset.colour = colour;
    node.setAttribute("aria-labelledby", "eq-verdict");
    node.replaceChildren(
      element("h2", { id: "eq-verdict" }, element("span", { "aria-hidden": "true" }, `${MARKS[TONES[colour]]} `), TITLES[colour]),
      ...(advice.length ? [element("ul", null, ...advice.map((one) => element("li", null, one)))] : []),
      element("p", { className: "hint" }, kept),
      element("div", { className: "actions" }, button("Recommencer le test", this.again, "secondary")),
    );
    node.hidden = false;
    const back = this.section.querySelector(".eq-back");
    if (back) back.textContent = "Revenir";
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: "start" });
  }
}
