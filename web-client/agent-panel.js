// One télécontrôle: who and when, what is to be done, its messages, its history.

import { ApiError, announce, byId, element, look } from "./page.js";
import * as acts from "./agent-actions.js";
import * as api from "./agent-api.js";
import { contactSection } from "./agent-contact.js";
import { section, words } from "./agent-form.js";
import { fixInPerson, giveUpInPerson, inPersonSection } from "./agent-inperson.js";
import { Invitations } from "./invitations.js";
import { justificationSection } from "./agent-justification.js";
import { messageTable } from "./agent-messages.js";
import * as say from "./agent-words.js";
import { shown as equipmentShown } from "./equipment-shown.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').PlannedDetail} PlannedDetail */
/** @typedef {import('./agent-router.js').Router} Router */

/** What every part of the panel is given. @typedef {object} Context
 * @property {AgentSession} session
 * @property {PlannedDetail} detail
 * @property {Router} router
 * @property {(said: string) => void} done what was done is said, and shown afresh
 */

/** Tasks that nobody ticks. */
const ENDS_BY_ITSELF = new Set(["presentiel_a_fixer", "justification"]);

/** Emits `change` when something was done: the list is to be asked again. */
export class Panel extends EventTarget {
  #id = "";
  /** @type {PlannedDetail | null} */
  #detail = null;
  /** @type {Promise<unknown> | null} */
  #dressed = null;

  /** @param {Router} router @param {AgentSession} session */
  constructor(router, session) {
    super();
    this.router = router;
    this.session = session;
    this.node = byId("panel");
    this.invitations = new Invitations({ by: "agent", fail: acts.fail });
    byId("panel-close").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return Boolean(this.#id);
  }

  close() {
    this.router.go({ tc: "" });
  }

  /** Follows the address. @param {string} id @returns {string} the one just closed, or '' */
  show(id) {
    const before = this.#id;
    this.#id = id;
    this.node.hidden = !id;
    document.body.classList.toggle("with-panel", Boolean(id));
    if (!id) return before;
    if (id !== before) {
      this.#detail = null;
      byId("panel-body").replaceChildren();
      this.invitations.about("");
      byId("panel-title").textContent = "Télécontrôle";
      byId("panel-when").textContent = "Chargement…";
      byId("panel-chips").replaceChildren();
      byId("panel-over").textContent = "";
      byId("panel-title").focus({ preventScroll: true });
      this.node.scrollTop = 0;
      void this.load();
    }
    return "";
  }

  async load() {
    const id = this.#id;
    if (!id) return;
    try {
      const detail = await api.detail(id);
      if (id === this.#id) this.#render(detail);
    } catch (error) {
      if (id !== this.#id || this.#detail) return;
      const gone = error instanceof ApiError && error.status === 404;
      byId("panel-when").textContent = gone
        ? "Ce télécontrôle n'est pas dans votre caisse."
        : words(error);
    }
  }

  /** @param {PlannedDetail} detail */
  #render(detail) {
    // Asked again while somebody types in it, or reads on: only what changed is drawn again.
    if (JSON.stringify(detail) === JSON.stringify(this.#detail)) return;
    if (this.#detail && this.node.querySelector("form.editing")) return;
    const focused = this.node.contains(document.activeElement) ? document.activeElement?.id : "";
    const opened = [...this.node.querySelectorAll("details[open]")].map(({ id }) => id);
    this.#detail = detail;
    const { planned } = detail;
    /** @type {Context} */
    const context = {
      session: this.session,
      router: this.router,
      detail,
      done: (said) => this.#done(said),
    };
    byId("panel-over").textContent = [planned.reference, planned.code].filter(Boolean).join(" · ");
    byId("panel-title").textContent = planned.assure;
    byId("panel-when").replaceChildren(
      element("strong", null, `${say.sayInstant(planned.start, planned.timezone)},`),
      ` ${planned.minutes}\u00a0min, `,
      element("span", { className: "whole" }, planned.doctor.name),
    );
    byId("panel-chips").replaceChildren(
      ...[say.stateChip(planned), delivery(detail), ...confirmed(detail)].map((chip) =>
        element("li", null, chip),
      ),
    );
    byId("panel-body").replaceChildren(
      ...[
        tasks(context),
        actions(context),
        justificationSection(context),
        inPersonSection(context),
        needs(detail),
        detail.actions.includes("inviter")
          ? section("Autres participants", "thirds", this.invitations.node)
          : null,
        section("Matériel de l'assuré", "equipment", ...equipmentShown(detail.equipment, detail.planned.timezone)),
        messages(context),
        contactSection(context),
        history(detail),
        chain(context),
      ].filter((part) => part !== null),
    );
    if (detail.actions.includes("inviter")) {
      this.#dressed ??= look("thirds.css");
      void this.invitations.load(planned.id);
    }
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (focused !== "" && !this.node.contains(document.activeElement))
      (document.getElementById(focused ?? "") ?? byId("panel-title")).focus({
        preventScroll: true,
      });
  }

  /** @param {string} said */
  #done(said) {
    this.say(said);
    for (const form of this.node.querySelectorAll("form.editing")) form.classList.remove("editing");
    this.#detail = null;
    void this.load().then(() => {
      if (!this.node.contains(document.activeElement)) byId("panel-title").focus();
    });
    this.dispatchEvent(new Event("change"));
  }

  /** What was done is said on top, until something else is. @param {string} said */
  say(said) {
    announce(said);
    byId("panel-done").textContent = said;
    byId("panel-done").hidden = false;
    byId("panel-problem").hidden = true;
  }

  quiet() {
    byId("panel-done").hidden = true;
    byId("panel-problem").hidden = true;
  }
}

/** @param {PlannedDetail} detail */
function delivery({ planned }) {
  const said = say.DELIVERY[planned.delivery];
  return say.chip({ ...said, label: `Convocation\u00a0: ${said.label.toLowerCase()}` });
}

/** @param {PlannedDetail} detail */
const confirmed = ({ planned }) =>
  planned.acknowledged ? [say.chip({ label: "Réception confirmée", tone: "ok", mark: "✓" })] : [];

/** @param {Context} context */
function tasks({ detail, done }) {
  const { planned } = detail;
  if (!planned.tasks.length) return null;
  const items = planned.tasks.map(({ kind, label, created }, index) => {
    const id = `task-${index}`;
    const since = element(
      "span",
      { className: "soft" },
      ` depuis le ${say.sayInstant(created, planned.timezone)}`,
    );
    const what = element("span", null, element("strong", null, label), since);
    // These end with what they are about, below.
    if (ENDS_BY_ITSELF.has(kind)) return element("li", null, what);
    const button = element(
      "button",
      { type: "button", className: "button secondary", id, "aria-label": `Fait : ${label}` },
      "Fait",
    );
    button.addEventListener("click", () => void acts.finish(planned.id, kind, label, done));
    return element("li", null, what, button);
  });
  return section("À faire", "tasks", element("ul", { className: "tasks" }, ...items));
}

/** @param {Context} context */
function actions(context) {
  const { actions: may, planned } = context.detail;
  /** @type {[string, string, () => unknown, string?][]} */
  const all = [
    ["deplacer", "Déplacer", () => acts.move(context)],
    ["reaffecter", "Réaffecter", () => acts.reassign(context)],
    ["appeler", "Noter un appel", () => acts.call(context)],
    [
      "presentiel",
      planned.in_person === "fixe" ? "Changer le présentiel" : "Fixer le présentiel",
      () => fixInPerson(context),
    ],
    ["annuler-presentiel", "Annuler le présentiel", () => giveUpInPerson(context), "warns"],
    ["annuler", "Annuler", () => acts.cancel(context), "warns"],
  ];
  const fixed = may.includes("presentiel") && planned.in_person === "fixe";
  const shown = all.filter(
    ([code]) => may.includes(code) || (fixed && code === "annuler-presentiel"),
  );
  if (!shown.length)
    return element("p", { className: "hint" }, "Ce télécontrôle ne peut plus être modifié.");
  const buttons = shown.map(([code, label, act, more = ""]) => {
    const button = element(
      "button",
      {
        type: "button",
        id: `act-${code}`,
        className: `button secondary ${more}`,
        "aria-haspopup": "dialog",
      },
      label,
    );
    button.addEventListener("click", () => void act());
    return button;
  });
  const group = element("div", { className: "acts" }, ...buttons);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Actions");
  return group;
}

/** @param {PlannedDetail} detail */
function needs({ planned }) {
  if (!planned.needs.length) return null;
  const items = planned.needs.map((need) => element("li", null, say.needLabel(need)));
  return section("Besoins déclarés", "needs", element("ul", null, ...items));
}

/** @param {Context} context */
function messages({ detail }) {
  const { planned } = detail;
  const sent = [...detail.messages].sort(
    (one, other) => Date.parse(one.due) - Date.parse(other.due),
  );
  const content = sent.length
    ? messageTable(sent, planned.timezone, { caption: `Messages de ${planned.assure}` })
    : element("p", { className: "hint" }, "Aucun message prévu.");
  return section("Messages", "messages", content);
}

/** @param {PlannedDetail} detail */
function history({ history: lines, planned }) {
  const items = lines.map(({ at, label, detail }) =>
    element(
      "li",
      null,
      element("time", { dateTime: at }, say.sayShort(at, planned.timezone)),
      element(
        "span",
        null,
        label,
        ...(detail ? [element("span", { className: "soft" }, ` ${detail}`)] : []),
      ),
    ),
  );
  return element(
    "details",
    { className: "history", id: "history" },
    element("summary", { id: "history-summary" }, `Historique (${lines.length})`),
    element("ol", null, ...items),
  );
}

/** The appointment before and the one after, when a date was moved. @param {Context} context */
function chain({ detail, router }) {
  /** @type {[string | null, string][]} */
  const both = [
    [detail.previous, "Rendez-vous d'avant"],
    [detail.next, "Rendez-vous qui le remplace"],
  ];
  const links = both
    .filter(([id]) => id)
    .map(([id, label]) => {
      const link = element("a", { href: router.href({ tc: id ?? "" }) }, label);
      link.dataset.tc = id ?? "";
      return element("li", null, link);
    });
  return links.length ? element("ul", { className: "chain" }, ...links) : null;
}
