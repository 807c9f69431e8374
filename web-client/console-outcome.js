// The outcome: what the facts propose, what the médecin-conseil decides, and its sealed versions.

import { ApiError, announce, byId, element, formatDate, formatTime, post } from "./page.js";
import { isOver } from "./console-state.js";

/** @typedef {import('./api').Detail} Detail */
/** @typedef {import('./api').Condition} Condition */
/** @typedef {import('./api').Outcome} Outcome */
/** @typedef {import('./api').OutcomeForm} OutcomeForm */

/** The names of the form's fields are those of the API: a refusal points to one of them. */
const FIELDS = /** @type {const} */ ([
  "qualification",
  "conclusion",
  "date",
  "category",
  "sequelae",
  "announced",
  "announced_at",
  "early_reason",
  "correction_reason",
]);
/** @typedef {typeof FIELDS[number]} Field */

/** @type {Record<Field, string>} */
const MISSING = {
  qualification: "Choisissez la qualification de la présence",
  conclusion: "Choisissez une conclusion",
  date: "Indiquez la date d'effet",
  category: "Choisissez la catégorie d'invalidité",
  sequelae: "Indiquez s'il y a des séquelles",
  announced: "Indiquez si vous avez annoncé ce résultat à l'assuré",
  announced_at: "Indiquez à quelle heure vous avez annoncé ce résultat",
  early_reason: "Choisissez pourquoi vous n'attendez pas la fin du délai de grâce",
  correction_reason: "Choisissez le motif de la correction",
};
const UNJUSTIFIED = "absence_injustifiee";
const DOCTOR_ABSENT = "medecin_absent";

/** The element that stands for a field; for a group, its first choice. @param {Field} field */
function control(field) {
  const group = document.querySelector(`#field-${field} input[type="radio"]`);
  return /** @type {HTMLElement} */ (group ?? byId(`outcome-${field}`));
}

/** The choices of a list, none of them made. @param {Field} field @param {string} none @param {import('./api').Choice[]} choices */
function offer(field, none, choices) {
  byId(`outcome-${field}`).replaceChildren(
    element("option", { value: "" }, none),
    ...choices.map(({ code, label }) => element("option", { value: code }, label)),
  );
}

export class OutcomeView {
  /** @type {Detail | null} */
  #detail = null;
  /** What was typed and not recorded yet, by télécontrôle; kept in memory only. @type {Map<string, Record<string, string>>} */
  #drafts = new Map();
  /** Id of the télécontrôle whose sealed outcome is being corrected. */
  #correcting = "";
  #options = "";
  #conditions = "";

  /** @param {{ recorded: (entry: Detail['entry']) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    this.form = byId("outcome-form", HTMLFormElement);
    this.form.addEventListener("input", () => this.#typed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    byId("correct").addEventListener("click", () => {
      this.#correcting = this.#detail?.entry.id ?? "";
      this.#render();
      byId("outcome-correction_reason").focus();
    });
    byId("correct-cancel").addEventListener("click", () => {
      this.#correcting = "";
      this.#drafts.delete(this.#detail?.entry.id ?? "");
      this.#options = "";
      this.#render();
      byId("correct").focus();
    });
  }

  /** @param {Detail} detail @param {number} now @param {string} timezone */
  render(detail, now, timezone) {
    const same = detail.entry.id === this.#detail?.entry.id;
    if (!same) this.#fail([]);
    // What was signed a moment ago is not taken back by an answer that left before it.
    const known = (same && this.#detail?.outcomes) || [];
    const outcomes = known.length > detail.outcomes.length ? known : detail.outcomes;
    this.#detail = { ...detail, outcomes };
    this.now = now;
    this.timezone = timezone;
    this.#render();
  }

  #render() {
    const detail = this.#detail;
    if (!detail) return;
    const { entry, outcomes, outcome_blocked } = detail;
    const last = outcomes.at(-1);
    const correcting = Boolean(last) && this.#correcting === entry.id;
    const open = Boolean(entry.admitted_at) || isOver(entry, this.now ?? 0) || !outcome_blocked;
    const shown = correcting || (!last && open);
    byId("outcome-later").hidden = open || Boolean(last);
    byId("sealed").hidden = !last;
    if (last) this.#seal(last, outcomes.slice(0, -1));
    this.#follow(detail, last);
    byId("correct").hidden = correcting;
    if (this.form.contains(document.activeElement) && !shown) byId("outcome-title").focus();
    this.form.hidden = !shown;
    if (shown) this.#fill(detail, correcting ? last : undefined);
  }

  /** @param {Detail} detail @param {Outcome} [corrected] */
  #fill(detail, corrected) {
    const { entry, proposal, outcome_blocked } = detail;
    this.#offer(detail, corrected);
    byId("proposal-label").textContent = proposal.label;
    byId("proposal-reasons").replaceChildren(
      ...proposal.reasons.map((reason) => element("li", null, reason)),
    );
    byId("field-correction_reason").hidden = !corrected;
    byId("correct-cancel").hidden = !corrected;
    byId("outcome-blocked").textContent = outcome_blocked;
    byId("outcome-blocked").hidden = !outcome_blocked;
    byId("record").setAttribute("aria-disabled", String(Boolean(outcome_blocked)));
    // Untouched, the choice follows the proposal as facts come in; touched, it is the person's.
    if (!this.#drafts.has(entry.id) && !corrected)
      this.#set("qualification", proposal.qualification);
    this.#reveal();
  }

  /** The choices, written once per télécontrôle; then what was typed there. @param {Detail} detail @param {Outcome} [corrected] */
  #offer(detail, corrected) {
    const { entry, proposal, qualifications, conclusions } = detail;
    const key = JSON.stringify([
      entry.id,
      qualifications,
      conclusions,
      proposal.qualification,
      corrected?.version,
    ]);
    if (key === this.#options) return;
    this.#options = key;
    const active = document.activeElement;
    byId("qualifications").replaceChildren(
      ...qualifications.map(({ code, label }) => {
        const proposed = code === proposal.qualification;
        const input = element("input", {
          type: "radio",
          name: "qualification",
          value: code,
          id: `qualification-${code}`,
        });
        const words = element("span", null, label);
        if (proposed) words.append(" ", element("span", { className: "proposed" }, "proposé"));
        return element("label", { className: "choice" }, input, words);
      }),
    );
    offer("conclusion", "Choisir une conclusion", conclusions);
    offer("correction_reason", "Choisir un motif", detail.correction_reasons);
    offer("early_reason", "Choisir un motif", detail.early_reasons);
    const before = corrected && {
      qualification: corrected.qualification,
      conclusion: corrected.conclusion,
      date: corrected.date ?? "",
      category: String(corrected.category ?? ""),
      sequelae: corrected.sequelae === null ? "" : corrected.sequelae ? "yes" : "no",
      announced: corrected.announced === null ? "" : corrected.announced ? "yes" : "no",
      announced_at: onTheClock(corrected.announced_at, this.timezone),
    };
    const values = this.#drafts.get(entry.id) ?? before ?? {};
    for (const field of FIELDS)
      this.#set(field, /** @type {Record<string, string>} */ (values)[field] ?? "");
    if (active instanceof HTMLElement && active.id && !active.isConnected) {
      document.getElementById(active.id)?.focus();
    }
  }

  /** @param {Field} field @param {string} value */
  #set(field, value) {
    const item = this.form.elements.namedItem(field);
    if (item instanceof RadioNodeList) {
      for (const radio of item) /** @type {HTMLInputElement} */ (radio).checked = false;
    }
    if (item && "value" in item) item.value = value;
    // A group of one choice is not a list.
    if (item instanceof HTMLInputElement && item.type === "radio") {
      item.value = item.defaultValue;
      item.checked = item.defaultValue === value;
    }
  }

  #values() {
    return /** @type {Record<string, string>} */ (
      Object.fromEntries(new FormData(this.form).entries())
    );
  }

  #typed() {
    if (this.#detail) this.#drafts.set(this.#detail.entry.id, this.#values());
    this.#reveal();
  }

  /** Which fields the present choices ask for. @returns {Set<Field>} */
  #asked() {
    const { qualification, conclusion } = this.#values();
    const detail = this.#detail;
    const chosen = [
      detail?.conclusions.find(({ code }) => code === conclusion),
      detail?.qualifications.find(({ code }) => code === qualification),
    ];
    /** @type {Set<Field>} */
    const asked = new Set(["qualification", "conclusion"]);
    for (const field of /** @type {const} */ (["date", "category", "sequelae"])) {
      if (chosen.some((choice) => choice?.[field])) asked.add(field);
    }
    const told = chosen.some((choice) => choice?.announcement);
    if (told) asked.add("announced");
    if (told && this.#values().announced === "yes") asked.add("announced_at");
    if (detail?.outcomes.length) asked.add("correction_reason");
    if (this.#isEarly()) asked.add("early_reason");
    return asked;
  }

  /** Nobody came, and the grace is not over. */
  #isEarly() {
    const { absence, outcomes } = this.#detail ?? {};
    return Boolean(absence && !outcomes?.length && (this.now ?? 0) < Date.parse(absence.grace_ends));
  }

  #reveal() {
    const asked = this.#asked();
    for (const field of /** @type {const} */ (["date", "category", "sequelae", "announced", "announced_at", "early_reason"])) {
      byId(`field-${field}`).hidden = !asked.has(field);
    }
    this.#require(this.#detail?.absence_conditions ?? []);
  }

  /** What an unjustified absence supposes, told before it is asked for. @param {Condition[]} conditions */
  #require(conditions) {
    const chosen = this.#values().qualification === UNJUSTIFIED;
    const missing = conditions.filter(({ met }) => !met).length;
    const key = JSON.stringify(chosen && conditions);
    if (key === this.#conditions) return;
    this.#conditions = key;
    byId("conditions").hidden = !chosen;
    byId("conditions").classList.toggle("missing", missing > 0);
    byId("conditions-word").textContent = missing
      ? "Cette absence ne peut pas encore être dite injustifiée :"
      : "Toutes les conditions sont réunies :";
    byId("conditions-list").replaceChildren(
      ...conditions.map(({ label, met }) =>
        element(
          "li",
          { className: met ? "met" : "unmet" },
          label,
          element("span", { className: "unseen" }, met ? " : oui" : " : non"),
        ),
      ),
    );
  }

  /** What leaves by itself after the outcome. @param {Detail} detail @param {Outcome} [last] */
  #follow({ entry, next_appointment: next }, last) {
    const late = last?.qualification === DOCTOR_ABSENT;
    const waits = late && entry.outcome_version >= last.version && !entry.in_person;
    let words = "";
    if (late && next) {
      const { start, timezone } = next;
      words = `Excuses envoyées, nouveau rendez-vous le ${formatDate(start, timezone)} à ${formatTime(start, timezone)}.`;
    } else if (waits) words = "Aucun créneau libre : un agent donnera une nouvelle date à l'assuré.";
    byId("sealed-next").hidden = !words;
    if (byId("sealed-next").textContent !== words) byId("sealed-next").textContent = words;
  }

  async #submit() {
    const detail = this.#detail;
    const button = byId("record");
    if (!detail || button.getAttribute("aria-busy") === "true") return;
    if (detail.outcome_blocked) return announce(detail.outcome_blocked);
    const asked = this.#asked();
    const values = this.#values();
    const missing = FIELDS.filter((field) => asked.has(field) && !values[field]?.trim());
    if (missing.length)
      return this.#fail(
        missing.map((field) => [field, MISSING[field]]),
        true,
      );
    const { entry } = detail;
    /** @param {Field} field */
    const value = (field) => (asked.has(field) && values[field]) || null;
    /** @type {OutcomeForm} */
    const body = {
      qualification: values.qualification ?? "",
      conclusion: values.conclusion ?? "",
      date: value("date"),
      category: value("category") ? Number(value("category")) : null,
      sequelae: value("sequelae") ? value("sequelae") === "yes" : null,
      announced: value("announced") ? value("announced") === "yes" : null,
      announced_at: value("announced_at"),
      correction_reason: value("correction_reason"),
      early_reason: value("early_reason"),
    };
    button.setAttribute("aria-busy", "true");
    try {
      /** @type {Outcome} */
      const sealed = await post(`/api/console/telecontroles/${entry.id}/issue`, body);
      this.#recorded(entry, sealed);
    } catch (error) {
      if (this.#detail?.entry.id !== entry.id) return;
      const field =
        error instanceof ApiError ? FIELDS.find((one) => one === error.field) : undefined;
      this.#fail([[field ?? null, error instanceof Error ? error.message : ""]], true);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** @param {Detail['entry']} entry @param {Outcome} sealed */
  #recorded(entry, sealed) {
    this.#drafts.delete(entry.id);
    this.#correcting = "";
    announce(`Issue enregistrée et scellée, version ${sealed.version}`);
    if (this.#detail?.entry.id === entry.id) {
      const outcomes = this.#detail.outcomes.filter(({ version }) => version !== sealed.version);
      this.#detail = { ...this.#detail, outcomes: [...outcomes, sealed] };
      this.#fail([]);
      this.#options = "";
      this.#render();
      byId("sealed-title").focus();
    }
    this.actions.recorded(entry);
  }

  /** The summary of errors, and each one at its field. @param {[Field | null, string][]} problems @param {boolean} [focus] */
  #fail(problems, focus = false) {
    for (const field of FIELDS) {
      const words = problems.find(([name]) => name === field)?.[1] ?? "";
      byId(`error-${field}`).textContent = words;
      byId(`error-${field}`).hidden = !words;
      if (words) control(field).setAttribute("aria-invalid", "true");
      else if (byId(`field-${field}`).querySelector("input, select, textarea"))
        control(field).removeAttribute("aria-invalid");
    }
    byId("outcome-problems").replaceChildren(
      ...problems.map(([field, words]) => {
        if (!field) return element("li", null, words);
        const link = element("a", { href: `#${control(field).id}` }, words);
        link.addEventListener("click", (event) => {
          event.preventDefault();
          control(field).focus();
        });
        return element("li", null, link);
      }),
    );
    byId("outcome-errors").hidden = !problems.length;
    if (focus) byId("outcome-errors").focus();
  }

  /** @param {Outcome} outcome @param {Outcome[]} before */
  #seal(outcome, before) {
    byId("sealed-title").textContent = `Issue scellée, version ${outcome.version}`;
    byId("sealed-facts").replaceChildren(
      ...facts(outcome, this.timezone).map(([term, value]) =>
        element("div", null, element("dt", null, term), element("dd", null, value)),
      ),
    );
    byId("sealed-signed").textContent =
      `Signée par ${outcome.signed_by}, ${this.#when(outcome.signed_at)}`;
    byId("sealed-before").hidden = !before.length;
    byId("sealed-versions").replaceChildren(
      ...before.map((old) =>
        element(
          "li",
          { value: old.version },
          `${facts(old, this.timezone)
            .map(([, value]) => value)
            .join(", ")}. `,
          element("span", { className: "hint" }, `${old.signed_by}, ${this.#when(old.signed_at)}`),
        ),
      ),
    );
  }

  /** @param {string} at */
  #when(at) {
    return `le ${formatDate(at, this.timezone)} à ${formatTime(at, this.timezone)}`;
  }
}

/** « 09:05 », as a field of hours takes it. @param {string | null} at @param {string} [timezone] */
const onTheClock = (at, timezone) =>
  at ? formatTime(at, timezone).replace(/\D+/, ":").padStart(5, "0") : "";

/** An outcome as lines of words. @param {Outcome} outcome @param {string} [timezone] @returns {[string, string][]} */
function facts({
  qualification_label,
  conclusion_label,
  date,
  category,
  sequelae,
  announced,
  announced_at,
  correction_label,
  early_label,
}, timezone) {
  /** @type {[string, string][]} */
  const lines = [
    ["Présence", qualification_label],
    ["Conclusion", conclusion_label],
  ];
  if (date)
    lines.push([
      "Date d'effet",
      new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeZone: "UTC" }).format(
        new Date(date),
      ),
    ]);
  if (category) lines.push(["Catégorie", String(category)]);
  if (sequelae !== null) lines.push(["Séquelles", sequelae ? "avec séquelles" : "sans séquelles"]);
  if (announced !== null) {
    const at = announced_at ? ` à ${formatTime(announced_at, timezone)}` : "";
    lines.push(["Résultat annoncé", announced ? `oui${at}` : "non"]);
  }
  if (early_label) lines.push(["Fin avant le délai", early_label]);
  if (correction_label) lines.push(["Motif de la correction", correction_label]);
  return lines;
}
