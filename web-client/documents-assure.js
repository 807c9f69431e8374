// « Montrer un document »: chosen or photographed, kept on this page, handed over once admitted.

import { announce, element, formatTime, look } from "./page.js";
import { Giver } from "./documents-carry.js";
import { LARGEST, NotTaken } from "./documents-look.js";
import { because, kindLabel, percent, tidied, weight } from "./documents-words.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./documents-carry.js").Own} Own */

const ACCEPT = "image/jpeg,image/png,application/pdf";

class Showing {
  /** @type {WeakMap<import("./call.js").Call, Giver>} */ #givers = new WeakMap();
  /** @type {Map<string, { item: HTMLElement, word: HTMLElement, bar: HTMLProgressElement }>} */ #rows = new Map();
  /** What was last said aloud of each. @type {Map<string, string>} */ #said = new Map();

  constructor() {
    void look("documents.css");
    const opener = addTool({
      id: "documents-open", label: "Montrer un document", on: ["waiting", "call"],
      run: () => this.panel.toggle(() => this.#open()),
    });
    opener.setAttribute("aria-controls", "documents");
    this.panel = new Panel({ id: "documents", title: "Montrer un document" });
    this.file = this.#input(ACCEPT);
    this.photo = this.#input("image/jpeg");
    this.photo.setAttribute("capture", "environment");
    this.choose = this.#button("Choisir un fichier", () => this.file.click());
    const take = this.#button("Prendre une photo", () => this.photo.click());
    take.hidden = !matchMedia("(pointer: coarse)").matches;
    this.problem = element("p", { id: "documents-problem", className: "field-error", role: "alert", hidden: true });
    this.list = element("ul", { className: "documents", id: "documents-list" });
    this.panel.body.append(
      element("p", null, `Une photo ou un PDF, ${weight(LARGEST)} au plus. Seul le médecin le verra, pendant l'entretien.`),
      element("p", { className: "hint" },
        "Il va directement d'une page à l'autre et n'est gardé nulle part. Le lieu et la date de la prise de vue sont retirés des photos."),
      element("p", { className: "documents-choose" }, this.choose, take, this.file, this.photo),
      this.problem, this.list);
    stage.addEventListener("change", () => this.#render());
  }

  /** @param {Side} side */
  follow({ call }) {
    const giver = new Giver(call);
    this.#givers.set(call, giver);
    giver.addEventListener("change", () => this.#giver === giver && this.#render());
  }

  get #giver() {
    return stage.call ? this.#givers.get(stage.call) : undefined;
  }

  /** @param {string} accept */
  #input(accept) {
    const input = element("input", { type: "file", accept, hidden: true });
    input.addEventListener("change", () => void this.#chosen(input));
    return input;
  }

  /** @param {string} label @param {() => void} run */
  #button(label, run) {
    return element("button", { type: "button", className: "button secondary", onclick: run }, label);
  }

  #open() {
    this.panel.open();
    this.choose.focus();
  }

  /** @param {HTMLInputElement} input */
  async #chosen(input) {
    const [file] = input.files ?? [];
    input.value = "";
    const giver = this.#giver;
    if (!file || !giver) return;
    this.#complain("");
    try {
      if (giver.full) return this.#complain(because("many"));
      // Before it is in memory.
      if (file.size > LARGEST) throw new NotTaken("large");
      await giver.add(new Uint8Array(await file.arrayBuffer()), tidied(file.name));
    } catch (error) {
      this.#complain(because(error instanceof NotTaken ? error.flaw : "broken"));
    }
  }

  /** @param {string} words */
  #complain(words) {
    this.problem.hidden = !words;
    this.problem.textContent = words;
  }

  #render() {
    const documents = this.#giver?.documents ?? [];
    for (const [id, { item }] of this.#rows) {
      if (documents.some((own) => own.id === id)) continue;
      if (item.contains(document.activeElement)) this.choose.focus();
      item.remove();
      this.#rows.delete(id);
    }
    for (const own of documents) this.#row(own);
  }

  /** @param {Own} own */
  #row(own) {
    const { item, word, bar } = this.#rows.get(own.id) ?? this.#add(own);
    const words = this.#words(own);
    if (word.textContent !== words) word.textContent = words;
    item.dataset.state = own.state;
    bar.hidden = own.state !== "going";
    bar.value = own.there;
    // Said at each stage, not at each part.
    const stage = own.state === "going" ? "Envoi du document en cours" : words;
    if (this.#said.get(own.id) === stage) return;
    this.#said.set(own.id, stage);
    announce(`${own.name}\u00a0: ${stage}`);
  }

  /** @param {Own} own */
  #add(own) {
    const word = element("p", { className: "documents-state" });
    const bar = element("progress", { max: own.bytes.length, value: 0, hidden: true, "aria-label": `Envoi de ${own.name}` });
    const item = element("li", null,
      element("p", null, element("bdi", { className: "documents-name" }, own.name), ` ${kindLabel(own.kind)}, ${weight(own.bytes.length)}`),
      word, bar,
      element("button", {
        type: "button", className: "button quiet", "aria-label": `Retirer ${own.name}`,
        onclick: () => this.#giver?.withdraw(own),
      }, "Retirer"));
    this.list.append(item);
    const row = { item, word, bar };
    this.#rows.set(own.id, row);
    return row;
  }

  /** @param {Own} own */
  #words({ state, there, bytes, why, at }) {
    if (state === "going") return `Envoi\u00a0: ${percent(there, bytes.length)}`;
    if (state === "delivered") return `Remis au médecin à ${formatTime(at)}.`;
    if (state === "refused") return because(why);
    if (!this.#giver?.open) return "Gardé sur cette page. Il sera remis au médecin quand il vous fera entrer.";
    return this.#giver.carries
      ? "En attente du médecin."
      : "La liaison est interrompue. L'envoi reprendra où il en était.";
  }
}

/** @type {Showing | null} */
let showing = null;

/** @param {Side} side */
export function documents(side) {
  showing ??= new Showing();
  showing.follow(side);
}
