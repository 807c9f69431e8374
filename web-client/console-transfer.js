// An assuré is handed over to a colleague: to whom, and why, each from a list.

import { announce, byId, confirmDialog, element, get, post } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Colleague} Colleague */
/** @typedef {import('./api').TransferChoices} TransferChoices */

/** Nobody came yet, or somebody waits. */
const BEFORE = ["convoque", "accuse", "rappele", "en_attente"];

/** « en consultation, 2 personnes attendent ». @param {Colleague} one */
function busy({ online, in_call, waiting }) {
  if (!online) return "console fermée";
  const call = in_call ? "en consultation" : "disponible";
  if (!waiting) return call;
  return `${call}, ${waiting === 1 ? "une personne attend" : `${waiting} personnes attendent`}`;
}

export class TransferView {
  /** @type {Entry | null} */
  #entry = null;

  /** @param {{ fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    byId("transfer-open").addEventListener("click", () => void this.#ask());
  }

  /** @param {Entry} entry */
  render(entry) {
    this.#entry = entry;
    byId("transfer").hidden = !BEFORE.includes(entry.status);
  }

  async #ask() {
    const entry = this.#entry;
    const button = byId("transfer-open");
    if (!entry || button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      /** @type {TransferChoices} */
      const choices = await get(`/api/console/telecontroles/${entry.id}/transfert`);
      this.#fill(entry, choices);
      if (await confirmDialog(byId("transfer-dialog", HTMLDialogElement))) await this.#give(entry);
    } catch (error) {
      this.actions.fail(error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  /** @param {Entry} entry @param {TransferChoices} choices */
  #fill(entry, { colleagues, online_only, reasons }) {
    const able = colleagues.filter(({ online }) => online || !online_only);
    byId("transfer-text").textContent = online_only
      ? `${entry.assure_name} garde sa place, son attente continue et l'écran dit qui va recevoir.`
      : "L'heure ne change pas : aucun message ne part.";
    byId("transfer-none").hidden = able.length > 0;
    byId("transfer-fields").hidden = byId("transfer-confirm").hidden = !able.length;
    byId("transfer-doctor").replaceChildren(
      ...able.map((one) => element("option", { value: one.id }, `${one.name} (${busy(one)})`)),
    );
    byId("transfer-reason").replaceChildren(
      ...reasons.map(({ code, label }) => element("option", { value: code }, label)),
    );
  }

  /** @param {Entry} entry */
  async #give(entry) {
    const doctor = byId("transfer-doctor", HTMLSelectElement);
    const reason = byId("transfer-reason", HTMLSelectElement).value;
    const name = doctor.selectedOptions[0]?.textContent?.replace(/ \(.*/, "") ?? "";
    await post(`/api/console/telecontroles/${entry.id}/transfert`, { doctor: doctor.value, reason });
    announce(`Rendez-vous confié à ${name}`);
    byId("day-title").focus();
  }
}
