// The médecin-conseil's side of a guided movement: the list, then the steps.

import { drawing } from "./drawing.js";
import { Guide, chronometer } from "./manoeuvres.js";
import { MANOEUVRES } from "./manoeuvres-list.js";
import { element, look } from "./page.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./manoeuvres-list.js").Manoeuvre} Manoeuvre */

const TOOL = "M12 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4ZM12 8v6M12 14l-3 7M12 14l3 7M12 10 6 6M12 10l6-4";
const CAMERAS = { avant: "", arriere: "Caméra arrière conseillée" };

class Console {
  /** @type {Map<import("./call.js").Call, Guide>} */ guides = new Map();
  /** Steps seen done, of the movement shown: for the eye alone, kept nowhere. @type {Set<number>} */
  #done = new Set();
  #word = element("p", { className: "guide-word", role: "status" });
  #list = element("ul", { className: "guide-list" });
  #steps = element("ol", { className: "guide-steps" });
  #title = element("h3", { tabIndex: -1 });
  #facts = element("p", { className: "hint" });
  #time = element("span", { className: "guide-time", role: "timer", "aria-live": "off" }, "0:00");
  #chrono = this.#button("guide-chrono", "Démarrer le chrono", () => this.#timed());
  #before = this.#button("guide-before", "Étape précédente", () => this.#go(-1));
  #next = this.#button("guide-next", "Étape suivante", () => this.#go(1));
  #stop = this.#button("guide-stop", "Arrêter le mouvement", () => this.#guide?.stop());
  #running = element(
    "div",
    { className: "guide-running", hidden: true },
    this.#title,
    this.#facts,
    this.#steps,
    element("p", { className: "guide-buttons" }, this.#before, this.#next, this.#chrono, this.#time, this.#stop),
  );
  #panel = new Panel({ id: "guide", title: "Guider un mouvement" });

  constructor() {
    void look("manoeuvres.css");
    const tool = addTool({ id: "guide-open", label: "Guider un mouvement", run: () => this.#panel.toggle() });
    tool.prepend(drawing(TOOL));
    this.#panel.body.append(
      element("p", { className: "hint" }, "L'assuré lit de grands mots et voit un dessin. Rien n'est mesuré, rien n'est enregistré, le service n'en sait rien."),
      this.#word,
      this.#running,
      this.#list,
    );
    for (const one of MANOEUVRES) this.#list.append(this.#choice(one));
    stage.addEventListener("change", () => {
      this.#done.clear();
      this.#say("");
      this.render();
    });
    setInterval(() => (this.#time.textContent = chronometer(this.#guide?.since ?? 0)), 500);
  }

  get #guide() {
    return (stage.call && this.guides.get(stage.call)) ?? null;
  }

  /** @param {string} id @param {string} label @param {() => void} run */
  #button(id, label, run) {
    return element("button", { type: "button", id, className: "button secondary", onclick: run }, label);
  }

  /** @param {Manoeuvre} one */
  #choice(one) {
    const button = element("button", { type: "button", className: "button secondary guide-choice", onclick: () => this.#launch(one) });
    button.dataset.manoeuvre = one.id;
    button.append(
      drawing(one.drawing, { size: 48, className: "pictogram" }),
      element("span", null, one.title, element("small", null, CAMERAS[one.camera])),
    );
    return element("li", null, button);
  }

  /** @param {import("./tools.js").Side} side */
  add(side) {
    const guide = new Guide(side);
    this.guides.set(side.call, guide);
    guide.addEventListener("change", () => guide === this.#guide && this.render());
    guide.addEventListener("answer", (event) => {
      if (guide !== this.#guide) return;
      const cannot = /** @type {CustomEvent} */ (event).detail === "cannot";
      this.#say(cannot ? "L'assuré dit qu'il ne peut pas le faire. Aucune raison ne lui est demandée." : "Affiché chez l'assuré.");
      if (cannot) this.#panel.open({ focus: false });
    });
    side.call.addEventListener("closed", () => this.guides.delete(side.call));
  }

  /** @param {Manoeuvre} one */
  #launch(one) {
    this.#done.clear();
    const sent = this.#guide?.show(one);
    this.#say(sent ? "Envoyé…" : "La liaison avec l'assuré est coupée : réessayez dans un instant.");
    if (!sent) return this.#guide?.stop();
    this.#title.focus();
  }

  /** @param {number} by */
  #go(by) {
    const guide = this.#guide;
    const step = (guide?.step ?? 0) + by;
    if (!guide?.current?.steps[step]) return;
    guide.show(guide.current, step);
  }

  #timed() {
    const guide = this.#guide;
    if (guide?.current) guide.show(guide.current, guide.step, !guide.since);
  }

  /** Seen done: on to the next. @param {number} step @param {boolean} done */
  #tick(step, done) {
    if (done) this.#done.add(step);
    else this.#done.delete(step);
    if (done && step === this.#guide?.step) this.#go(1);
  }

  /** @param {string} word */
  #say(word) {
    if (this.#word.textContent !== word) this.#word.textContent = word;
  }

  render() {
    const guide = this.#guide;
    const current = guide?.current ?? null;
    const within = this.#running.contains(document.activeElement);
    this.#running.hidden = !current;
    this.#list.hidden = Boolean(current);
    if (!guide || !current) {
      this.#done.clear();
      if (this.#word.textContent?.startsWith("Affiché") || this.#word.textContent === "Envoyé…") this.#say("");
      if (within && this.#panel.isOpen) this.#panel.title.focus();
      return;
    }
    this.#title.textContent = current.title;
    this.#facts.textContent = [current.distance, CAMERAS[current.camera]].filter(Boolean).map((words) => `${words}.`).join(" ");
    this.#before.disabled = guide.step === 0;
    this.#next.disabled = guide.step === current.steps.length - 1;
    this.#chrono.textContent = guide.since ? "Arrêter le chrono" : "Démarrer le chrono";
    this.#time.textContent = chronometer(guide.since);
    this.#drawSteps(guide, current);
    if (within && !this.#running.contains(document.activeElement)) this.#title.focus();
    if (document.activeElement instanceof HTMLButtonElement && document.activeElement.disabled) this.#title.focus();
  }

  /** @param {Guide} guide @param {Manoeuvre} current */
  #drawSteps(guide, current) {
    const focused = document.activeElement?.id;
    this.#steps.replaceChildren(
      ...current.steps.map((text, at) => {
        const id = `guide-step-${at}`;
        const box = element("input", { type: "checkbox", id, checked: this.#done.has(at) });
        box.addEventListener("change", () => this.#tick(at, box.checked));
        const line = element("li", null, box, element("label", { htmlFor: id }, text));
        if (at === guide.step) line.setAttribute("aria-current", "step");
        return line;
      }),
    );
    if (focused?.startsWith("guide-step-")) document.getElementById(focused)?.focus();
  }
}

/** @type {Console | null} */
let shown = null;

/** @param {import("./tools.js").Side} side */
export function manoeuvres(side) {
  (shown ??= new Console()).add(side);
  shown.render();
}
