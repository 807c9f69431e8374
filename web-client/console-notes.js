// The médecin-conseil's notes beside the video: what is written, whether it is kept, what was before.

import { announce, byId, element, formatDate, formatTime } from "./page.js";
import { Notebook } from "./notebook.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Note} Note */
/** @typedef {import('./notebook.js').Page} Page */

/** From this share of the longest text on, what is left is said. */
const NEARLY = 0.9;
const NARROW = matchMedia("(max-width: 43.99rem)");

export class NotesView {
  #id = "";
  /** Id of the télécontrôle whose sealed note is being completed. */
  #completing = "";
  #said = "";
  #versions = "";
  #timezone = "Europe/Paris";

  constructor() {
    this.book = new Notebook();
    this.panel = byId("notes", HTMLDetailsElement);
    this.field = byId("note-text", HTMLTextAreaElement);
    this.panel.open = !NARROW.matches;
    this.panel.addEventListener("toggle", () => this.#show());
    this.field.addEventListener("input", () => this.book.write(this.#id, this.field.value));
    this.book.addEventListener("change", () => this.#show());
    byId("note-retry").addEventListener("click", () => {
      this.book.retry();
      this.field.focus();
    });
    byId("note-complete").addEventListener("click", () => {
      this.#completing = this.#id;
      this.#show();
      this.field.focus();
    });
    byId("note-add").addEventListener("click", () => void this.#add());
    byId("note-cancel").addEventListener("click", () => {
      this.#completing = "";
      this.book.drop(this.#id);
      byId("note-complete").focus();
    });
    this.#choices();
    this.#beforeLeaving();
  }

  #choices() {
    /** @param {string} button @param {(page: Page, theirs: Note) => string} text */
    const choice = (button, text) =>
      byId(button).addEventListener("click", () => {
        const page = this.book.of(this.#id);
        if (page?.theirs) this.book.settle(this.#id, text(page, page.theirs));
        this.field.focus();
      });
    choice("note-both", (page, theirs) => `${theirs.text}\n\n${page.text}`);
    choice("note-mine", (page) => page.text);
    choice("note-theirs", (_, theirs) => theirs.text);
  }

  #beforeLeaving() {
    addEventListener("beforeunload", (event) => {
      if (this.book.unsaved) event.preventDefault();
    });
    addEventListener("pagehide", () => this.book.leave());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.book.flush();
    });
  }

  /** @param {Entry} entry @param {string} timezone */
  render(entry, timezone) {
    this.#timezone = timezone;
    if (entry.id !== this.#id) {
      void this.book.save(this.#id);
      this.#id = entry.id;
      this.#versions = "";
      byId("note-former").hidden = true;
    }
    if (entry.outcome_version > 0) this.book.seal(entry.id);
    this.#show();
  }

  focus() {
    this.panel.open = true;
    this.#show();
    this.panel.scrollIntoView({ block: "nearest" });
    this.field.focus();
  }

  #show() {
    // What is not looked at is not read: each reading is on the journal.
    if (this.#id && this.panel.open) this.book.open(this.#id);
    const page = this.book.of(this.#id);
    const note = page?.note;
    const sealed = Boolean(note?.sealed && note.version);
    const completing = sealed && (this.#completing === this.#id || Boolean(page?.unsaved));
    const text = page?.text ?? "";
    if (this.field.value !== text) this.field.value = text;
    // Whoever begins before it has come has begun: the rest is put before that.
    const opening = page?.state === "loading" || Boolean(page?.text);
    this.field.readOnly = note ? sealed && !completing : !opening;
    if (note) this.field.maxLength = note.characters;
    byId("note-complete").hidden = !sealed || completing;
    byId("note-adding").hidden = !completing || page?.state === "conflict";
    this.#state(page, sealed);
    this.#conflict(page);
    this.#before(note);
  }

  /** @param {Page | undefined} page @param {boolean} sealed */
  #state(page, sealed) {
    const bad = page?.state === "failed" || page?.state === "away" || page?.state === "conflict";
    const words = this.#words(page, sealed);
    byId("note-state").textContent = words;
    byId("note-state").classList.toggle("bad", bad);
    byId("note-chip").textContent = this.panel.open ? "" : words;
    byId("note-problem").textContent = bad ? (page?.problem ?? "") : "";
    byId("note-problem").hidden = !bad || !page?.problem;
    byId("note-retry").hidden = page?.state !== "failed" && page?.state !== "away";
    const left = (page?.note?.characters ?? Infinity) - (page?.text.length ?? 0);
    const near = page?.note && left < page.note.characters * (1 - NEARLY);
    byId("note-left").textContent = near ? `Encore ${left} caractères` : "";
    // Said once, and only what asks for something: a save every few words would talk over the call.
    const said = bad ? `${this.#id}${page.state}` : "";
    if (said && said !== this.#said) announce(`Notes : ${words}. ${page?.problem ?? ""}`);
    this.#said = said;
  }

  /** @param {Page | undefined} page @param {boolean} sealed */
  #words(page, sealed) {
    if (!page) return "";
    const { state, note } = page;
    if (state === "loading") return "Ouverture…";
    if (state === "away") return "Notes non ouvertes";
    if (state === "failed") return "Non enregistré";
    if (state === "conflict") return "Modifiée ailleurs";
    if (state === "saving") return "Enregistrement…";
    if (state === "dirty") return sealed ? "Version non enregistrée" : "Modifications en cours…";
    if (!note?.saved) return "Rien d'écrit";
    const hour = formatTime(note.saved, this.#timezone);
    return sealed ? `Scellée, version ${note.version}, ${hour}` : `Enregistré à ${hour}`;
  }

  /** @param {Page | undefined} page */
  #conflict(page) {
    const theirs = page?.state === "conflict" ? page.theirs : null;
    byId("note-conflict").hidden = !theirs;
    if (!theirs) return;
    const hour = theirs.saved ? formatTime(theirs.saved, this.#timezone) : "";
    byId("note-conflict-who").textContent =
      `Cette note a été modifiée ailleurs par ${theirs.author}, à ${hour}. Votre texte est intact, au-dessus.`;
    byId("note-other").textContent = theirs.text;
  }

  /** @param {Note | null | undefined} note */
  #before(note) {
    const before = note?.before ?? [];
    byId("note-before").hidden = !before.length;
    const key = `${this.#id}${before.map(({ version, at }) => `${version}${at}`).join()}`;
    if (key === this.#versions) return;
    this.#versions = key;
    byId("note-versions").replaceChildren(
      ...[...before].reverse().map(({ version, author, at }) => {
        const open = element(
          "button",
          { type: "button", className: "button quiet" },
          `Version ${version}`,
        );
        open.addEventListener("click", () => void this.#former(version));
        const words = ` ${author}, le ${formatDate(at, this.#timezone)} à ${formatTime(at, this.#timezone)}`;
        return element("li", null, open, element("span", { className: "hint" }, words));
      }),
    );
  }

  /** @param {number} version */
  async #former(version) {
    const id = this.#id;
    const shown = await this.book.former(id, version).catch(() => null);
    if (id !== this.#id) return;
    byId("note-former").hidden = false;
    byId("note-former-title").textContent = shown
      ? `Version ${version}`
      : "Cette version n'a pas pu s'ouvrir. Réessayez.";
    byId("note-former-text").textContent = shown?.text ?? "";
    byId("note-former-title").focus();
  }

  async #add() {
    const id = this.#id;
    if (!this.book.of(id)?.unsaved) return;
    await this.book.save(id);
    if (this.book.of(id)?.state !== "saved") return;
    this.#completing = "";
    this.#show();
    announce("Nouvelle version de la note enregistrée");
    byId("note-complete").focus();
  }
}
