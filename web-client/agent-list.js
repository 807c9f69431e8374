// The list of télécontrôles: filters held by the address, one row each, days as headings.

import { announce, byId, element, formatTime } from "./page.js";
import * as api from "./agent-api.js";
import { byName, fill, options, words } from "./agent-form.js";
import * as say from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').Planned} Planned */
/** @typedef {import('./api').PlannedList} PlannedList */
/** @typedef {import('./agent-router.js').Router} Router */

const WORKING_DAYS = 10;
const OLDEST = "2000";
const TYPING_MS = 300;
const FILTERS = ["de", "a", "medecin", "etat", "remise", "taches", "page"];

export class ListView {
  #asked = 0;
  /** The filters of what is on screen: what did not change is not asked again. */
  #shown = "";
  #typing = 0;
  /** The answer on screen: the same again is not drawn again. */
  #drawn = "";
  /** @type {boolean | null} */
  #room = null;

  /** @param {Router} router @param {AgentSession} session */
  constructor(router, session) {
    this.router = router;
    this.session = session;
    this.body = byId("list");
    fill(byId("filter-medecin", HTMLSelectElement), byName(session.doctors), "Tous");
    fill(byId("filter-etat", HTMLSelectElement), options(say.STATES), "Tous");
    const deliveries = Object.entries(say.DELIVERY).map(([code, { label }]) => ({ code, label }));
    fill(byId("filter-remise", HTMLSelectElement), deliveries, "Toutes");
    for (const name of ["de", "a", "medecin", "etat", "remise"]) {
      const control = this.#control(name);
      control.addEventListener("change", () => {
        // A year that is being typed is « 0002 » first.
        if (control.type === "date" && control.value && control.value < OLDEST) return;
        router.go({ [name]: control.value, page: "" });
      });
    }
    byId("filter-lost").addEventListener("click", () => this.#toggle("remise", "non_remise"));
    byId("filter-tasks").addEventListener("click", () => this.#toggle("taches", "1"));
    byId("filters-reset").addEventListener("click", () => this.#reset());
    byId("filters").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    // Where there is room, nothing is folded away.
    this.wide = matchMedia("(min-width: 75rem)");
    this.wide.addEventListener("change", () => this.#unfold());
    const search = byId("search", HTMLInputElement);
    search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#search(), TYPING_MS);
    });
    // A row answers wherever it is clicked; the name's link is what the keyboard takes.
    this.body.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const row = /** @type {HTMLElement | null} */ (target.closest("tr[data-id]"));
      if (!row || getSelection()?.toString() || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      router.go({ tc: row.dataset.id ?? "" });
    });
  }

  /** @param {string} name @returns {HTMLInputElement | HTMLSelectElement} */
  #control(name) {
    return /** @type {HTMLInputElement} */ (byId(`filter-${name}`));
  }

  /** @param {string} name @param {string} value */
  #toggle(name, value) {
    this.router.go({ [name]: this.router.get(name) === value ? "" : value, page: "" });
  }

  /** Folded where the panel or a small window takes the room; then it is the person's to open. */
  #unfold() {
    const room = this.wide.matches && !this.router.opened;
    if (room === this.#room) return;
    this.#room = room;
    byId("more-filters", HTMLDetailsElement).open = room;
  }

  #search() {
    clearTimeout(this.#typing);
    const search = byId("search", HTMLInputElement).value.trim();
    if (search !== this.router.search) this.router.go({ page: "" }, { search, replace: true });
  }

  #reset() {
    byId("search", HTMLInputElement).value = "";
    this.router.go(Object.fromEntries(FILTERS.map((name) => [name, ""])), { search: "" });
    byId("title-liste").focus();
  }

  /**
   * What the API is asked: the address, with the period by default.
   * @returns {Record<string, string> & { de: string, a: string, q: string }}
   */
  #filters() {
    const filters = this.router.filters(FILTERS);
    const q = this.router.search;
    // What is to be done or looked for has no date; what did not arrive matters from today on.
    const anytime = Boolean(q || filters.taches);
    const from = filters.de || (anytime ? "" : this.session.today);
    const open = anytime || Boolean(filters.remise) || Boolean(filters.etat);
    const until = filters.a || (open ? "" : say.addWorkingDays(from, WORKING_DAYS));
    return { ...filters, de: from, a: until, q };
  }

  /** The controls say what the address says; the rows follow if they must. */
  show() {
    this.#unfold();
    const filters = this.#filters();
    for (const name of /** @type {const} */ (["de", "a", "medecin", "etat", "remise"]))
      this.#control(name).value = filters[name] ?? "";
    const search = byId("search", HTMLInputElement);
    if (document.activeElement !== search) search.value = filters.q;
    byId("filter-lost").setAttribute("aria-pressed", String(filters.remise === "non_remise"));
    byId("filter-tasks").setAttribute("aria-pressed", String(filters.taches === "1"));
    const set = ["de", "a", "medecin", "etat"].filter((name) => this.router.get(name));
    byId("filters-count").textContent = set.length ? `(${set.length})` : "";
    byId("filters-reset").hidden = !(set.length || filters.remise || filters.taches || filters.q);
    byId("list-export", HTMLAnchorElement).href = api.listCsv({ ...filters, page: "" });
    if (JSON.stringify(filters) !== this.#shown) void this.refresh(true);
    this.select(this.router.opened);
  }

  /** @param {boolean} [aloud] says how many */
  async refresh(aloud = false) {
    const filters = this.#filters();
    const asked = ++this.#asked;
    this.#shown = JSON.stringify(filters);
    const region = byId("list-region");
    region.setAttribute("aria-busy", "true");
    try {
      const list = await api.list(filters);
      if (asked !== this.#asked) return;
      const drawn = JSON.stringify([filters, list]);
      if (drawn !== this.#drawn) this.#render(list, filters);
      this.#drawn = drawn;
      if (aloud) announce(say.plural(list.total, "télécontrôle"));
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#shown = this.#drawn = "";
      if (this.body.querySelector("tr")) return; // what is shown stays; the banner says why
      this.#empty(words(error), null);
    } finally {
      if (asked === this.#asked) region.removeAttribute("aria-busy");
    }
  }

  /** @param {PlannedList} list @param {{ de: string, a: string }} filters */
  #render(list, filters) {
    const focused = this.#focusedRow();
    const period = say.sayPeriod(filters.de, filters.a);
    byId("list-count").textContent = list.total
      ? `${say.plural(list.total, "télécontrôle")}, ${period}`
      : "";
    this.body.hidden = !list.items.length;
    byId("list-empty").hidden = Boolean(list.items.length);
    if (!list.items.length) {
      const narrowed = !byId("filters-reset").hidden;
      this.#empty(
        narrowed
          ? `Aucun télécontrôle ne répond à ces filtres, ${period}.`
          : `Aucun télécontrôle ${period}.`,
        narrowed ? this.#button("Effacer les filtres", () => this.#reset()) : this.#planLink(),
      );
    }
    for (const old of this.body.querySelectorAll("tbody")) old.remove();
    /** @type {Map<string, Planned[]>} */
    const days = new Map();
    for (const planned of list.items) {
      const day = say.localOf(planned.start, planned.timezone).slice(0, 10);
      days.set(day, [...(days.get(day) ?? []), planned]);
    }
    for (const [day, items] of days) this.body.append(dayBody(day, items, this.router));
    pages(byId("list-pages"), list, (page) => {
      this.router.go({ page });
      byId("title-liste").focus();
    });
    this.select(this.router.opened);
    if (focused) this.focus(focused);
  }

  /** @param {string} text @param {Node | null} way */
  #empty(text, way) {
    this.body.hidden = true;
    byId("list-empty").hidden = false;
    byId("list-empty").replaceChildren(element("p", null, text), ...(way ? [way] : []));
  }

  /** @param {string} label @param {() => void} act */
  #button(label, act) {
    const button = element("button", { type: "button", className: "button secondary" }, label);
    button.addEventListener("click", act);
    return button;
  }

  #planLink() {
    const href = this.router.href({ vue: "planifier" });
    return element(
      "a",
      { href, className: "button", "data-go": "planifier" },
      "Planifier un télécontrôle",
    );
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return /** @type {HTMLElement[]} */ ([...this.body.querySelectorAll("tr[data-id]")]);
  }

  #focusedRow() {
    const row = /** @type {HTMLElement | null | undefined} */ (
      document.activeElement?.closest("#list tr[data-id]")
    );
    return row?.dataset.id ?? "";
  }

  /** @param {string} id */
  select(id) {
    for (const row of this.#rows()) {
      const link = row.querySelector("a");
      if (row.dataset.id === id) link?.setAttribute("aria-current", "true");
      else link?.removeAttribute("aria-current");
    }
  }

  /** The row, or the title when it is no longer there. @param {string} id */
  focus(id) {
    const row = this.#rows().find((one) => one.dataset.id === id);
    (row?.querySelector("a") ?? byId("title-liste")).focus();
  }

  /** The row after (1) or before (-1) the one that has the focus, or is open. @param {1 | -1} step */
  step(step) {
    const rows = this.#rows();
    const here = this.#focusedRow() || this.router.opened;
    const at = rows.findIndex((row) => row.dataset.id === here);
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    next?.querySelector("a")?.focus();
  }

  /** Arrows move between rows only from a row: elsewhere they scroll. */
  get holdsFocus() {
    return Boolean(this.#focusedRow());
  }
}

/** @param {string} day @param {Planned[]} items @param {Router} router */
function dayBody(day, items, router) {
  const title = element(
    "th",
    { colSpan: 7, scope: "rowgroup" },
    element("span", { className: "day-name" }, say.sayDay(day)),
    element("span", { className: "day-total" }, ` ${items.length}`),
  );
  return element(
    "tbody",
    null,
    element("tr", { className: "day-row" }, title),
    ...items.map((planned) => row(planned, router)),
  );
}

/** @param {Planned} planned @param {Router} router */
function row(planned, router) {
  const link = element("a", { href: router.href({ tc: planned.id }) }, planned.assure);
  const node = element(
    "tr",
    null,
    element(
      "td",
      { className: "c-hour" },
      element("strong", null, formatTime(planned.start, planned.timezone)),
      element("span", { className: "soft" }, ` ${planned.minutes}\u00a0min`),
    ),
    element("th", { scope: "row", className: "c-who" }, link),
    element(
      "td",
      { className: "c-ref" },
      ...(planned.reference ? [element("span", null, planned.reference)] : []),
      element("span", { className: "soft code" }, planned.code),
    ),
    element("td", { className: "c-doctor" }, planned.doctor.name),
    element("td", { className: "c-state" }, say.stateChip(planned), ...aside(planned)),
    element(
      "td",
      { className: "c-delivery" },
      element("span", { className: "c-label" }, "Convocation "),
      say.deliveryChip(planned),
    ),
    element("td", { className: "c-todo" }, ...todo(planned)),
  );
  node.dataset.id = planned.id;
  node.dataset.delivery = planned.delivery;
  return node;
}

/** @param {Planned} planned @returns {Node[]} */
function aside({ acknowledged, in_person, state, tasks }) {
  const said = [
    acknowledged && state !== "accuse" ? "Réception confirmée" : "",
    in_person === "fixe" ? "Présentiel fixé" : "",
    in_person === "a_fixer" && !tasks.length ? "Présentiel à fixer" : "",
  ].filter(Boolean);
  return said.length ? [element("span", { className: "soft" }, said.join(", "))] : [];
}

/** @param {Planned} planned @returns {Node[]} */
function todo({ tasks, needs }) {
  /** @type {Node[]} */
  const lines = tasks.map(({ label }) => element("span", { className: "todo" }, label));
  if (needs.length)
    lines.push(element("span", { className: "need" }, needs.map(say.needLabel).join(", ")));
  return lines;
}

/**
 * « Précédente, page 2 sur 5, suivante »; nothing when one page holds all.
 * @param {HTMLElement} nav
 * @param {{ page: number, pages: number }} list
 * @param {(page: string) => void} turn
 */
export function pages(nav, { page, pages: count }, turn) {
  nav.hidden = count < 2;
  /** @param {string} label @param {number} to */
  const button = (label, to) => {
    const off = to < 1 || to > count;
    const node = element(
      "button",
      { type: "button", className: "button secondary", disabled: off },
      label,
    );
    node.addEventListener("click", () => turn(String(to)));
    return node;
  };
  nav.replaceChildren(
    button("Page précédente", page - 1),
    element("span", null, `Page ${page} sur ${count}`),
    button("Page suivante", page + 1),
  );
}
