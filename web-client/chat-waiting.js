// Words with who waits, beside their row: over the direct path, opened for it where need be.

import { announce, byId, element, look } from "./page.js";
import { ChatView } from "./chat-view.js";
import { conversationOf } from "./chat-talk.js";
import { waits } from "./console-state.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-rooms.js').Room} Room */
/** @typedef {import('./chat-talk.js').Conversation} Conversation */

const WORDS = {
  other: "L'assuré",
  that: "l'assuré",
  ready: [
    "Je suis à vous dans quelques minutes.",
    "Vérifiez votre micro, je ne vous entends pas.",
    "Préparez votre pièce d'identité.",
    "Installez-vous dans un endroit calme.",
  ],
};

export class WaitingWords {
  /** @type {WeakSet<Conversation>} */ #followed = new WeakSet();
  #shown = "";
  /** What was begun to each of them, by the id of the télécontrôle. @type {Map<string, string>} */ #drafts = new Map();
  #told = "";

  /**
   * @param {{ select: (id: string) => void, reach: (id: string) => void, render: () => void }} acts
   *   `reach` opens a direct path to somebody who waits
   */
  constructor(acts) {
    this.acts = acts;
    void look("chat.css");
    this.summary = element("summary", null, "Écrire à la personne qui attend");
    this.path = element("p", { className: "hint", role: "status" });
    const place = element("div", null);
    this.view = new ChatView(place, { prefix: "waiting-words", words: WORDS, live: false });
    this.details = element("details", { id: "waiting-words", hidden: true, ontoggle: () => this.#open() },
      this.summary, this.path, place);
    document.querySelector(".side-now")?.prepend(this.details);
    this.word = element("p", null);
    this.banner = element("div", { className: "banner", hidden: true }, this.word,
      element("button", { type: "button", className: "button secondary", onclick: () => this.#answer() }, "Lire"));
    byId("banners").append(this.banner);
  }

  /** @param {Entry} entry selected @param {Room | null} room */
  render(entry, room) {
    if (entry.id !== this.#shown) this.#turn(entry.id);
    const { call } = room ?? {};
    // Opening it is what makes the call: what is typed meanwhile stays.
    this.view.show(call ? conversationOf(call) : null, this.view.draft);
    this.details.hidden = !waits(entry);
    this.path.textContent = ["ready", "flowing"].includes(room?.transport ?? "")
      ? "Le texte va directement d'une page à l'autre. Rien n'est gardé."
      : "La liaison directe avec cette personne s'établit. Ce que vous écrivez lui sera remis dès qu'elle est là.";
    this.#open();
  }

  /** To somebody else, to whom nothing may be said that was meant for another. @param {string} id */
  #turn(id) {
    this.details.open = false;
    this.#drafts.set(this.#shown, this.view.draft);
    this.view.draft = this.#drafts.get(id) ?? "";
    this.#shown = id;
  }

  /** What came from people who wait, and is not read. @param {Entry[]} entries @param {Room[]} rooms */
  tidings(entries, rooms) {
    for (const { call } of rooms) if (call) this.#follow(conversationOf(call));
    const from = entries.find((entry) => {
      const call = rooms.find(({ id }) => id === entry.id)?.call;
      return waits(entry) && call && this.#news(conversationOf(call)) > 0;
    });
    this.banner.hidden = !from;
    this.banner.dataset.id = from?.id ?? "";
    const words = from ? `${from.assure_name} attend et vous écrit.` : "";
    this.word.textContent = words;
    if (words && words !== this.#told) announce(words);
    this.#told = words;
  }

  /** @param {Conversation} conversation */
  #follow(conversation) {
    if (this.#followed.has(conversation)) return;
    this.#followed.add(conversation);
    conversation.addEventListener("line", () => this.acts.render());
  }

  /** @param {Conversation} conversation */
  #news(conversation) {
    const shown = this.details.open && !this.details.hidden;
    if (shown && conversation === this.view.conversation) conversation.see();
    return conversation.unread;
  }

  #open() {
    if (!this.details.open || this.details.hidden) return;
    this.acts.reach(this.#shown);
    const { conversation, log } = this.view;
    if (!conversation?.unread) return;
    conversation.see();
    log.scrollTop = log.scrollHeight;
    this.acts.render();
  }

  #answer() {
    const { id } = this.banner.dataset;
    if (!id) return;
    this.acts.select(id);
    // The side is shown with the next render.
    requestAnimationFrame(() => {
      this.details.open = true;
      this.view.field.focus();
    });
  }
}
