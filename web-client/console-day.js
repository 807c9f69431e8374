// The day's list: one row per télécontrôle, updated in place so that the focus is never lost.

import { byId, element, formatDate, formatTime } from "./page.js";
import { contextLabel, describe, duration, inOrder, tags, waits } from "./console-state.js";

/** @typedef {import('./protocol').Day} Day */
/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-state.js').Kind} Kind */

/** @type {Record<Kind, string>} */
export const TONES = {
  expected: "idle",
  late: "idle",
  waiting: "ok",
  lost: "warn",
  left: "warn",
  call: "",
  "call-lost": "warn",
  todo: "warn",
  done: "idle",
  off: "idle",
};

/**
 * All that the list shows.
 * @typedef {object} DayShown
 * @property {Day} day
 * @property {number} now
 * @property {string} selected
 * @property {Entry | null} current
 * @property {string} admitting
 * @property {(id: string) => boolean} isReady whether that room's transport is up
 */

class Row {
  /** @param {Entry} entry @param {(id: string) => void} select @param {(id: string) => void} admit */
  constructor(entry, select, admit) {
    this.id = entry.id;
    const template = byId("row", HTMLTemplateElement).content.firstElementChild;
    this.node = /** @type {HTMLElement} */ (template?.cloneNode(true));
    this.node.dataset.id = entry.id;
    this.main = this.#part("row-main");
    this.admit = this.#part("admit");
    this.name = this.#part("row-name");
    this.why = this.#part("row-why");
    this.name.id = `name-${entry.id}`;
    this.why.id = `why-${entry.id}`;
    this.admit.setAttribute("aria-describedby", `${this.name.id} ${this.why.id}`);
    this.main.addEventListener("click", () => select(entry.id));
    this.admit.addEventListener("click", () => {
      if (this.admit.getAttribute("aria-disabled") !== "true") admit(entry.id);
    });
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return /** @type {HTMLElement} */ (this.node.querySelector(`.${name}`));
  }

  /** @param {Entry} entry @param {DayShown} shown */
  render(entry, { day, now, selected, current, admitting, isReady }) {
    const { kind, chip, note, long } = describe(entry, now);
    this.node.dataset.kind = kind;
    this.node.classList.toggle("long", long);
    this.#part("row-hour").textContent = formatTime(entry.start, day.timezone);
    this.name.textContent = entry.assure_name;
    this.#part("row-context").textContent = [otherDay(entry, day), contextLabel(entry.context)]
      .filter(Boolean)
      .join(", ");
    const label = this.#part("chip");
    label.textContent = chip;
    label.className = `chip ${TONES[kind]}`;
    this.#part("row-note").textContent = note;
    const waiting = waits(entry);
    this.#part("row-ready").hidden = !(waiting && isReady(entry.id));
    renderTags(this.#part("tags"), entry);
    this.main.setAttribute("aria-current", String(entry.id === selected));

    const why = blocked(entry, current, admitting);
    const box = this.#part("row-admit");
    const hides = !waiting && !box.hidden;
    if (hides && document.activeElement === this.admit) this.main.focus();
    box.hidden = !waiting;
    this.admit.setAttribute("aria-disabled", String(Boolean(why)));
    this.why.textContent = why;
  }
}

/** « mardi 9 juin », when it is not of the list's own day: an hour alone would be taken for today's. @param {Entry} entry @param {Day} day */
export function otherDay({ start }, { date, timezone }) {
  const its = formatDate(start, timezone);
  return its === formatDate(date, "UTC") ? "" : its;
}

/** @param {HTMLElement} place @param {Entry} entry */
export function renderTags(place, entry) {
  const found = tags(entry);
  const key = JSON.stringify(found);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  place.hidden = !found.length;
  place.replaceChildren(
    ...found.flatMap(({ words, todo }) => [
      element("span", { className: todo ? "chip warn" : "chip" }, words),
      " ",
    ]),
  );
}

/** Why this person can't be admitted now; '' when they can. @param {Entry} entry @param {Entry | null} current @param {string} admitting */
function blocked(entry, current, admitting) {
  if (admitting === entry.id) return "Admission en cours…";
  if (current) return "Après la consultation en cours";
  if (admitting) return "Une admission est en cours";
  return "";
}

export class DayView {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #next = "";

  /** @param {{ select: (id: string) => void, admit: (id: string) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    this.list = byId("rows");
    const whole = byId("day-all");
    whole.addEventListener("click", () => {
      const open = whole.getAttribute("aria-expanded") !== "true";
      whole.setAttribute("aria-expanded", String(open));
      byId("day").classList.toggle("whole", open);
    });
  }

  /** @param {DayShown} shown */
  render(shown) {
    const entries = inOrder(shown.day.entries);
    entries.forEach((entry, index) => {
      let row = this.#rows.get(entry.id);
      if (!row) {
        row = new Row(entry, this.actions.select, this.actions.admit);
        this.#rows.set(entry.id, row);
      }
      row.render(entry, shown);
      const here = this.list.children[index];
      if (here !== row.node) this.#place(row.node, here ?? null);
    });
    this.#bring(entries.find(waits)?.id ?? "");
    const ids = new Set(entries.map((entry) => entry.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      if (row.node.contains(document.activeElement)) byId("day-title").focus();
      row.node.remove();
      this.#rows.delete(id);
    }
    byId("day-empty").hidden = entries.length > 0;
    const waiting = entries.filter(waits).length;
    byId("day-count").textContent = [
      `${entries.length} télécontrôle${entries.length > 1 ? "s" : ""}`,
      waiting ? `${waiting} en attente` : "",
    ]
      .filter(Boolean)
      .join(", ");
  }

  /** Who is next is on screen, unless the keyboard is busy in the list. @param {string} id */
  #bring(id) {
    if (id === this.#next) return;
    this.#next = id;
    const row = this.#rows.get(id)?.node;
    const day = byId("day");
    if (!row || day.contains(document.activeElement) || day.scrollHeight <= day.clientHeight)
      return;
    day.scrollTop += row.getBoundingClientRect().bottom - day.getBoundingClientRect().bottom + 24;
  }

  /** Moving a node takes its focus away: give it back. @param {Element} node @param {Element | null} before */
  #place(node, before) {
    const active = document.activeElement;
    this.list.insertBefore(node, before);
    if (active instanceof HTMLElement && node.contains(active)) active.focus();
  }

  /** @param {string} id */
  focus(id) {
    const row = this.#rows.get(id);
    if (row) row.main.focus();
    else byId("day-title").focus();
  }

  /** The row after (1) or before (-1) the one given, among those on screen. @param {string} id @param {1 | -1} step */
  move(id, step) {
    const rows = /** @type {HTMLElement[]} */ ([...this.list.children]).filter(
      (row) => row.offsetParent,
    );
    const at = rows.findIndex((row) => row.dataset.id === id);
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    if (!next?.dataset.id) return;
    this.actions.select(next.dataset.id);
    this.focus(next.dataset.id);
  }
}

/**
 * What the centre says while nobody is in consultation.
 * @param {{ next: Entry | null, expected: Entry | null, now: number, timezone: string, over: boolean }} shown
 */
export function renderIdle({ next, expected, now, timezone, over }) {
  const who = next ?? expected;
  byId("idle-over").textContent = next ? "En salle d'attente" : who ? "Prochain télécontrôle" : "";
  byId("idle-title").textContent = who
    ? who.assure_name
    : over
      ? "La journée est terminée"
      : "Aucun télécontrôle à venir";
  byId("idle-text").replaceChildren(...idleText(who, next, now, timezone));
  byId("idle-key").hidden = !next;
}

/** @param {Entry | null} who @param {Entry | null} next @param {number} now @param {string} timezone @returns {(Node | string)[]} */
function idleText(who, next, now, timezone) {
  if (!who) return ["Une arrivée s'affichera ici et sonnera, quel que soit l'onglet ouvert."];
  const hour = element("strong", null, formatTime(who.start, timezone));
  const what = `, ${contextLabel(who.context)}`;
  if (next) {
    const { note } = describe(next, now);
    return [hour, `${what} – ${note}`];
  }
  const left = Date.parse(who.start) - now;
  return [
    hour,
    what,
    left > 0 ? ` – dans ${duration(left)}` : ` – attendu depuis ${duration(-left)}`,
  ];
}
