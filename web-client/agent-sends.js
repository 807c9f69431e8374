// All that was sent, or should have been: how far it is now, and what did not arrive.

import { announce, byId, element } from "./page.js";
import * as api from "./agent-api.js";
import { fill, options, words } from "./agent-form.js";
import { pages } from "./agent-list.js";
import { messageTable } from "./agent-messages.js";
import * as say from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').Progress} Progress */
/** @typedef {import('./agent-router.js').Router} Router */

const MANY = 99;
const POLL_MS = 10_000;
const FILTERS = ["etat", "canal", "genre", "page"];
/** By default, what did not arrive. */
const LOST = "non_remis";

export class SendsView {
  #asked = 0;
  #shown = "";
  /** The answer on screen: the same again is not drawn again. */
  #drawn = "";
  /** Failures last said aloud. */
  #failures = -1;

  /** @param {Router} router @param {AgentSession} session */
  constructor(router, session) {
    this.router = router;
    this.session = session;
    const states = [
      { code: LOST, label: "Non remis (échec ou trop tard)" },
      ...options(say.MESSAGE_STATES),
    ];
    fill(byId("sends-etat", HTMLSelectElement), [...states, { code: "tous", label: "Tous" }]);
    fill(byId("sends-canal", HTMLSelectElement), options(say.CHANNELS), "Tous");
    fill(byId("sends-genre", HTMLSelectElement), options(say.KINDS), "Tous");
    for (const name of ["etat", "canal", "genre"]) {
      const control = byId(`sends-${name}`, HTMLSelectElement);
      control.addEventListener("change", () => {
        const value = name === "etat" && control.value === LOST ? "" : control.value;
        router.go({ [name]: value, page: "" });
      });
    }
    byId("sends").addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest("a[data-tc]");
      if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      router.go({ tc: link.dataset.tc ?? "" });
    });
    setInterval(() => {
      if (router.view === "envois" && !document.hidden) void this.#poll();
    }, POLL_MS);
  }

  #filters() {
    const { etat = "", ...others } = this.router.filters(FILTERS);
    return { ...others, etat: etat === "tous" ? "" : etat || LOST };
  }

  show() {
    byId("sends-etat", HTMLSelectElement).value = this.router.get("etat") || LOST;
    byId("sends-canal", HTMLSelectElement).value = this.router.get("canal");
    byId("sends-genre", HTMLSelectElement).value = this.router.get("genre");
    const filters = this.#filters();
    byId("sends-export", HTMLAnchorElement).href = api.messagesCsv({ ...filters, page: "" });
    if (JSON.stringify(filters) !== this.#shown) void this.refresh();
    void this.#poll();
  }

  async refresh() {
    const filters = this.#filters();
    const asked = ++this.#asked;
    this.#shown = JSON.stringify(filters);
    const region = byId("sends");
    region.setAttribute("aria-busy", "true");
    try {
      const list = await api.messages(filters);
      const drawn = JSON.stringify([filters, list]);
      if (asked !== this.#asked || drawn === this.#drawn) return;
      this.#drawn = drawn;
      const focused = region.contains(document.activeElement)
        ? /** @type {HTMLElement} */ (document.activeElement).closest("tr")?.dataset.message
        : "";
      byId("sends-count").textContent = say.plural(list.total, "message");
      region.replaceChildren(
        list.items.length
          ? messageTable(list.items, this.session.timezone, {
              caption: "Messages",
              open: (id) => this.router.href({ tc: id }),
            })
          : element("p", { className: "empty" }, this.#nothing(filters)),
      );
      if (focused) this.#focus(focused);
      pages(byId("sends-pages"), list, (page) => {
        this.router.go({ page });
        byId("title-envois").focus();
      });
    } catch (error) {
      this.#shown = this.#drawn = "";
      if (asked === this.#asked && !region.querySelector("tr"))
        region.replaceChildren(element("p", { className: "empty" }, words(error)));
    } finally {
      if (asked === this.#asked) region.removeAttribute("aria-busy");
    }
  }

  /** @param {{ etat: string }} filters */
  #nothing({ etat }) {
    const narrowed = this.router.get("canal") || this.router.get("genre");
    if (narrowed) return "Aucun message ne répond à ces filtres.";
    return etat === LOST
      ? "Aucun message en échec\u00a0: tout ce qui devait partir est parti."
      : "Aucun message.";
  }

  /** @param {string} message */
  #focus(message) {
    const row = [...byId("sends").querySelectorAll("tr")].find(
      (one) => one.dataset.message === message,
    );
    (row?.querySelector("a") ?? byId("title-envois")).focus();
  }

  /** Where the outbox is; said aloud only when the failures change. */
  async #poll() {
    try {
      this.progress(await api.progress());
    } catch {
      // The banner of the line says it; the next turn tries again.
    }
  }

  /** @param {Progress} progress */
  progress({ waiting, sending, sent_today, failed, expired, oldest_due }) {
    /** @type {Record<string, number>} */
    const counts = { waiting, sending, sent_today, failed, expired };
    for (const [name, count] of Object.entries(counts)) {
      byId(`progress-${name}`).textContent = count.toLocaleString("fr-FR");
      byId(`progress-${name}`)
        .closest("div")
        ?.classList.toggle("none", count === 0);
    }
    byId("progress-oldest").textContent = oldest_due
      ? `Le plus ancien attend depuis le ${say.sayInstant(oldest_due, this.session.timezone)}.`
      : "";
    const failures = failed + expired;
    const badge = byId("tab-failures");
    badge.closest("span.failures")?.toggleAttribute("hidden", failures === 0);
    badge.textContent = failures > MANY ? `${MANY}+` : String(failures);
    if (this.#failures >= 0 && failures !== this.#failures) {
      announce(`${say.plural(failures, "message non remis", "messages non remis")}`);
      if (this.router.view === "envois") void this.refresh();
    }
    this.#failures = failures;
  }
}
