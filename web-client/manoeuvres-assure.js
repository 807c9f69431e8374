// The assuré's side of a guided movement: large words, a drawing, a grid on one's own picture.

import { drawing, frame } from "./drawing.js";
import { Guide, chronometer } from "./manoeuvres.js";
import { announce, element, look } from "./page.js";
import { stage } from "./tools.js";

/** A French voice of the device itself: others send the words away to be spoken. */
const voice = () =>
  globalThis.speechSynthesis?.getVoices().find(({ lang, localService }) => localService && lang.toLowerCase().startsWith("fr")) ?? null;

class Instructions {
  /** @type {Map<import("./call.js").Call, Guide>} */ guides = new Map();
  #picture = element("div", { className: "guided-picture" });
  #title = element("h2", { tabIndex: -1 });
  #count = element("p", { className: "guided-count" });
  #step = element("p", { className: "guided-step" });
  #where = element("p", { className: "guided-where" });
  #time = element("p", { className: "guided-time", role: "timer", "aria-live": "off", hidden: true });
  #speak = element("button", { type: "button", id: "guided-speak", className: "button", "aria-pressed": "false", hidden: true, onclick: () => this.#toggleVoice() }, "Écouter la consigne");
  #flip = element("button", { type: "button", id: "guided-flip", className: "button", hidden: true, "data-action": "flip" }, "Retourner la caméra");
  #cannot = element("button", { type: "button", id: "guided-cannot", className: "button", onclick: () => this.#refuse() }, "Je ne peux pas le faire");
  #box = element(
    "section",
    { id: "guided", className: "guided", hidden: true, "aria-labelledby": "guided-title" },
    element("div", { className: "guided-head" }, this.#picture, element("div", null, this.#title, this.#count)),
    this.#step,
    this.#where,
    this.#time,
    element("p", { className: "guided-hint" }, "Arrêtez si vous avez mal. Rien ne vous oblige, et rien n'est mesuré."),
    element("p", { className: "guided-buttons" }, this.#cannot, this.#flip, this.#speak),
  );
  #spoken = false;
  #told = "";

  constructor() {
    void look("manoeuvres.css");
    this.#title.id = "guided-title";
    frame().after(this.#box);
    globalThis.speechSynthesis?.addEventListener?.("voiceschanged", () => this.render());
    stage.addEventListener("change", () => this.render());
    setInterval(() => this.#tick(), 500);
  }

  get #guide() {
    return (stage.call && this.guides.get(stage.call)) ?? null;
  }

  /** @param {import("./tools.js").Side} side */
  add(side) {
    const guide = new Guide(side);
    this.guides.set(side.call, guide);
    guide.addEventListener("change", () => guide === this.#guide && this.render());
    side.call.addEventListener("closed", () => this.guides.delete(side.call));
  }

  #refuse() {
    this.#guide?.cannot();
    announce("C'est noté. Le médecin le sait, et ne vous demande pas pourquoi.");
  }

  #toggleVoice() {
    this.#spoken = !this.#spoken;
    this.#speak.setAttribute("aria-pressed", String(this.#spoken));
    if (this.#spoken) this.#say();
    else speechSynthesis.cancel();
  }

  #say() {
    const found = voice();
    if (!this.#spoken || !found) return;
    speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(this.#step.textContent ?? "");
    Object.assign(words, { voice: found, lang: found.lang, rate: 0.9 });
    speechSynthesis.speak(words);
  }

  #tick() {
    const guide = this.#guide;
    this.#time.hidden = !guide?.current || !guide.since;
    if (!this.#time.hidden) this.#time.textContent = chronometer(guide?.since ?? 0);
  }

  render() {
    const guide = this.#guide;
    const current = guide?.current ?? null;
    const within = this.#box.contains(document.activeElement);
    document.body.classList.toggle("guided-call", Boolean(current));
    this.#box.hidden = !current;
    this.#tick();
    if (!guide || !current) {
      if (this.#told) announce("Le mouvement guidé est terminé.");
      this.#told = "";
      globalThis.speechSynthesis?.cancel();
      if (within) /** @type {HTMLElement | null} */ (document.querySelector("section[data-screen='call'] h1"))?.focus();
      return;
    }
    this.#picture.replaceChildren(drawing(current.drawing, { size: 48, className: "pictogram" }));
    this.#title.textContent = current.title;
    this.#count.textContent = `Étape ${guide.step + 1} sur ${current.steps.length}`;
    this.#step.textContent = current.steps[guide.step] ?? "";
    this.#where.textContent = guide.step === 0 ? `${current.distance}.` : "";
    const several = !(document.getElementById("flip")?.hidden ?? true);
    this.#flip.hidden = current.camera !== "arriere" || !several;
    this.#speak.hidden = !voice();
    const told = `${current.title}, étape ${guide.step + 1} sur ${current.steps.length}. ${this.#step.textContent} ${this.#where.textContent}`;
    if (told === this.#told) return;
    const first = !this.#told;
    this.#told = told;
    announce(first ? `Le médecin vous propose un mouvement. ${told}` : told);
    this.#say();
    if (first) this.#box.scrollIntoView({ block: "nearest" });
  }
}

/** @type {Instructions | null} */
let shown = null;

/** @param {import("./tools.js").Side} side */
export function manoeuvres(side) {
  (shown ??= new Instructions()).add(side);
  shown.render();
}
