// That somebody arrived: said once to who listens, rung, shown, and kept in the page's title.

import { byId, element, formatTime } from "./page.js";
import { waits } from "./console-state.js";

/** @typedef {import('./protocol').Entry} Entry */

export class Arrivals {
  /** Ids of those already announced, until they leave. @type {Set<string>} */
  #known = new Set();
  #first = true;
  #title = document.title;

  /** @param {import('./console-sound.js').Bell} bell */
  constructor(bell) {
    this.bell = bell;
  }

  /**
   * @param {Entry[]} entries
   * @param {string} [timezone]
   */
  notice(entries, timezone) {
    const waiting = entries.filter(waits);
    /** @type {Entry[]} */
    const arrived = [];
    for (const entry of waiting) {
      if (this.#known.has(entry.id)) continue;
      this.#known.add(entry.id);
      arrived.push(entry);
      const since = formatTime(entry.arrived_at ?? entry.assure.since ?? Date.now(), timezone);
      const arrives = this.#first ? "" : "vient d'arriver, ";
      this.#say(`${entry.assure_name} ${arrives}attend depuis ${since}`);
    }
    for (const entry of entries) {
      // Lost is not gone: who comes back from a tunnel has not arrived twice.
      if (entry.phase !== "waiting" || entry.assure.presence === "left")
        this.#known.delete(entry.id);
    }
    const [one] = arrived;
    if (one && !this.#first) this.bell.ring(`${one.id} ${one.assure.since ?? ""}`);
    this.#first = false;
    this.bell.show(waiting.length);
    document.title = waiting.length ? `(${waiting.length}) ${this.#title}` : this.#title;
  }

  /** One line each in a log: two arrivals in the same second are two announcements. @param {string} text */
  #say(text) {
    const log = byId("arrivals");
    log.append(element("p", null, text));
    while (log.children.length > 20) log.firstElementChild?.remove();
  }
}
