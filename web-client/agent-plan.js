// Planning one télécontrôle: a short form, the free slots beside it, and what is refused said at its field.

import { ApiError, byId } from "./page.js";
import * as api from "./agent-api.js";
import { chosen } from "./agent-actions.js";
import { byName, complain, fill, words } from "./agent-form.js";
import { SlotPicker } from "./agent-slots.js";
import { sayInstant } from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').Planned} Planned */
/** @typedef {import('./agent-form.js').Wrong} Wrong */

const REFUSED = "Le télécontrôle n'est pas planifié";

/** The form's controls, by the names that the API gives them. */
const FIELDS = /** @type {const} */ ([
  "civility",
  "name",
  "reference",
  "mail",
  "phone",
  "address",
  "language",
  "context",
  "doctor",
  "minutes",
]);

/** @type {Record<string, string>} */
const MISSING = {
  name: "Indiquez le nom de l'assuré",
  context: "Choisissez l'objet du contrôle",
  doctor: "Choisissez un médecin-conseil",
};

export class PlanView {
  /** @param {AgentSession} session @param {(planned: Planned, said: string) => void} planned */
  constructor(session, planned) {
    this.planned = planned;
    this.form = byId("plan", HTMLFormElement);
    this.errors = byId("plan-errors");
    const doctor = byId("plan-doctor", HTMLSelectElement);
    fill(doctor, byName(session.doctors), "Choisir");
    fill(byId("plan-context", HTMLSelectElement), session.contexts, "Choisir");
    const known = "Celle déjà connue, sinon le français";
    fill(byId("plan-language", HTMLSelectElement), session.languages, known);
    const minutes = byId("plan-minutes", HTMLInputElement);
    minutes.value = String(session.slot_minutes);
    this.picker = new SlotPicker({
      id: "plan",
      doctor: () => doctor.value,
      doctorName: () => chosen(doctor),
      minutes: () => (minutes.validity.valid ? Number(minutes.value) : 0),
      from: session.first_date,
    });
    byId("plan-when").replaceChildren(this.picker.node);
    for (const control of [doctor, minutes])
      control.addEventListener("change", () => void this.picker.load());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  show() {
    void this.picker.load();
  }

  #values() {
    return /** @type {Record<string, string>} */ (
      Object.fromEntries(
        FIELDS.map((name) => {
          const control = /** @type {HTMLInputElement} */ (byId(`plan-${name}`));
          return [name, control.value.trim()];
        }),
      )
    );
  }

  /** @param {Record<string, string>} values @returns {Wrong[]} */
  #missing(values) {
    /** @type {Wrong[]} */
    const wrong = Object.entries(MISSING)
      .filter(([name]) => !values[name])
      .map(([name, said]) => [`plan-${name}`, said]);
    if (!values.mail && !values.phone && !values.address)
      wrong.push(["plan-mail", "Indiquez un courriel, un téléphone ou une adresse postale"]);
    return [...wrong, ...this.picker.missing()];
  }

  async #submit() {
    const button = byId("plan-submit");
    if (button.getAttribute("aria-busy") === "true") return;
    const values = this.#values();
    const missing = this.#missing(values);
    if (missing.length) return complain(this.errors, REFUSED, missing);
    button.setAttribute("aria-busy", "true");
    try {
      const { civility, name, context, doctor, mail, phone, address, language, reference } =
        /** @type {Record<typeof FIELDS[number], string>} */ (values);
      const planned = await api.plan({
        civility,
        name,
        context,
        doctor,
        start: this.picker.value,
        mail,
        phone,
        address,
        language,
        reference,
        minutes: Number(values.minutes) || null,
      });
      this.#reset();
      this.planned(
        planned,
        `Planifié\u00a0: ${planned.assure}, ${sayInstant(planned.start, planned.timezone)}.`,
      );
    } catch (error) {
      const refusal = error instanceof ApiError ? error : null;
      const help = refusal
        ? await this.picker
            .help(refusal, "Planifier", () => this.form.requestSubmit())
            .catch(() => [])
        : [];
      complain(this.errors, REFUSED, [[refusal && this.#at(refusal), words(error)]], ...help);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** @param {ApiError} error */
  #at(error) {
    const named = FIELDS.find((name) => name === error.field);
    return named ? `plan-${named}` : this.picker.at(error);
  }

  /** The person goes; the médecin-conseil and the object stay for the next one. */
  #reset() {
    complain(this.errors, "", []);
    for (const name of ["name", "reference", "mail", "phone", "address", "language"])
      /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(`plan-${name}`)).value = "";
    this.picker.value = "";
    this.picker.forget();
  }
}
