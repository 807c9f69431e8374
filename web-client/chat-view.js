// One conversation on screen: what was said, what the other types now, the field and its commands.

import { element, formatTime } from "./page.js";
import { LONGEST } from "./chat-talk.js";

/** @typedef {import("./chat-talk.js").Conversation} Conversation */
/** @typedef {import("./chat-talk.js").Line} Line */

const STATES = { waiting: "pas encore remis", sent: "envoi…", delivered: "remis" };
const PROBLEMS = {
  empty: "Écrivez d'abord votre message.",
  long: `Votre message dépasse ${LONGEST} caractères\u00a0: coupez-le en deux.`,
  fast: "Vous écrivez très vite\u00a0: attendez une seconde, puis envoyez.",
  full: "Trop de messages attendent la liaison. Attendez qu'elle revienne.",
};
/** How near the end of the list one must be to follow it, in pixels. */
const NEAR = 80;

/**
 * @typedef {object} Words
 * @property {string} other « Le médecin », at the beginning of a sentence
 * @property {string} that « le médecin », within one
 * @property {string[]} ready sentences that one press says
 */

export class ChatView {
  /** @type {Conversation | null} */ conversation = null;
  /** @type {Map<string, HTMLElement>} the state of each line of ours */ #states = new Map();
  /** @type {AbortController} */ #listening = new AbortController();

  /**
   * @param {HTMLElement} place
   * @param {{ prefix: string, words: Words, live: boolean }} options
   *   `prefix` of the ids; `live`: text may go as it is typed
   */
  constructor(place, { prefix, words, live }) {
    this.words = words;
    const id = (/** @type {string} */ name) => `${prefix}-${name}`;
    this.log = element("div", {
      id: id("log"), className: "chat-log", role: "log", tabIndex: 0,
      "aria-label": "Messages", "aria-relevant": "additions",
    });
    this.typed = element("p", { id: id("typed"), className: "chat-typed", dir: "auto" });
    this.turn = element("div", { className: "chat-turn", hidden: true },
      element("p", { className: "chat-who" }, `${words.other} écrit`), this.typed);
    this.field = element("textarea", {
      id: id("field"), rows: 2, maxLength: LONGEST, autocomplete: "off", dir: "auto",
      "aria-describedby": `${id("hint")} ${id("count")}`,
    });
    this.field.setAttribute("enterkeyhint", "send");
    this.count = element("p", { id: id("count"), className: "chat-count" });
    this.state = element("p", { id: id("state"), className: "chat-state-line", role: "status" });
    this.live = element("button", {
      type: "button", role: "switch", className: "button quiet chat-live", hidden: !live,
      id: id("live"), "aria-checked": "false", "aria-describedby": id("live-hint"),
      onclick: () => this.#switch(),
    }, "Texte en temps réel");
    this.liveHint = element("p", { id: id("live-hint"), className: "hint", hidden: !live });
    this.ready = element("div", { className: "chat-ready", role: "group", "aria-label": "Messages tout prêts" },
      ...words.ready.map((text) => element("button", {
        type: "button", className: "button secondary", onclick: () => this.#say(text),
      }, text)));
    this.ready.hidden = !words.ready.length;
    const form = element("form", { className: "chat-form", noValidate: true, onsubmit: this.#submit },
      element("label", { htmlFor: id("field") }, `Votre message ${words.that === "le médecin" ? "au médecin" : "à l'assuré"}`),
      this.field,
      element("div", { className: "chat-foot" },
        element("button", { className: "button" }, "Envoyer"), this.live, this.count),
      element("p", { id: id("hint"), className: "hint chat-keys" }, "Entrée envoie, Maj\u00a0+\u00a0Entrée va à la ligne."),
      this.liveHint);
    place.classList.add("chat");
    place.append(this.log, element("div", { className: "chat-turns" }, this.turn, form), this.state, this.ready);
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", (event) => this.#typing(/** @type {InputEvent} */ (event)));
    this.field.addEventListener("compositionend", () => this.#typing());
    this.#counted();
  }

  /** @param {Conversation | null} conversation @param {string} [draft] what stands in the field with it */
  show(conversation, draft = "") {
    if (conversation === this.conversation) return;
    this.#listening.abort();
    this.#listening = new AbortController();
    this.conversation = conversation;
    this.field.value = draft;
    this.#states.clear();
    this.log.setAttribute("aria-busy", "true");
    this.log.replaceChildren(this.#nothing());
    for (const line of conversation?.lines ?? []) this.#add(line);
    this.log.setAttribute("aria-busy", "false");
    this.#counted();
    this.#mode();
    this.#delivery();
    if (!conversation) return;
    this.#on("line", (line) => this.#add(line));
    this.#on("changed", (line) => this.#changed(line));
    this.#on("live", () => this.#other());
    this.#on("mode", () => this.#mode());
    conversation.call.addEventListener("transport", () => this.#delivery(), {
      signal: this.#listening.signal,
    });
  }

  /** @param {string} name @param {(detail: any) => void} listener */
  #on(name, listener) {
    this.conversation?.addEventListener(
      name, (event) => listener(/** @type {CustomEvent} */ (event).detail),
      { signal: this.#listening.signal },
    );
  }

  #nothing() {
    return element("p", { className: "hint chat-none" }, "Rien d'écrit pour l'instant.");
  }

  // --- what was said ----------------------------------------------------------------------------

  /** @param {Line} line */
  #add(line) {
    const { log } = this;
    const follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    log.querySelector(".chat-none")?.remove();
    const state = element("span", { className: "chat-state" });
    log.append(element("div", { className: `chat-line ${line.mine ? "mine" : "theirs"}` },
      element("p", { className: "chat-who" },
        `${line.mine ? "Vous" : this.words.other}, ${formatTime(line.at)}`, state),
      element("p", { className: "chat-text", dir: "auto" }, line.text)));
    if (line.mine) this.#states.set(line.id, state);
    this.#changed(line);
    if (follows || line.mine) log.scrollTop = log.scrollHeight;
  }

  /** @param {Line} line */
  #changed(line) {
    const state = this.#states.get(line.id);
    if (state) {
      state.textContent = `, ${STATES[line.state]}`;
      state.dataset.state = line.state;
    }
    this.#delivery();
  }

  /** Said once for all that waits, and taken back when it has gone. */
  #delivery() {
    const waits = this.conversation?.lines.some((line) => line.mine && line.state === "waiting");
    this.#tell(waits ? `Pas de liaison directe avec ${this.words.that} en ce moment. Ce que vous avez écrit lui sera remis dès qu'elle est là.` : "");
  }

  /** @param {string} words */
  #tell(words) {
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  // --- what is typed ----------------------------------------------------------------------------

  #other() {
    const text = this.conversation?.otherText ?? "";
    this.typed.textContent = text;
    this.turn.classList.toggle("idle", !text);
  }

  #mode() {
    const { conversation: one } = this;
    this.live.setAttribute("aria-checked", String(Boolean(one?.live)));
    this.turn.hidden = !one?.otherLive;
    this.liveHint.textContent = one?.live
      ? `${this.words.other} voit chaque lettre pendant que vous écrivez.`
      : one?.otherLive
        ? `${this.words.other} écrit en temps réel\u00a0: vous voyez chaque lettre. Vous pouvez faire de même.`
        : "";
    this.#other();
    one?.type(this.field.value);
  }

  #switch() {
    const { conversation: one } = this;
    one?.setLive(!one.live, this.field.value);
  }

  /** @param {InputEvent} [event] half an accent or a syllable is no letter yet */
  #typing(event) {
    this.#counted();
    if (!event?.isComposing) this.conversation?.type(this.field.value);
  }

  /** In the field, not sent. */
  get draft() {
    return this.field.value;
  }

  set draft(text) {
    this.field.value = text;
    this.#counted();
  }

  #counted() {
    const { length } = this.field.value;
    this.count.textContent = `${length} / ${LONGEST}`;
    this.count.classList.toggle("full", length >= LONGEST);
  }

  // --- sent -------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!event.repeat) this.#sent();
  }

  #submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    this.#sent();
  };

  #sent() {
    if (this.#say(this.field.value)) this.draft = "";
    this.field.focus();
  }

  /** @param {string} text */
  #say(text) {
    const why = this.conversation?.say(text) ?? "full";
    if (why) this.#tell(PROBLEMS[why]);
    return !why;
  }
}
