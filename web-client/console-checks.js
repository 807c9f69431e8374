// What the médecin-conseil checks during the consultation: the identity, the need of an examination.

import { announce, byId, confirmDialog, post } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').IdentityCheck} IdentityCheck */

export class ChecksView {
  /** @type {Entry | null} */
  #entry = null;
  /** Id of the télécontrôle whose verification is being done again. */
  #again = "";

  /** @param {{ take: (entry: Entry) => void, fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    byId("identity").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#check(true);
    });
    byId("identity-no").addEventListener("click", async () => {
      const asked = this.#entry?.id;
      const confirmed = await confirmDialog(byId("identity-dialog", HTMLDialogElement));
      if (confirmed && this.#entry?.id === asked) await this.#check(false);
    });
    byId("identity-again").addEventListener("click", () => {
      this.#again = this.#entry?.id ?? "";
      if (this.#entry) this.render(this.#entry);
      byId("identity-mode").focus();
    });
    byId("exam").addEventListener("click", () => void this.#exam());
  }

  /** @param {Entry} entry */
  render(entry) {
    this.#entry = entry;
    const over = entry.phase === "ended" && Boolean(entry.arrived_at);
    const started = entry.phase === "admitted" || over || entry.identity || entry.clinical_exam;
    byId("checks").hidden = !started;
    const sealed = entry.outcome_version > 0;
    const asked = !entry.identity || this.#again === entry.id;
    this.#swap("identity", asked && !sealed, "identity-done", !asked || sealed);
    byId("identity-done").classList.toggle("not", entry.identity !== "verified");
    byId("identity-word").textContent =
      entry.identity === "verified"
        ? "Identité vérifiée"
        : entry.identity
          ? "Identité non confirmée"
          : "Identité non vérifiée";
    byId("identity-again").hidden = entry.phase !== "admitted";
    this.#swap("exam-ask", !entry.clinical_exam && !sealed, "exam-done", entry.clinical_exam);
  }

  /** Puts the cursor on the verification, asked or done. */
  focus() {
    byId(byId("identity").hidden ? "identity-done" : "identity-yes").focus();
  }

  /** Shows what is done in place of what was asked; the focus goes with it. @param {string} ask @param {boolean} asked @param {string} done @param {boolean} isDone */
  #swap(ask, asked, done, isDone) {
    const within = byId(ask).contains(document.activeElement);
    byId(ask).hidden = !asked;
    byId(done).hidden = !isDone;
    if (within && !asked) byId(isDone ? done : "side-title").focus();
  }

  /** @param {boolean} verified */
  async #check(verified) {
    const mode = /** @type {IdentityCheck['mode']} */ (
      byId("identity-mode", HTMLSelectElement).value
    );
    await this.#send(
      "identite",
      { mode, verified },
      verified ? "Identité vérifiée" : "Constat enregistré",
      () => {
        this.#again = "";
      },
    );
  }

  #exam() {
    return this.#send("examen-clinique", {}, "Rendez-vous en présentiel demandé");
  }

  /** @param {string} what @param {object} body @param {string} done @param {() => void} [then] */
  async #send(what, body, done, then) {
    const entry = this.#entry;
    const panel = byId("checks");
    if (!entry || panel.getAttribute("aria-busy") === "true") return;
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await post(`/api/console/telecontroles/${entry.id}/${what}`, body);
      then?.();
      this.actions.take(answer);
      announce(done);
    } catch (error) {
      this.actions.fail(error);
    } finally {
      panel.removeAttribute("aria-busy");
    }
  }
}
