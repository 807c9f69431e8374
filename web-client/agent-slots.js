// A date and an hour: typed, or taken among the free slots of a médecin-conseil.

import { ApiError, announce, element, formatTime } from "./page.js";
import * as api from "./agent-api.js";
import { field, words } from "./agent-form.js";
import { addDays, sayDay, sayLocal } from "./agent-words.js";

/** @typedef {import('./api').Slot} Slot */

const TOO_LATE = "convocation_tardive";

/**
 * @typedef {object} Wanted
 * @property {string} id prefix of the ids of its controls
 * @property {() => string} doctor whose slots; '' while nobody is chosen
 * @property {() => string} doctorName
 * @property {() => number} minutes
 * @property {string} from « 2026-12-01 »: the first day that may be chosen
 */

export class SlotPicker {
  #from;
  /** Whose slots are shown; nobody's: empty. */
  #shown = "";
  /** Answers that come late are dropped. */
  #asked = 0;

  /** @param {Wanted} wanted */
  constructor(wanted) {
    this.wanted = wanted;
    this.#from = wanted.from;
    this.date = element("input", { type: "date", id: `${wanted.id}-date`, required: true });
    this.hour = element("input", {
      type: "time",
      id: `${wanted.id}-hour`,
      step: "300",
      required: true,
    });
    this.free = element("div", { className: "slots" });
    this.title = element("p", { className: "slots-title", id: `${wanted.id}-free` });
    this.free.setAttribute("role", "group");
    this.free.setAttribute("aria-labelledby", this.title.id);
    this.node = element(
      "div",
      { className: "slot-picker" },
      element("div", { className: "pair" }, field("Date", this.date), field("Heure", this.hour)),
      this.title,
      this.free,
    );
    this.date.addEventListener("change", () => {
      if (this.date.value) void this.load(this.#possible());
    });
    for (const input of [this.date, this.hour]) input.addEventListener("input", () => this.#mark());
  }

  /** « 2026-12-01T14:30 », or '' while either half is missing. */
  get value() {
    return this.date.value && this.hour.value
      ? `${this.date.value}T${this.hour.value.slice(0, 5)}`
      : "";
  }

  set value(start) {
    [this.date.value, this.hour.value] = [start.slice(0, 10), start.slice(11, 16)];
    this.#mark();
  }

  /** The day typed, or the first one possible when it is too early. */
  #possible() {
    return this.date.value < this.wanted.from ? this.wanted.from : this.date.value;
  }

  /** What is not filled in yet. @returns {import('./agent-form.js').Wrong[]} */
  missing() {
    /** @type {import('./agent-form.js').Wrong[]} */
    const wrong = [];
    if (!this.date.value) wrong.push([this.date.id, "Indiquez la date"]);
    if (!this.hour.value) wrong.push([this.hour.id, "Indiquez l'heure"]);
    return wrong;
  }

  /** Asks for the free slots from that day on. @param {string} [from] */
  async load(from = this.#from) {
    this.#from = from;
    const doctor = this.wanted.doctor();
    const asked = ++this.#asked;
    this.title.textContent = doctor
      ? `Créneaux libres de ${this.wanted.doctorName()}`
      : "Choisissez un médecin-conseil pour voir ses créneaux libres.";
    if (!doctor) return this.forget();
    // Nobody takes an hour of somebody else's day while the answer is on its way.
    if (doctor !== this.#shown)
      this.#empty(element("p", { className: "hint" }, "Recherche des créneaux libres…"));
    this.free.setAttribute("aria-busy", "true");
    try {
      const { slots } = await api.slots(doctor, from, this.wanted.minutes());
      if (asked === this.#asked) this.#show(slots);
    } catch (error) {
      if (asked === this.#asked) this.#empty(element("p", { className: "hint" }, words(error)));
    } finally {
      if (asked === this.#asked) this.free.removeAttribute("aria-busy");
    }
  }

  /** What was shown is not true any more, nor what is on its way: one of them is taken. */
  forget() {
    this.#asked++;
    this.free.removeAttribute("aria-busy");
    this.#empty();
  }

  /** @param {...Node} said instead */
  #empty(...said) {
    this.#shown = "";
    this.free.replaceChildren(...said);
  }

  /** @param {Slot[]} slots */
  #show(slots) {
    this.#shown = this.wanted.doctor();
    const days = [...new Set(slots.map(({ start }) => start.slice(0, 10)))];
    const focused = this.free.contains(document.activeElement);
    const last = days.at(-1);
    const nodes = days.map((day) => {
      const buttons = slots
        .filter(({ start }) => start.startsWith(day))
        .map(({ start }) => this.#button(start));
      const title = element("p", { className: "slots-day" }, sayDay(day));
      return element("div", { className: "slots-of-day" }, title, ...buttons);
    });
    if (!last) nodes.push(element("div", null, "Aucun créneau libre à partir de cette date."));
    const more = element(
      "button",
      { type: "button", className: "button quiet" },
      "Créneaux suivants",
    );
    more.addEventListener("click", () => void this.load(addDays(last ?? this.#from, last ? 1 : 7)));
    this.free.replaceChildren(...nodes, more);
    this.#mark();
    if (focused) this.free.querySelector("button")?.focus();
  }

  /** @param {string} start */
  #button(start) {
    const button = element(
      "button",
      { type: "button", className: "button secondary slot", "aria-label": sayLocal(start) },
      formatTime(`${start}:00Z`, "UTC"),
    );
    button.dataset.start = start;
    button.addEventListener("click", () => {
      this.value = start;
      announce(`Choisi\u00a0: ${sayLocal(start)}`);
    });
    return button;
  }

  #mark() {
    for (const button of this.free.querySelectorAll("button[data-start]")) {
      const start = /** @type {HTMLElement} */ (button).dataset.start;
      button.setAttribute("aria-pressed", String(start === this.value));
    }
  }

  /** The control that a refusal is about. @param {ApiError} error */
  at(error) {
    return error.field === "start" ? this.date.id : null;
  }

  /**
   * After a date that came too early or too late: a button that takes the first one possible.
   * @param {ApiError} error
   * @param {string} verb « Planifier »
   * @param {() => void} take once the fields hold that date
   * @returns {Promise<Node[]>}
   */
  async help(error, verb, take) {
    if (error.code !== TOO_LATE) {
      if (error.field === "start") void this.load(this.#possible());
      return [];
    }
    const { slots } = await api.slots(
      this.wanted.doctor(),
      this.wanted.from,
      this.wanted.minutes(),
    );
    this.#show(slots);
    const day = slots[0]?.start.slice(0, 10) ?? "";
    const same = slots.find(({ start }) => start === `${day}T${this.hour.value.slice(0, 5)}`);
    const first = same ?? slots[0];
    if (!first) return [];
    const button = element(
      "button",
      { type: "button", className: "button" },
      `${verb} le ${sayLocal(first.start)}`,
    );
    button.addEventListener("click", () => {
      this.value = first.start;
      take();
    });
    return [button];
  }
}
