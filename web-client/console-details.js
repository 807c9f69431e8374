// What is known of each télécontrôle beyond its row: asked again whenever its row's version rises.

import { get } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Detail} Detail */

const RETRY_MS = 3000;

/** Emits 'change' when a detail came in. */
export class Details extends EventTarget {
  /** @type {Map<string, Detail>} */
  #known = new Map();
  /** The version of the row for which each was last asked. @type {Map<string, number>} */
  #asked = new Map();

  /** @param {(error: unknown) => void} fail */
  constructor(fail) {
    super();
    this.fail = fail;
  }

  /** The last detail, if any; a newer one is asked for if the row is newer. @param {Entry} entry */
  of(entry) {
    if ((this.#asked.get(entry.id) ?? -1) < entry.version) void this.load(entry);
    return this.#known.get(entry.id);
  }

  /** @param {Entry} entry */
  async load({ id, version }) {
    this.#asked.set(id, version);
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
