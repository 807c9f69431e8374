// « Écrire » on both sides of a call: the command, its panel, what is not read yet.

import { announce, byId, element, look } from "./page.js";
import { ChatView } from "./chat-view.js";
import { conversationOf } from "./chat-talk.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./chat-talk.js").Line} Line */

/** @type {Record<Side["role"], import("./chat-view.js").Words>} */
export const WORDS = {
  assure: {
    other: "Le médecin",
    that: "le médecin",
    ready: ["D'accord.", "J'ai un problème.", "Je ne vous entends pas.", "Je préfère écrire."],
  },
  medecin_conseil: {
    other: "L'assuré",
    that: "l'assuré",
    ready: [
      "Vérifiez votre micro, je ne vous entends pas.",
      "Je vous entends et je vous vois bien.",
      "Préférez-vous écrire\u00a0?",
    ],
  },
};

/** How who does not speak tells the spoken code. @type {Record<Side["role"], string>} */
const CODE = {
  assure: "Le code de vérification\u00a0: écrivez-le en grand sur une feuille et montrez-le à la caméra, plutôt que de l'écrire ici.",
  medecin_conseil: "Le code de vérification\u00a0: l'assuré le montre à la caméra, écrit sur une feuille. Ne le comparez pas par écrit.",
};

class Writing {
  /** Closed by the person in this call: it does not open by itself again. @type {WeakSet<Call>} */
  #closed = new WeakSet();
  /** @type {WeakSet<Call>} calls where writing comes first */ #first = new WeakSet();
  #begun = new WeakSet();

  /** @param {Side} side */
  constructor({ role, notice }) {
    this.role = role;
    this.notice = notice;
    void look("chat.css");
    this.button = addTool({
      id: "chat-open", label: role === "assure" ? "Écrire au médecin" : "Écrire",
      on: ["waiting", "call"], run: () => this.toggle(),
    });
    this.badge = element("span", { className: "chat-badge", hidden: true });
    this.button.append(this.badge);
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", "chat");
    this.panel = new Panel({ id: "chat", title: "Écrire", onclose: () => this.#shut() });
    this.panel.body.append(element("p", { className: "hint chat-about" },
      "Le texte va directement d'une page à l'autre. Rien n'est gardé\u00a0: il disparaît avec cette page."));
    // Written here, whoever stands between the two pages could write another one.
    this.code = element("p", { className: "chat-code", hidden: true }, CODE[role]);
    this.panel.body.append(this.code);
    this.view = new ChatView(this.panel.body, { prefix: "chat", words: WORDS[role], live: true });
    stage.addEventListener("change", () => this.#staged());
  }

  /** @param {Side} side */
  follow({ call, writes }) {
    const conversation = conversationOf(call);
    if (writes) this.#first.add(call);
    conversation.addEventListener("line", (event) => this.#heard(call, /** @type {CustomEvent<Line>} */ (event).detail));
    conversation.addEventListener("mode", () => {
      if (conversation.otherLive && call === stage.call) this.#offer();
    });
    conversation.addEventListener("over", () => {
      if (this.view.conversation === conversation) this.view.show(null);
    });
    call.addEventListener("gate", () => this.#begin(call));
  }

  toggle() {
    this.panel.toggle(() => {
      this.panel.open();
      this.#opened();
      this.view.field.focus();
    });
  }

  /** Opens by itself, the focus stays where it is; unless the person closed it in this call. */
  #offer() {
    const { call } = stage;
    if (!call || this.#closed.has(call) || this.panel.isOpen) return;
    this.panel.open({ focus: false });
    this.#opened();
    this.panel.section.scrollIntoView({ block: "nearest" });
  }

  #opened() {
    this.button.setAttribute("aria-expanded", "true");
    const { call } = stage;
    if (!call) return;
    this.#closed.delete(call);
    this.#count();
    this.view.log.scrollTop = this.view.log.scrollHeight;
  }

  #shut() {
    this.button.setAttribute("aria-expanded", "false");
    if (stage.call) this.#closed.add(stage.call);
  }

  #staged() {
    const { call } = stage;
    this.view.show(call ? conversationOf(call) : null);
    if (this.panel.isOpen) {
      this.panel.close();
      if (call) this.#closed.delete(call);
    }
    this.#count();
    if (call) this.#begin(call);
    if (call && conversationOf(call).unread) this.#offer();
  }

  /** In the call, who cannot speak or hear finds the field open, and their text live. @param {Call} call */
  #begin(call) {
    const silent = this.role === "assure" && call.state?.assure.missing === "microphone";
    const first = this.#first.has(call) || silent;
    const inCall = call.state?.phase === "admitted" || document.body.dataset.screen === "call";
    if (call !== stage.call) return;
    this.code.hidden = !first;
    this.#place(first && inCall);
    if (!first || !inCall || this.#begun.has(call)) return;
    this.#begun.add(call);
    this.#offer();
    if (this.role === "assure") conversationOf(call).setLive(true, this.view.field.value);
  }

  /** Among the commands of the call, not behind « Plus ». @param {boolean} front */
  #place(front) {
    const controls = document.querySelector('section[data-screen="call"] .controls');
    if (front && controls) controls.prepend(this.button);
    else if (this.button.parentElement !== byId("tools")) byId("tools").prepend(this.button);
  }

  /** @param {Call} call @param {Line} line */
  #heard(call, line) {
    if (line.mine || call !== stage.call) return;
    if (this.panel.isOpen) return this.#count();
    // The list is not there for a screen reader yet: it is said once.
    announce(`${WORDS[this.role].other} écrit\u00a0: ${line.text}`);
    this.#offer();
    this.#count();
    if (!this.panel.isOpen && this.role === "assure") this.notice("Le médecin vous écrit\u00a0: ouvrez «\u00a0Écrire au médecin\u00a0».");
  }

  #count() {
    const conversation = stage.call && conversationOf(stage.call);
    if (this.panel.isOpen) conversation?.see();
    const unread = conversation?.unread ?? 0;
    this.badge.hidden = !unread;
    this.badge.replaceChildren(
      String(unread),
      element("span", { className: "unseen" }, unread > 1 ? " messages non lus" : " message non lu"),
    );
    document.body.classList.toggle("chat-unread", unread > 0);
  }
}

/** @type {Writing | null} */
let writing = null;

/** @param {Side} side */
export function chat(side) {
  writing ??= new Writing(side);
  writing.follow(side);
}
