// A médecin-conseil who will be away: said once, then each appointment concerned given to a colleague.

import { ApiError, announce, byId, element } from "./page.js";
import * as api from "./agent-api.js";
import { chosen } from "./agent-actions.js";
import { ask, byName, complain, fill, words } from "./agent-form.js";
import { STANDING, localOf, plural, sayInstant, sayLocal } from "./agent-words.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').Planned} Planned */
/** @typedef {import('./agent-router.js').Router} Router */

const REFUSED = "L'absence n'est pas enregistrée";
/** Its colleague, hour and site are chosen together, and the assuré is told. */
const TO_CHANGE = () =>
  element(
    "p",
    null,
    "À changer depuis la fiche\u00a0: autre date ou autre médecin-conseil, l'assuré est prévenu.",
  );

export class AbsencesView {
  /** @type {{ doctor: string, start: string, end: string } | null} */
  #absence = null;
  /** What is on screen: the same again is not drawn again, under somebody's hands. */
  #drawn = "";

  /** @param {Router} router @param {AgentSession} session @param {() => void} changed */
  constructor(router, session, changed) {
    this.router = router;
    this.session = session;
    this.changed = changed;
    const doctor = byId("absence-doctor", HTMLSelectElement);
    fill(doctor, byName(session.doctors), "Choisir");
    doctor.addEventListener("change", () => void this.#known());
    byId("absence").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#declare();
    });
    byId("absence-list").addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest("a[data-tc]");
      if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      router.go({ tc: link.dataset.tc ?? "" });
    });
  }

  /** What is on screen follows what was done in the panel. */
  async refresh() {
    if (this.#absence) await this.#show();
  }

  /** The absences of who is chosen: what a colleague has entered, and what was entered by mistake. */
  async #known() {
    const select = byId("absence-doctor", HTMLSelectElement);
    const doctor = select.value;
    const list = doctor ? await api.absences(doctor).catch(() => null) : null;
    if (doctor === select.value) this.#drawKnown(doctor, list);
  }

  /** @param {string} doctor @param {import('./api').AbsenceList | null} list */
  #drawKnown(doctor, list) {
    byId("absence-known").hidden = !list;
    if (!list) return;
    byId("absence-known-none").textContent = list.items.length ? "" : "Aucune absence n'est enregistrée.";
    byId("absence-known-list").replaceChildren(
      ...list.items.map(({ id, start, end }) => {
        const say = (/** @type {string} */ at) => sayLocal(localOf(at, list.timezone));
        const span = `du ${say(start)} au ${say(end)}`;
        const remove = element(
          "button",
          { type: "button", className: "button quiet", "aria-label": `Supprimer l'absence ${span}` },
          "Supprimer",
        );
        remove.addEventListener("click", () => void this.#remove(doctor, id, span));
        return element("li", null, element("p", null, span), remove);
      }),
    );
  }

  /** @param {string} doctor @param {string} id @param {string} span */
  async #remove(doctor, id, span) {
    const removed = await ask({
      title: "Supprimer cette absence ?",
      content: [
        element("p", null, `${chosen(byId("absence-doctor", HTMLSelectElement))}, ${span}.`),
        element("p", null, "Des rendez-vous sont de nouveau proposés pendant ce temps. Ceux qui ont été réaffectés le restent."),
      ],
      confirm: "Supprimer l'absence",
      dismiss: "Garder l'absence",
      danger: true,
      submit: async () => {
        this.#drawKnown(doctor, await api.hereAgain(doctor, id));
        announce("Absence supprimée.");
      },
    });
    // What opened the question has gone.
    if (removed) byId("absence-known-title").focus();
  }

  async #declare() {
    const doctor = byId("absence-doctor", HTMLSelectElement);
    const start = byId("absence-start", HTMLInputElement).value.slice(0, 16);
    const end = byId("absence-end", HTMLInputElement).value.slice(0, 16);
    const errors = byId("absence-errors");
    /** @type {import('./agent-form.js').Wrong[]} */
    const wrong = [];
    if (!doctor.value) wrong.push(["absence-doctor", "Choisissez un médecin-conseil"]);
    if (!start) wrong.push(["absence-start", "Indiquez le début"]);
    if (!end) wrong.push(["absence-end", "Indiquez la fin"]);
    else if (start && end <= start) wrong.push(["absence-end", "La fin vient après le début"]);
    complain(errors, REFUSED, wrong);
    if (wrong.length) return;
    try {
      await api.absent(doctor.value, { start, end });
    } catch (error) {
      const at =
        error instanceof ApiError && ["start", "end"].includes(error.field ?? "")
          ? `absence-${error.field}`
          : null;
      return complain(errors, REFUSED, [[at, words(error)]]);
    }
    this.#absence = { doctor: doctor.value, start, end };
    byId("absence-title").textContent =
      `${chosen(doctor)}, absence du ${sayLocal(start)} au ${sayLocal(end)}`;
    byId("absence-result").hidden = false;
    void this.#known();
    await this.#show();
    byId("absence-title").focus();
  }

  /** By video, as long as nobody has come, or in person. @returns {Promise<Planned[]>} */
  async #concerned() {
    if (!this.#absence) return [];
    const { items } = await api.during(this.#absence.doctor, this.#absence);
    return items.filter(({ state, in_person_start }) => STANDING.has(state) || in_person_start);
  }

  async #show() {
    const list = byId("absence-list");
    try {
      const concerned = await this.#concerned();
      const drawn = JSON.stringify([this.#absence, concerned]);
      if (drawn === this.#drawn) return;
      this.#drawn = drawn;
      const focused = list.contains(document.activeElement);
      byId("absence-count").textContent = concerned.length
        ? `${plural(concerned.length, "rendez-vous à réaffecter ou à déplacer", "rendez-vous à réaffecter ou à déplacer")}`
        : "Absence enregistrée. Aucun rendez-vous n'est concerné.";
      list.replaceChildren(...concerned.map((planned) => this.#item(planned)));
      if (focused) (list.querySelector("select") ?? byId("absence-title")).focus();
    } catch (error) {
      byId("absence-count").textContent = words(error);
    }
  }

  /** @param {Planned} planned */
  #item(planned) {
    const byVideo = STANDING.has(planned.state);
    const start = byVideo ? planned.start : (planned.in_person_start ?? planned.start);
    const when = sayInstant(start, planned.timezone);
    const link = element("a", { href: this.router.href({ tc: planned.id }) }, planned.assure);
    link.dataset.tc = planned.id;
    const title = element(
      "p",
      null,
      element("strong", null, link),
      element("span", { className: "soft" }, ` ${when}${byVideo ? "" : ", en présentiel"}`),
    );
    return element("li", null, title, ...(byVideo ? this.#give(planned, when) : [TO_CHANGE()]));
  }

  /** To a colleague, at the same hour. @param {Planned} planned @param {string} when */
  #give(planned, when) {
    const select = element("select", { "aria-label": `Collègue pour ${planned.assure}, ${when}` });
    fill(
      select,
      byName(this.session.doctors.filter(({ id }) => id !== planned.doctor.id)),
      "Choisir un collègue",
    );
    const said = element("p", { className: "field-error", role: "status" });
    const button = element(
      "button",
      { type: "submit", className: "button secondary" },
      "Réaffecter",
    );
    const form = element("form", { className: "pair" }, select, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!select.value) {
        said.textContent = "Choisissez un collègue.";
        return select.focus();
      }
      try {
        await api.reassign(planned.id, select.value);
      } catch (error) {
        said.textContent = `${words(error)} Choisissez un autre collègue, ou déplacez ce rendez-vous.`;
        return select.focus();
      }
      announce(`${planned.assure} réaffecté à ${chosen(select)}. Aucun message n'est parti.`);
      await this.#show();
      this.changed();
    });
    return [form, said];
  }
}
