// The medical notes as the page holds them: in memory until they are kept, never on this computer's
// disk. No DOM.

import { ApiError, get, request } from "./page.js";

/** @typedef {import('./api').Note} Note */
/** @typedef {import('./api').NoteText} NoteText */

/** From the last letter to the save. */
const QUIET_MS = 1200;
/** Between attempts, as long as the service or the network is away. */
const RETRIES_MS = [2000, 5000, 10_000, 30_000];
/** A request that may outlive its page holds no more (Fetch, keepalive). */
const KEEPALIVE_BYTES = 60_000;

/** One télécontrôle's note: what is written here, what the service has, and how far they agree. */
export class Page {
  text = "";
  /** As the service gave it last. @type {Note | null} */
  note = null;
  /** @type {'loading' | 'away' | 'saved' | 'dirty' | 'saving' | 'failed' | 'conflict'} */
  state = "loading";
  problem = "";
  /** What somebody has saved meanwhile. @type {Note | null} */
  theirs = null;
  /** What was sent last: an answer may be lost, and its effect not. @type {string | null} */
  sent = null;
  tries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** Something is here that the service does not have. Before the note has come: whatever was typed. */
  get unsaved() {
    return this.text !== (this.note?.text ?? "");
  }

  /** The note has come. What was typed before stands behind what it says. @param {Note} note */
  opened(note) {
    const early = this.note ? "" : this.text;
    this.note = note;
    this.text = note.text && early ? `${note.text}\n\n${early}` : note.text || early;
    this.state = this.unsaved ? "dirty" : "saved";
    this.problem = "";
  }
}

/** @param {string} id */
const address = (id) => `/api/console/telecontroles/${id}/note`;

/** Emits 'change'. */
export class Notebook extends EventTarget {
  /** @type {Map<string, Page>} */
  #pages = new Map();

  constructor() {
    super();
    addEventListener("online", () => this.retry());
  }

  /** @param {string} id */
  of(id) {
    return this.#pages.get(id);
  }

  get unsaved() {
    return [...this.#pages.values()].some((page) => page.unsaved);
  }

  /** Ask for it, once. @param {string} id */
  open(id) {
    if (!this.#pages.has(id)) void this.load(id);
  }

  /** @param {string} id */
  async load(id) {
    const page = this.#pages.get(id) ?? new Page();
    this.#pages.set(id, page);
    if (page.note && page.unsaved) return;
    page.state = "loading";
    this.#changed();
    try {
      page.opened(await get(address(id)));
      if (page.unsaved && !page.note?.sealed) this.#later(id, page, QUIET_MS);
    } catch (error) {
      page.state = "away";
      page.problem = words(error);
    }
    this.#changed();
  }

  /** What was typed. @param {string} id @param {string} text */
  write(id, text) {
    const page = this.#pages.get(id);
    if (!page) return;
    page.text = text;
    if (!page.note) return this.#changed();
    if (page.state === "conflict" || page.state === "saving") return;
    if (page.state !== "failed") page.state = page.unsaved ? "dirty" : "saved";
    // After the outcome a version is a gesture: each one stays for good.
    if (!page.note.sealed) this.#later(id, page, QUIET_MS);
    this.#changed();
  }

  /** An outcome is signed. @param {string} id */
  seal(id) {
    const page = this.#pages.get(id);
    if (!page?.note || page.note.sealed) return;
    page.note = { ...page.note, sealed: true };
    this.#changed();
  }

  /** @param {string} id */
  async save(id) {
    const page = this.#pages.get(id);
    if (!page?.note || ["saving", "conflict"].includes(page.state)) return;
    clearTimeout(page.timer);
    if (!page.unsaved) return;
    page.state = "saving";
    page.sent = page.text;
    this.#changed();
    try {
      page.note = await put(id, page.text, page.note.revision);
      this.#kept(id, page);
    } catch (error) {
      await this.#failed(id, page, error);
    }
    this.#changed();
  }

  /** @param {string} id @param {Page} page */
  #kept(id, page) {
    page.problem = "";
    page.tries = 0;
    page.theirs = null;
    page.state = page.unsaved ? "dirty" : "saved";
    if (page.unsaved && !page.note?.sealed) this.#later(id, page, QUIET_MS);
  }

  /** @param {string} id @param {Page} page @param {unknown} error */
  async #failed(id, page, error) {
    if (error instanceof ApiError && error.code === "note_concurrente") {
      return this.#conflict(id, page);
    }
    page.state = "failed";
    page.problem = words(error);
    if (isPassing(error)) {
      const wait = RETRIES_MS[Math.min(page.tries, RETRIES_MS.length - 1)] ?? QUIET_MS;
      page.tries += 1;
      this.#later(id, page, wait);
    }
  }

  /** Somebody has saved meanwhile, or our own save whose answer was lost. @param {string} id @param {Page} page */
  async #conflict(id, page) {
    try {
      /** @type {Note} */
      const theirs = await get(address(id));
      if (theirs.text === page.sent) {
        page.note = theirs;
        return this.#kept(id, page);
      }
      page.theirs = theirs;
      page.state = "conflict";
    } catch (error) {
      page.state = "failed";
      page.problem = words(error);
      this.#later(id, page, RETRIES_MS[0] ?? QUIET_MS);
    }
  }

  /** What is kept of the two texts. @param {string} id @param {string} text */
  settle(id, text) {
    const page = this.#pages.get(id);
    if (!page?.theirs) return;
    page.note = page.theirs;
    page.theirs = null;
    page.text = text;
    page.state = page.unsaved ? "dirty" : "saved";
    void this.save(id);
    this.#changed();
  }

  /** Back to what the service has. @param {string} id */
  drop(id) {
    const page = this.#pages.get(id);
    if (!page?.note) return;
    clearTimeout(page.timer);
    page.text = page.note.text;
    page.state = "saved";
    page.problem = "";
    this.#changed();
  }

  /** Now, whatever had to wait. */
  retry() {
    for (const [id, page] of this.#pages) {
      if (page.state === "failed") void this.save(id);
      if (page.state === "away") void this.load(id);
    }
  }

  /** Everything that may be kept without being asked. */
  async flush() {
    const open = [...this.#pages].filter(([, page]) => page.unsaved && !page.note?.sealed);
    await Promise.all(open.map(([id]) => this.save(id)));
  }

  /** The page goes away: the last letters leave by themselves, if they may. */
  leave() {
    for (const [id, page] of this.#pages) {
      if (!page.note || !page.unsaved || page.note.sealed || page.state === "conflict") continue;
      void put(id, page.text, page.note.revision, true).catch(() => {});
    }
  }

  /** @param {string} id @param {number} version @returns {Promise<NoteText>} */
  former(id, version) {
    return get(`${address(id)}/versions/${version}`);
  }

  /** @param {string} id @param {Page} page @param {number} wait */
  #later(id, page, wait) {
    clearTimeout(page.timer);
    page.timer = setTimeout(() => void this.save(id), wait);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} id @param {string} text @param {number} revision @param {boolean} [leaving] @returns {Promise<Note>} */
function put(id, text, revision, leaving = false) {
  const body = JSON.stringify({ text, revision });
  return request(address(id), {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body,
    keepalive: leaving && body.length < KEEPALIVE_BYTES,
  });
}

/** The network, or a service that will be back. @param {unknown} error */
const isPassing = (error) =>
  error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);

/** @param {unknown} error */
function words(error) {
  if (error instanceof ApiError && error.status === 401) {
    return "Votre session est fermée. Reconnectez-vous dans un autre onglet, puis réessayez.";
  }
  if (error instanceof ApiError && error.status === 404) {
    return "Ce télécontrôle n'est plus le vôtre. Copiez votre texte si vous en avez besoin.";
  }
  return error instanceof Error ? error.message : "Réessayez.";
}
