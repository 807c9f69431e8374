// Why somebody cannot come, or did not: the reason, its document, and what a person decides.

import { announce, byId, confirmDialog, element, formatDate, formatTime, post } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Detail} Detail */
/** @typedef {import('./api').JustificationGiven} JustificationGiven */
/** @typedef {import('./api').DecisionForm['decision']} Decision */

/** @type {Record<Decision, { ask: string, then: string, done: string }>} */
const DECISIONS = {
  accepter: {
    ask: "Accepter la justification ?",
    then: "Le télécontrôle prend fin sans reproche et un rendez-vous en présentiel est demandé.",
    done: "Justification acceptée",
  },
  refuser: {
    ask: "Refuser la justification ?",
    then: "Le rendez-vous reste prévu. Cette décision ne se reprend pas.",
    done: "Justification refusée",
  },
};

/** @type {Record<string, string>} */
const TONES = { deposee: "warn", acceptee: "ok", refusee: "idle" };

export class JustificationsView {
  /** @type {Entry | null} */
  #entry = null;
  #shown = "";

  /** @param {{ take: (entry: Entry) => void, fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
  }

  /** @param {Entry} entry @param {Detail | undefined} detail @param {string} timezone */
  render(entry, detail, timezone) {
    this.#entry = entry;
    const given = detail?.justifications ?? [];
    const panel = byId("justifications");
    panel.hidden = !given.length;
    const key = JSON.stringify([entry.id, given]);
    if (key === this.#shown) return;
    this.#shown = key;
    const within = panel.contains(document.activeElement);
    byId("justification-list").replaceChildren(
      ...given.map((one) => this.#item(entry.id, one, timezone)),
    );
    if (within && given.length) byId("justifications-title").focus();
  }

  /** @param {string} id @param {JustificationGiven} one @param {string} timezone */
  #item(id, one, timezone) {
    const path = `/api/console/telecontroles/${id}/justifications/${one.id}`;
    const item = element(
      "li",
      null,
      element(
        "p",
        null,
        element("strong", null, one.reason),
        " ",
        element("span", { className: `chip ${TONES[one.state] ?? ""}` }, one.state_label),
      ),
      element(
        "p",
        { className: "hint" },
        `Déposée le ${formatDate(one.submitted, timezone)} à ${formatTime(one.submitted, timezone)}`,
        one.document ? "" : ", sans document",
      ),
    );
    if (one.document)
      item.append(
        element("p", null, element("a", { href: `${path}/piece`, download: "" }, "Télécharger le document")),
      );
    if (one.state === "deposee") item.append(this.#decisions(one.id));
    return item;
  }

  /** @param {string} one */
  #decisions(one) {
    const buttons = element("p", { className: "pair" });
    for (const [decision, label, style] of /** @type {[Decision, string, string][]} */ ([
      ["accepter", "Accepter", "button"],
      ["refuser", "Refuser", "button secondary"],
    ])) {
      const button = element("button", { type: "button", className: style }, label);
      button.addEventListener("click", () => void this.#decide(one, decision));
      buttons.append(button);
    }
    return buttons;
  }

  /** @param {string} one @param {Decision} decision */
  async #decide(one, decision) {
    const entry = this.#entry;
    const panel = byId("justifications");
    const { ask, then, done } = DECISIONS[decision];
    byId("justification-question").textContent = ask;
    byId("justification-consequence").textContent = then;
    const confirmed = await confirmDialog(byId("justification-dialog", HTMLDialogElement));
    if (!confirmed || !entry || panel.getAttribute("aria-busy") === "true") return;
    panel.setAttribute("aria-busy", "true");
    try {
      const path = `/api/console/telecontroles/${entry.id}/justifications/${one}/decision`;
      this.actions.take(await post(path, { decision }));
      announce(done);
    } catch (error) {
      this.actions.fail(error);
    } finally {
      panel.removeAttribute("aria-busy");
    }
  }
}
