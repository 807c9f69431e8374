// The documents that the assuré shows: as they come, and one of them large. Nothing is kept: they
// are this page's objects, gone with the call.

import { announce, element, formatTime, look } from "./page.js";
import { Taker } from "./documents-carry.js";
import { because, kindLabel, percent, weight } from "./documents-words.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./documents-carry.js").Theirs} Theirs */

const ZOOMS = [1, 1.5, 2, 3, 4];

/** One picture, as large and as turned as wanted. */
class Viewer {
  #zoom = 0;
  #turned = 0;
  shown = "";

  constructor() {
    this.picture = element("img", { alt: "" });
    this.paper = element("div", { className: "documents-paper" }, this.picture);
    this.frame = element("div", { className: "documents-frame", tabIndex: 0, role: "region", "aria-label": "Document" }, this.paper);
    this.word = element("p", { className: "documents-zoom", role: "status" });
    this.node = element("div", { className: "documents-viewer", hidden: true },
      element("p", { className: "documents-tools", role: "group", "aria-label": "Affichage du document" },
        this.#button("Réduire", () => this.#enlarge(-1)), this.#button("Agrandir", () => this.#enlarge(1)),
        this.#button("Tourner", () => this.#turn()), this.word),
      this.frame);
    this.picture.addEventListener("load", () => this.#size());
  }

  /** @param {string} label @param {() => void} run */
  #button(label, run) {
    return element("button", { type: "button", className: "button secondary", onclick: run }, label);
  }

  /** @param {string} url @param {string} name */
  show(url, name) {
    this.shown = url;
    this.node.hidden = false;
    [this.#zoom, this.#turned] = [0, 0];
    this.picture.alt = name;
    this.frame.setAttribute("aria-label", name);
    this.picture.src = url;
    this.#size();
  }

  hide() {
    this.shown = "";
    this.node.hidden = true;
    this.picture.removeAttribute("src");
  }

  /** @param {1 | -1} step */
  #enlarge(step) {
    this.#zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.#zoom + step));
    this.#size();
  }

  #turn() {
    this.#turned = (this.#turned + 90) % 360;
    this.#size();
  }

  #size() {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    const lying = this.#turned % 180 !== 0;
    const zoom = ZOOMS[this.#zoom] ?? 1;
    this.paper.style.width = `${100 * zoom}%`;
    this.paper.style.aspectRatio = width && height ? (lying ? `${height} / ${width}` : `${width} / ${height}`) : "";
    this.paper.classList.toggle("lying", lying);
    this.picture.style.rotate = `${this.#turned}deg`;
    this.word.textContent = `${100 * zoom}\u00a0%`;
  }
}

class Shown {
  /** @type {WeakMap<import("./call.js").Call, Taker>} */ #takers = new WeakMap();
  /** @type {Map<string, { item: HTMLElement, word: HTMLElement, bar: HTMLProgressElement, open: HTMLButtonElement }>} */ #rows = new Map();
  /** @type {Map<string, string>} */ #said = new Map();

  constructor() {
    void look("documents.css");
    this.button = addTool({
      id: "documents-open", label: "Documents", on: ["call"],
      run: () => this.panel.toggle(),
    });
    this.button.setAttribute("aria-controls", "documents");
    this.count = element("span", { className: "documents-count", hidden: true });
    this.button.append(this.count);
    this.panel = new Panel({ id: "documents", title: "Documents montrés par l'assuré" });
    this.none = element("p", { className: "hint" },
      "Aucun document. L'assuré peut en montrer un par «\u00a0Montrer un document\u00a0»\u00a0; il arrive ici de lui-même.");
    this.list = element("ol", { className: "documents", id: "documents-list" });
    this.viewer = new Viewer();
    this.panel.body.append(this.none, this.list, this.viewer.node, element("p", { className: "hint" },
      "Rien n'est enregistré\u00a0: les documents disparaissent à la fin de la consultation."));
    stage.addEventListener("change", () => this.#render());
  }

  /** @param {Side} side */
  follow({ call }) {
    const taker = new Taker(call);
    this.#takers.set(call, taker);
    taker.addEventListener("change", () => this.#taker === taker && this.#render());
  }

  get #taker() {
    return stage.call ? this.#takers.get(stage.call) : undefined;
  }

  #render() {
    const found = this.#taker?.documents ?? [];
    for (const [id, { item }] of this.#rows) {
      if (found.some((one) => one.id === id)) continue;
      if (item.contains(document.activeElement)) this.panel.title.focus();
      item.remove();
      this.#rows.delete(id);
    }
    if (!found.some(({ url }) => url === this.viewer.shown)) this.viewer.hide();
    found.forEach((one, index) => this.#row(one, `Document ${index + 1}`));
    const here = found.filter(({ state }) => state === "here").length;
    this.none.hidden = found.length > 0;
    this.count.hidden = !here;
    this.count.textContent = String(here);
    if (!stage.call) this.panel.close();
  }

  /** @param {Theirs} one @param {string} name */
  #row(one, name) {
    const { word, bar, open } = this.#rows.get(one.id) ?? this.#add(one, name);
    const words = this.#words(one);
    if (word.textContent !== words) word.textContent = words;
    bar.hidden = one.state !== "coming" || !one.number;
    bar.value = one.have;
    open.hidden = one.state !== "here";
    open.textContent = one.kind === "pdf" ? `Ouvrir le ${name.toLowerCase()}` : `Voir le ${name.toLowerCase()}`;
    const stage = one.state === "coming" && one.number ? "en cours de réception" : words;
    if (this.#said.get(one.id) === stage) return;
    this.#said.set(one.id, stage);
    announce(`${name}\u00a0: ${stage}`);
    if (one.state !== "here") return;
    this.panel.open({ focus: false });
    if (one.kind !== "pdf" && !this.viewer.shown) this.viewer.show(one.url, name);
  }

  /** @param {Theirs} one @param {string} name */
  #add(one, name) {
    const word = element("span", { className: "documents-state" });
    const bar = element("progress", { max: one.size, value: 0, "aria-label": `Réception du ${name.toLowerCase()}` });
    const open = element("button", { type: "button", className: "button secondary", hidden: true, onclick: () => this.#show(one, name) });
    const item = element("li", null, element("p", null, element("strong", null, name), " ", word), bar, open);
    this.list.append(item);
    const row = { item, word, bar, open };
    this.#rows.set(one.id, row);
    return row;
  }

  /** @param {Theirs} one @param {string} name */
  #show(one, name) {
    if (one.kind === "pdf") {
      // In the browser's own reader: a page of ours may hold no object and no frame.
      open(one.url, "_blank", "noopener");
      return;
    }
    this.viewer.show(one.url, name);
    this.viewer.frame.focus();
  }

  /** @param {Theirs} one */
  #words({ state, number, have, size, why, kind, at }) {
    if (state === "here") return `${kindLabel(kind)}, ${weight(size)}, reçu à ${formatTime(at)}.`;
    if (state === "refused") return because(why);
    if (state === "checked") return "Vérification…";
    if (!number) return `${weight(size)}, réception interrompue à ${percent(have, size)}.`;
    return `${weight(size)}, réception\u00a0: ${percent(have, size)}`;
  }
}

/** @type {Shown | null} */
let shown = null;

/** @param {Side} side */
export function documents(side) {
  shown ??= new Shown();
  shown.follow(side);
}
