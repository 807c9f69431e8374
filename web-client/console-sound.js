// The sound of an arrival: one console plays it, never during a consultation; and what is seen of it.
//
// Of the tabs of one browser, the first that can play takes a lock named after the arrival. Of
// several browsers, only the console that holds the room plays: the server lets one have it
// (`replaced`). A tab that holds it and was never touched may not sound: it asks another to.

import { preference } from "./console-keys.js";
import { byId, element } from "./page.js";

const STORED = "console-son";
const CHANNEL = "console-son";
/** Until the rooms have settled which console is the one, in ms. */
const SETTLE = 800;
/** How long an arrival that was rung is not rung again by another tab, in ms. */
const RUNG = 30_000;

export class Bell extends EventTarget {
  /** @type {AudioContext | null} */ #audio = null;
  #on = preference.get(STORED, true);
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null;
  #badge = element("p", { id: "badge", className: "chip warn badge", hidden: true });

  /**
   * @param {{ quiet: () => boolean, elsewhere: () => boolean }} state `quiet`: a consultation is in
   *   course; `elsewhere`: another console holds the rooms
   */
  constructor({ quiet, elsewhere }) {
    super();
    this.quiet = quiet;
    this.elsewhere = elsewhere;
    byId("day-title").after(this.#badge);
    // Browsers let a page sound only once it was touched: the first touch opens the way.
    const touched = () => {
      this.#audio ??= new AudioContext();
      void this.#audio.resume().catch(() => {});
    };
    addEventListener("pointerdown", touched, { once: true });
    addEventListener("keydown", touched, { once: true });
    this.#channel?.addEventListener("message", ({ data }) => {
      if (typeof data === "string") void this.#once(data);
    });
    // Off in one tab is off in all.
    addEventListener("storage", ({ key }) => {
      if (key !== STORED) return;
      this.#on = preference.get(STORED, true);
      this.dispatchEvent(new Event("change"));
    });
  }

  get on() {
    return this.#on;
  }

  toggle() {
    this.#on = !this.#on;
    preference.set(STORED, this.#on);
    // Turned on, it says how it sounds.
    if (this.#able) this.#chime();
    this.dispatchEvent(new Event("change"));
  }

  /** Who waits, for the eye: it stays as long as they do, in a consultation too. @param {number} waiting */
  show(waiting) {
    const words = waiting === 1 ? "1 personne attend" : `${waiting} personnes attendent`;
    this.#badge.hidden = !waiting;
    if (this.#badge.textContent !== words) this.#badge.textContent = words;
  }

  /** Somebody has arrived. @param {string} arrival names it, the same on all consoles */
  ring(arrival) {
    setTimeout(() => {
      if (this.elsewhere() || this.quiet()) return;
      if (this.#able) void this.#once(arrival);
      else if (this.#on) this.#channel?.postMessage(arrival);
    }, SETTLE);
  }

  get #able() {
    return this.#on && this.#audio?.state === "running";
  }

  /** By this tab, unless another one of this browser has. @param {string} arrival */
  async #once(arrival) {
    // Not allowed yet: silence now rather than a bell long after the arrival.
    if (!this.#able || this.quiet()) return;
    if (!navigator.locks) return this.#chime();
    await navigator.locks.request(`${CHANNEL} ${arrival}`, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      this.#chime();
      await new Promise((resolve) => setTimeout(resolve, RUNG));
    });
  }

  /** Two soft notes, a fourth apart, made here: no file to fetch. */
  #chime() {
    const audio = this.#audio;
    if (!audio) return;
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
