// Planning by file: tried first, line by line, then planned once the agent has read the report.

import { announce, byId, element } from "./page.js";
import * as api from "./agent-api.js";
import { complain, words } from "./agent-form.js";
import { plural } from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').ImportReport} ImportReport */
/** @typedef {import('./agent-router.js').Router} Router */
/** @typedef {import('./api').LineReport} LineReport */

/** Of the lines that are fine, the report shows some; of the others, all. */
const SHOWN = 200;

export class ImportView {
  /** @type {File | null} */
  #file = null;
  /** @type {ImportReport | null} */
  #report = null;

  /**
   * @param {Router} router
   * @param {AgentSession} session
   * @param {() => void} applied the list is to be asked again
   */
  constructor(router, session, applied) {
    this.router = router;
    this.session = session;
    this.applied = applied;
    this.input = byId("import-file", HTMLInputElement);
    this.whole = byId("import-whole", HTMLInputElement);
    this.input.addEventListener("change", () => this.#choose(this.input.files?.[0]));
    this.whole.addEventListener("change", () => this.#decide());
    this.#listenToDrops();
    byId("import-apply").addEventListener("click", () => void this.#apply());
    byId("import-again").addEventListener("click", () => this.#again());
    byId("import-doctors").replaceChildren(
      ...this.#codes(session.doctors.map(({ id, name }) => [id, name])),
    );
    byId("import-contexts").replaceChildren(
      ...this.#codes(session.contexts.map(({ code, label }) => [code, label])),
    );
    byId("import-languages").replaceChildren(
      ...this.#codes(session.languages.map(({ code, label }) => [code, label])),
    );
  }

  /** @param {[string, string][]} codes */
  #codes(codes) {
    return codes.map(([code, label]) =>
      element("li", null, element("code", null, code), ` ${label}`),
    );
  }

  #listenToDrops() {
    const zone = byId("import-drop");
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.#choose(event.dataTransfer?.files[0]);
    });
  }

  /** @param {File | undefined} file */
  #choose(file) {
    complain(byId("import-errors"), "", []);
    if (!file) return;
    if (!/\.(csv|json)$/i.test(file.name)) return this.#fail("Choisissez un fichier CSV ou JSON.");
    this.#file = file;
    void this.#try();
  }

  /** @param {string} said */
  #fail(said) {
    complain(byId("import-errors"), "Le fichier n'est pas importé", [["import-file", said]]);
  }

  /** Nothing is planned: what would be. */
  async #try() {
    const file = this.#file;
    if (!file) return;
    byId("import-busy").textContent = `Vérification de «\u00a0${file.name}\u00a0»…`;
    try {
      const report = await api.importFile(file, { dry: true, whole: false });
      if (file === this.#file) this.#show(report);
    } catch (error) {
      this.#again();
      this.#fail(words(error));
    } finally {
      byId("import-busy").textContent = "";
    }
  }

  async #apply() {
    const file = this.#file;
    const button = byId("import-apply");
    if (!file || button.getAttribute("aria-busy") === "true") return;
    if (button.getAttribute("aria-disabled") === "true")
      return announce(byId("import-decision").textContent ?? "");
    button.setAttribute("aria-busy", "true");
    try {
      this.#show(await api.importFile(file, { dry: false, whole: this.whole.checked }));
      this.applied();
    } catch (error) {
      byId("import-decision").textContent = words(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  #again() {
    this.#file = this.#report = null;
    this.input.value = "";
    byId("import-report").hidden = true;
    byId("import-choose").hidden = false;
    this.input.focus();
  }

  /** @param {ImportReport} report */
  #show(report) {
    this.#report = report;
    byId("import-choose").hidden = true;
    byId("import-report").hidden = false;
    const name = this.#file?.name ?? "";
    byId("import-title").textContent = report.applied
      ? `${plural(report.accepted, "télécontrôle planifié", "télécontrôles planifiés")}`
      : `Vérification de «\u00a0${name}\u00a0»`;
    byId("import-accepted").textContent = plural(
      report.accepted,
      report.applied ? "ligne planifiée" : "ligne prête",
      report.applied ? "lignes planifiées" : "lignes prêtes",
    );
    byId("import-refused").textContent = plural(report.refused, "ligne refusée", "lignes refusées");
    byId("import-refused").className = `chip ${report.refused ? "danger" : "idle"}`;
    byId("import-lines").replaceChildren(...this.#lines(report));
    const download = byId("import-download", HTMLAnchorElement);
    URL.revokeObjectURL(download.href);
    download.href = blob(csv(reportLines(report)), "text/csv");
    byId("import-acts").hidden = report.applied;
    byId("import-again").textContent = report.applied
      ? "Importer un autre fichier"
      : "Choisir un autre fichier";
    this.#decide();
    byId("import-title").focus();
  }

  /** @param {ImportReport} report */
  #lines({ lines, applied }) {
    const refused = lines.filter(({ accepted }) => !accepted);
    const fine = lines.filter(({ accepted }) => accepted);
    const rows = [...refused, ...fine.slice(0, SHOWN)].map((one) =>
      lineRow(one, applied, this.router.href({ tc: one.id ?? "" })),
    );
    if (fine.length > SHOWN) {
      const more = `et ${plural(fine.length - SHOWN, "autre ligne", "autres lignes")} sans erreur`;
      rows.push(element("tr", null, element("td", { colSpan: 3, className: "soft" }, more)));
    }
    return rows;
  }

  /** What the button will do, and when it can't. */
  #decide() {
    const report = this.#report;
    if (!report || report.applied) return;
    const blocked = this.whole.checked && report.refused > 0;
    const none = report.accepted === 0;
    byId("import-apply").textContent =
      report.accepted === 1 ? "Planifier la ligne" : `Planifier les ${report.accepted} lignes`;
    byId("import-apply").setAttribute("aria-disabled", String(blocked || none));
    byId("import-decision").textContent = none
      ? "Aucune ligne ne peut être planifiée."
      : blocked
        ? "«\u00a0Tout ou rien\u00a0»\u00a0: corrigez d'abord les lignes refusées, ou décochez."
        : report.refused
          ? "Les lignes refusées ne seront pas planifiées\u00a0: corrigez-les, puis importez-les à part."
          : "Les convocations partiront aussitôt.";
  }
}

/**
 * @param {LineReport} report
 * @param {boolean} applied
 * @param {string} href of its télécontrôle, once it is planned
 */
function lineRow({ line, id, accepted, errors }, applied, href) {
  const said = errors.map(({ field, message }) =>
    element("li", null, ...(field ? [element("code", null, field), " "] : []), message),
  );
  const chip = element(
    "span",
    { className: `chip ${accepted ? "ok" : "danger"}` },
    element("span", { "aria-hidden": "true" }, accepted ? "✓" : "✕"),
    !accepted ? "Refusée" : applied ? "Planifiée" : "Prête",
  );
  const detail = element("td", null);
  if (said.length) detail.append(element("ul", { className: "plain" }, ...said));
  if (applied && id) {
    const link = element("a", { href }, `Ouvrir la ligne ${line}`);
    link.dataset.tc = id;
    detail.append(link);
  }
  return element(
    "tr",
    null,
    element("th", { scope: "row" }, String(line)),
    element("td", null, chip),
    detail,
  );
}

/** @param {ImportReport} report */
const reportLines = ({ lines }) => [
  ["ligne", "acceptee", "identifiant", "champ", "code", "message"],
  ...lines.flatMap(({ line, accepted, id, errors }) =>
    (errors.length ? errors : [{ field: "", code: "", message: "" }]).map((wrong) => [
      String(line),
      accepted ? "oui" : "non",
      id ?? "",
      wrong.field,
      wrong.code,
      wrong.message,
    ]),
  ),
];

/** Semicolons and a byte order mark: what French spreadsheets open as it is. @param {string[][]} rows */
const csv = (rows) => `\ufeff${rows.map((cells) => cells.map(quoted).join(";")).join("\r\n")}\r\n`;

/** A cell that begins like a formula is not one. @param {string} cell */
function quoted(cell) {
  const safe = /^[=+\-@\t]/.test(cell) ? `'${cell}` : cell;
  return /[";\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {string} content @param {string} type */
const blob = (content, type) => URL.createObjectURL(new Blob([content], { type }));
