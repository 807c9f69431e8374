// That somebody arrived: said once to who listens, rung unless in a call, kept in the page's title.

import { byId, element, formatTime } from "./page.js";
import { waits } from "./console-state.js";

/** @typedef {import('./protocol').Entry} Entry */

export class Arrivals {
  /** Ids of those already announced, until they leave. @type {Set<string>} */
  #known = new Set();
  #first = true;
  #title = document.title;
  /** @type {AudioContext | null} */
  #audio = null;
  sound = true;

  /**
   * @param {Entry[]} entries
   * @param {boolean} quiet a consultation is in course: nothing rings
   * @param {string} [timezone]
   */
  notice(entries, quiet, timezone) {
    const waiting = entries.filter(waits);
    let ring = false;
    for (const entry of waiting) {
      if (this.#known.has(entry.id)) continue;
      this.#known.add(entry.id);
      ring = true;
      const since = formatTime(entry.arrived_at ?? entry.assure.since ?? Date.now(), timezone);
      const arrives = this.#first ? "" : "vient d'arriver, ";
      this.#say(`${entry.assure_name} ${arrives}attend depuis ${since}`);
    }
    for (const entry of entries) {
      // Lost is not gone: who comes back from a tunnel has not arrived twice.
      if (entry.phase !== "waiting" || entry.assure.presence === "left")
        this.#known.delete(entry.id);
    }
    if (ring && !quiet && !this.#first) this.chime();
    this.#first = false;
    document.title = waiting.length ? `(${waiting.length}) ${this.#title}` : this.#title;
  }

  /** One line each in a log: two arrivals in the same second are two announcements. @param {string} text */
  #say(text) {
    const log = byId("arrivals");
    log.append(element("p", null, text));
    while (log.children.length > 20) log.firstElementChild?.remove();
  }

  /** Browsers let a page sound only once it was touched: the first touch opens the way. */
  constructor() {
    const touched = () => {
      this.#audio ??= new AudioContext();
      void this.#audio.resume().catch(() => {});
    };
    addEventListener("pointerdown", touched, { once: true });
    addEventListener("keydown", touched, { once: true });
  }

  /** Two soft notes, a fourth apart, made here: no file to fetch. */
  chime() {
    const audio = this.#audio;
    // Not allowed yet: silence now rather than a bell long after the arrival.
    if (!this.sound || audio?.state !== "running") return;
    for (const [delay, pitch] of [
      [0, 587.33],
      [0.22, 783.99],
    ]) {
      const at = audio.currentTime + 0.02 + (delay ?? 0);
      const volume = audio.createGain();
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.14, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.7);
      const note = audio.createOscillator();
      note.frequency.value = pitch ?? 0;
      note.connect(volume).connect(audio.destination);
      note.start(at);
      note.stop(at + 0.75);
    }
  }
}
