// What is known of each télécontrôle beyond its row: asked again whenever its row's version rises.

import { get } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Detail} Detail */

const RETRY_MS = 3000;
/** The two clocks may differ by a little. */
const MARGIN_MS = 1000;

/** Emits 'change' when a detail came in. */
export class Details extends EventTarget {
  /** @type {Map<string, Detail>} */
  #known = new Map();
  /** The version of the row for which each was last asked. @type {Map<string, number>} */
  #asked = new Map();

  /** When each was last asked for, by the server's clock, ms. @type {Map<string, number>} */
  #when = new Map();

  /** @param {(error: unknown) => void} fail @param {() => number} now the server's clock, ms */
  constructor(fail, now) {
    super();
    this.fail = fail;
    this.now = now;
  }

  /** The last detail, if any; a newer one is asked for if the row is newer, or if an hour has
   * passed that changes what may be done. @param {Entry} entry */
  of(entry) {
    const known = this.#known.get(entry.id);
    const newer = (this.#asked.get(entry.id) ?? -1) < entry.version;
    if (newer || (known && this.#isOutOfDate(known))) void this.load(entry);
    return known;
  }

  /** @param {Detail} detail */
  #isOutOfDate({ entry, absence }) {
    const asked = this.#when.get(entry.id) ?? 0;
    return [entry.start, absence?.grace_ends, entry.closes].some((hour) => {
      const at = Date.parse(hour ?? "") + MARGIN_MS;
      return asked < at && at <= this.now();
    });
  }

  /** @param {Entry} entry */
  async load({ id, version }) {
    this.#asked.set(id, version);
    this.#when.set(id, this.now());
    try {
      /** @type {Detail} */
      const detail = await get(`/api/console/telecontroles/${id}`);
      const known = this.#known.get(id);
      if (known && known.entry.version > detail.entry.version) return;
      this.#known.set(id, detail);
    } catch (error) {
      this.fail(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      this.#asked.delete(id);
    }
    this.dispatchEvent(new Event("change"));
  }
}
