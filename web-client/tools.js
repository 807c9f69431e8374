// What comes besides picture and sound, on both sides of a call: its commands, its panels, and
// which call they are about. Each tool is a file of its own; assure-tools.js and console-tools.js
// list them.

import { byId, element, look } from "./page.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {"waiting" | "call"} Moment */

/**
 * @typedef {object} Side what a tool gets of each call, once
 * @property {"assure" | "medecin_conseil"} role ours
 * @property {Call} call
 * @property {(text: string) => void} notice says it to the person, seen and heard
 * @property {boolean} [writes] the assuré said before the hour that they write or read
 */

/** Which call the commands and panels on screen are about. Event `change`. */
class Stage extends EventTarget {
  /** @type {Call | null} */
  call = null;

  /** @param {Call | null} call */
  show(call) {
    if (call === this.call) return;
    this.call = call;
    this.again();
  }

  /** For tools that have come since. */
  again() {
    this.dispatchEvent(new Event("change"));
  }
}

export const stage = new Stage();

/** Messages of the other page that are kept for tools that are still coming. */
const KEPT = 100;
/** Of these, the last word tells all. In the order in which a call says them. */
const LAST = ["connection", "state", "shape", "transport", "gate"];

/**
 * What a call says before its tools are there, which come after who enters: on a slow network they
 * weigh as much as many seconds of voice. `again` tells it to them; to others it is nothing new.
 */
export class Backlog {
  #listening = new AbortController();
  /** @type {Map<string, unknown>} */ #last = new Map();
  /** @type {import("./peer.js").Talk[]} */ #talks = [];
  #channel = false;

  /** @param {Call} call that has not been entered yet */
  constructor(call) {
    this.call = call;
    for (const name of LAST) this.#on(name, (detail) => this.#last.set(name, detail));
    this.#on("talking", () => (this.#channel = true));
    this.#on("talk", (talk) => void (this.#talks.length < KEPT && this.#talks.push(talk)));
    this.#on("joining", (/** @type {import("./call.js").Joining} */ joining) => {
      this.#last.set("joining", joining);
      const { signal } = this.#listening;
      const keep = (/** @type {import("./protocol").Snapshot} */ snapshot) =>
        void (signal.aborted || this.#last.set("joining", { ...joining, snapshot }));
      joining.socket.on("snapshot", keep);
    });
  }

  /** @param {string} name @param {(detail: any) => void} listener */
  #on(name, listener) {
    const heard = (/** @type {Event} */ event) => listener(/** @type {CustomEvent} */ (event).detail);
    this.call.addEventListener(name, heard, { signal: this.#listening.signal });
  }

  again() {
    this.#listening.abort();
    const tell = (/** @type {string} */ name, /** @type {unknown} */ detail) =>
      this.call.dispatchEvent(new CustomEvent(name, { detail }));
    for (const name of ["joining", ...LAST]) if (this.#last.has(name)) tell(name, this.#last.get(name));
    if (this.#channel) tell("talking", undefined);
    for (const talk of this.#talks) tell("talk", talk);
  }
}

/** @type {Promise<unknown> | null} */
let dressed = null;

/** @param {((side: Side) => void)[]} tools @param {Side} side */
export function furnishWith(tools, side) {
  dressed ??= look("tools.css");
  for (const tool of tools) tool(side);
}

/**
 * A command in `#tools`.
 * @param {{ id: string, label: string, icon?: string, on?: Moment[], run: () => void }} tool
 *   `icon`: a symbol of the page; `on`: when it is of use (the call alone by default)
 * @returns {HTMLButtonElement}
 */
export function addTool({ id, label, icon, on = ["call"], run }) {
  const press = () => {
    fold(button);
    run();
  };
  const button = element("button", { type: "button", id, className: "button tool", onclick: press });
  button.dataset.on = on.join(" ");
  if (icon) button.append(picture(icon));
  button.append(element("span", null, label));
  byId("tools").append(button);
  return button;
}

/** On a phone the commands open over the picture: they go once one is chosen, or by Escape. @param {Element} button */
function fold(button) {
  const more = button.closest("details");
  if (!more?.open) return;
  more.querySelector("summary")?.focus();
  more.open = false;
}

document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && target instanceof Element) fold(target);
});

/** @param {string} name of a symbol of the page @returns {SVGSVGElement} */
function picture(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A section of `#panels` that a command opens; closing it gives the focus back. */
/** A click that comes so soon (ms) after a panel opened by itself was meant to open it. */
const MEANT = 700;

export class Panel {
  /** @type {HTMLElement | null} */ #opener = null;
  /** When it last opened without being asked to. */
  #unasked = -Infinity;
  body = element("div", { className: "panel-body" });

  /** @param {{ id: string, title: string, onclose?: () => void }} options */
  constructor({ id, title, onclose }) {
    this.onclose = onclose;
    this.title = element("h2", { id: `${id}-title`, tabIndex: -1 }, title);
    const close = element("button", {
      type: "button",
      className: "button quiet",
      "aria-label": `Fermer : ${title}`,
      onclick: () => this.close(),
    }, "Fermer");
    this.section = element(
      "section",
      { id, className: "panel", hidden: true, "aria-labelledby": `${id}-title` },
      element("header", { className: "panel-head" }, this.title, close),
      this.body,
    );
    byId("panels").append(this.section);
  }

  get isOpen() {
    return !this.section.hidden;
  }

  /** @param {{ focus?: boolean }} [how] not asked for by the person: the focus stays where it is */
  open({ focus = true } = {}) {
    if (focus) this.#unasked = -Infinity;
    else if (!this.isOpen) this.#unasked = performance.now();
    if (!this.isOpen && document.activeElement instanceof HTMLElement) this.#opener = document.activeElement;
    this.section.hidden = false;
    if (focus) this.title.focus();
  }

  /** What its tool does. @param {() => void} [open] instead of `open` */
  toggle(open = () => this.open()) {
    if (this.isOpen && performance.now() - this.#unasked > MEANT) this.close();
    else open();
  }

  close() {
    if (!this.isOpen) return;
    const within = this.section.contains(document.activeElement);
    this.section.hidden = true;
    if (within) this.#giveBack();
    this.onclose?.();
  }

  /** The focus, to the first of these that is seen: what opened it may have been folded away since. */
  #giveBack() {
    const opener = this.#opener;
    const places = [opener, opener?.closest("details")?.querySelector("summary"), ...byId("tools").querySelectorAll("button")];
    places.find((one) => one?.getClientRects().length)?.focus();
  }
}
