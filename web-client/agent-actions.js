// What an agent does with one télécontrôle, each asked in a dialog that says what will follow.

import { announce, byId, element } from "./page.js";
import * as api from "./agent-api.js";
import { ask, byName, field, fill, words } from "./agent-form.js";
import { SlotPicker } from "./agent-slots.js";
import { sayInstant, sayTo } from "./agent-words.js";

/** @typedef {import('./agent-panel.js').Context} Context */

/** @param {...(Node | string)} content */
const p = (...content) => element("p", null, ...content);

/** Who it is about and when, at the top of each dialog. @param {Context} context */
export function about({ detail: { planned } }) {
  const when = sayInstant(planned.start, planned.timezone);
  return element(
    "p",
    { className: "about" },
    element("strong", null, planned.assure),
    `, ${when}, ${planned.doctor.name}`,
  );
}

/** @param {string} id @param {Context} context @param {string} [empty] @param {string} [but] left out */
export function doctorSelect(id, { session }, empty, but = "") {
  const select = element("select", { id, required: true });
  fill(select, byName(session.doctors.filter((one) => one.id !== but)), empty);
  return select;
}

/** @param {HTMLSelectElement} select */
export const chosen = (select) => select.selectedOptions[0]?.textContent ?? "";

/** Another date. @param {Context} context */
export async function move(context) {
  const { planned } = context.detail;
  const doctor = doctorSelect("move-doctor", context);
  doctor.value = planned.doctor.id;
  const picker = new SlotPicker({
    id: "move",
    doctor: () => doctor.value,
    doctorName: () => chosen(doctor),
    minutes: () => planned.minutes,
    from: context.session.first_date,
  });
  doctor.addEventListener("change", () => void picker.load());
  void picker.load();
  let said = "";
  await ask({
    title: "Déplacer le télécontrôle",
    content: [
      about(context),
      p(
        "Les liens déjà envoyés cessent de fonctionner\u00a0; une convocation à la nouvelle date part aussitôt.",
      ),
      field("Médecin-conseil", doctor),
      picker.node,
    ],
    confirm: "Déplacer",
    wide: true,
    missing: () => picker.missing(),
    at: (error) => picker.at(error),
    help: (error) =>
      picker.help(error, "Déplacer", () => byId("ask-form", HTMLFormElement).requestSubmit()),
    submit: async () => {
      const other = doctor.value === planned.doctor.id ? null : doctor.value;
      const moved = await api.move(planned.id, { start: picker.value, doctor: other });
      said = `Télécontrôle déplacé au ${sayInstant(moved.start, moved.timezone)}.`;
      // A new date is a new télécontrôle: the panel goes on with it.
      if (moved.id && moved.id !== planned.id)
        context.router.go({ tc: moved.id }, { replace: true });
      context.done(said);
    },
  });
}

/** The hour stays. @param {Context} context */
export async function reassign(context) {
  const { planned } = context.detail;
  const doctor = doctorSelect("reassign-doctor", context, "Choisir", planned.doctor.id);
  await ask({
    title: "Réaffecter à un autre médecin-conseil",
    content: [
      about(context),
      p(
        "L'heure ne change pas\u00a0: aucun message ne part à l'assuré, ses liens restent valables.",
      ),
      field("Nouveau médecin-conseil", doctor),
    ],
    confirm: "Réaffecter",
    focus: doctor,
    missing: () => (doctor.value ? [] : [[doctor.id, "Choisissez un médecin-conseil"]]),
    at: () => doctor.id,
    submit: async () => {
      await api.reassign(planned.id, doctor.value);
      context.done(`Réaffecté à ${chosen(doctor)}. Aucun message n'est parti.`);
    },
  });
}

/** @param {Context} context */
export async function cancel(context) {
  const { planned } = context.detail;
  await ask({
    title: "Annuler ce télécontrôle\u00a0?",
    content: [
      about(context),
      p(
        "L'assuré est prévenu par les mêmes canaux que sa convocation. Ses liens cessent de fonctionner.",
      ),
      p("Une annulation ne se reprend pas\u00a0: il faudrait planifier un nouveau télécontrôle."),
    ],
    confirm: "Annuler le télécontrôle",
    dismiss: "Ne pas annuler",
    danger: true,
    focus: byId("ask-dismiss"),
    submit: async () => {
      await api.cancel(planned.id);
      context.done("Télécontrôle annulé. L'assuré en est prévenu.");
    },
  });
}

/** Somebody tried to phone. @param {Context} context */
export async function call(context) {
  const { planned, phone } = context.detail;
  const results = context.session.call_results;
  const radios = results.map(({ code, label }, index) =>
    element(
      "label",
      { className: "choice" },
      element("input", { type: "radio", name: "result", value: code, id: `call-${index}` }),
      element("span", null, label),
    ),
  );
  const choices = element(
    "fieldset",
    { className: "field" },
    element("legend", null, "Résultat de l'appel"),
    element("p", { className: "field-error", id: "call-0-error", hidden: true }),
    element("div", { className: "choices" }, ...radios),
  );
  const result = () => choices.querySelector("input:checked")?.getAttribute("value") ?? "";
  await ask({
    title: "Noter un appel",
    content: [
      about(context),
      ...(phone
        ? [p("Numéro\u00a0: ", element("strong", null, sayTo(phone)))]
        : [p("Aucun numéro de téléphone connu.")]),
      choices,
      element("p", { className: "hint" }, "Seul le résultat est gardé, avec l'heure et votre nom."),
    ],
    confirm: "Noter l'appel",
    missing: () => (result() ? [] : [["call-0", "Choisissez le résultat de l'appel"]]),
    submit: async () => {
      const code = result();
      await api.called(planned.id, code);
      const label = results.find((one) => one.code === code)?.label ?? code;
      context.done(`Appel noté\u00a0: ${label.toLowerCase()}.`);
    },
  });
}

/**
 * @param {string} id
 * @param {string} kind
 * @param {string} label
 * @param {(said: string) => void} done
 */
export async function finish(id, kind, label, done) {
  try {
    await api.done(id, kind);
    done(`Tâche faite\u00a0: ${label}.`);
  } catch (error) {
    fail(error);
  }
}

/** Said on top of the panel. @param {unknown} error */
export function fail(error) {
  announce(words(error));
  byId("panel-problem").textContent = words(error);
  byId("panel-problem").hidden = false;
}
