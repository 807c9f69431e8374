// Nobody came: since when, until when there is to wait, and each attempt to phone.

import { announce, byId, element, formatTime, post } from "./page.js";
import { duration, waits } from "./console-state.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Detail} Detail */
/** @typedef {import('./api').Absence} Absence */

export class AbsenceView {
  /** @type {Entry | null} */
  #entry = null;
  #offered = "";
  #listed = "";

  /** @param {{ take: (entry: Entry) => void, fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
  }

  /** @param {Entry} entry @param {Detail | undefined} detail @param {number} now @param {string} timezone */
  render(entry, detail, now, timezone) {
    this.#entry = entry;
    const absence = detail?.absence;
    const shown = Boolean(absence) && !waits(entry) && now >= Date.parse(entry.start);
    const panel = byId("absence");
    if (!shown && panel.contains(document.activeElement)) byId("side-title").focus();
    panel.hidden = !shown;
    if (!absence || !shown) return;
    byId("absence-since").textContent = since(entry, absence, now, timezone);
    byId("absence-phone-line").hidden = !absence.phone;
    const phone = byId("absence-phone", HTMLAnchorElement);
    phone.textContent = absence.phone;
    phone.href = `tel:${absence.phone.replace(/\s/g, "")}`;
    this.#offer(absence);
    this.#list(absence, timezone);
  }

  /** @param {Absence} absence */
  #offer({ results }) {
    const key = JSON.stringify(results);
    if (key === this.#offered) return;
    this.#offered = key;
    byId("absence-results").replaceChildren(
      ...results.map(({ code, label }) => {
        const button = element("button", { type: "button", className: "button secondary" }, label);
        button.addEventListener("click", () => void this.#called(code, label));
        return button;
      }),
    );
  }

  /** @param {Absence} absence @param {string} timezone */
  #list({ attempts }, timezone) {
    const key = JSON.stringify([this.#entry?.id, attempts]);
    if (key === this.#listed) return;
    this.#listed = key;
    byId("absence-none").hidden = attempts.length > 0;
    byId("absence-attempts").replaceChildren(
      ...attempts.map(({ at, result, by }) =>
        element(
          "li",
          null,
          element("time", { dateTime: at }, formatTime(at, timezone)),
          ` ${result}${by === "caisse" ? " (appel de la caisse)" : ""}`,
        ),
      ),
    );
  }

  /** @param {string} result @param {string} label */
  async #called(result, label) {
    const entry = this.#entry;
    const panel = byId("absence");
    if (!entry || panel.getAttribute("aria-busy") === "true") return;
    panel.setAttribute("aria-busy", "true");
    try {
      this.actions.take(await post(`/api/console/telecontroles/${entry.id}/appels`, { result }));
      announce(`Appel noté : ${label}`);
    } catch (error) {
      this.actions.fail(error);
    } finally {
      panel.removeAttribute("aria-busy");
    }
  }
}

/** @param {Entry} entry @param {Absence} absence @param {number} now @param {string} timezone */
function since(entry, { grace_ends }, now, timezone) {
  const passed = `L'heure du rendez-vous est passée depuis ${duration(now - Date.parse(entry.start))}.`;
  const left = Date.parse(grace_ends) - now;
  if (left <= 0) return `${passed} Le délai de grâce est terminé.`;
  return `${passed} Délai de grâce jusqu'à ${formatTime(grace_ends, timezone)}, encore ${duration(left)}.`;
}
