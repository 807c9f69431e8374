/** The day of one médecin-conseil, pushed by the server; no DOM. */

import { describe } from "./console-state.js";
import { io } from "./socket.io.js";

/** @typedef {import('./protocol').Day} Day */
/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./protocol').Accepted} Accepted */
/** @typedef {import('./protocol').Refused} Refused */

/**
 * Emits 'day' (the list changed: read `day`), 'link' (read `linked`) and 'unauthorized'.
 * After any reconnection the server sends the whole day again: nothing is kept that it denies.
 */
export class DaySocket extends EventTarget {
  /** @type {Day | null} */
  day = null;
  linked = false;
  /** Server's clock minus ours, ms. */
  #skew = 0;

  /** @param {() => Promise<string>} token a fresh token of the namespace `/console` */
  constructor(token) {
    super();
    this.socket = io("/console", {
      path: "/socket.io",
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      auth: (/** @type {(data: object) => void} */ give) => {
        token().then(
          (value) => give({ token: value }),
          () => give({ token: "-" }),
        );
      },
    });
    this.socket.on("connect", () => this.#link(true));
    this.socket.on("disconnect", (/** @type {string} */ reason) => {
      this.#link(false);
      // The server closed it (a session that ended, a restart): socket.io does not come back alone.
      if (reason === "io server disconnect") this.#retry();
    });
    this.socket.on("connect_error", () => {
      this.#link(false);
      // `active` is false when the server refused the token: ask for another one.
      if (!this.socket.active) this.#retry();
    });
    this.socket.on("day", (/** @type {Day} */ day) => {
      this.day = day;
      this.#skew = Date.parse(day.server_time) - Date.now();
      this.#tell("day");
    });
    this.socket.on("entry", (/** @type {Entry} */ entry) => this.take(entry));
  }

  /** The server's time, ms. */
  now() {
    return Date.now() + this.#skew;
  }

  /** One entry, pushed or answered: the highest version is right. @param {Entry} entry */
  take(entry) {
    if (!this.day) return;
    const known = this.day.entries.find((one) => one.id === entry.id);
    if (known ? known.version >= entry.version : isDone(entry, this.day, this.now())) return;
    const others = this.day.entries.filter((one) => one !== known);
    this.day = { ...this.day, entries: [...others, entry] };
    this.#tell("day");
  }

  /** @param {number} minutes @returns {Promise<Accepted | Refused>} */
  async announceDelay(minutes) {
    /** @type {Accepted | Refused} */
    const answer = await this.socket.timeout(5000).emitWithAck("announce_delay", { minutes });
    if (answer.ok && this.day) {
      this.day = { ...this.day, delay_minutes: minutes };
      this.#tell("day");
    }
    return answer;
  }

  /** At once, and not when the library's patience is over. */
  reconnect() {
    this.socket.disconnect().connect();
  }

  close() {
    clearTimeout(this.retrying);
    this.socket.disconnect();
  }

  #retry() {
    clearTimeout(this.retrying);
    this.retrying = setTimeout(() => this.socket.connect(), 2000);
  }

  /** @param {boolean} linked */
  #link(linked) {
    if (this.linked === linked) return;
    this.linked = linked;
    this.#tell("link");
  }

  /** @param {string} what */
  #tell(what) {
    this.dispatchEvent(new Event(what));
  }
}

/** Of a day that is past, with nothing left to do: no list begins with it. @param {Entry} entry @param {Day} day @param {number} now */
function isDone(entry, { date, timezone }, now) {
  const its = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone }).format(
    Date.parse(entry.start),
  );
  const { kind } = describe(entry, now);
  return its < date && entry.justification !== "deposee" && (kind === "done" || kind === "off");
}
