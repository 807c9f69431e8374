// The in-person appointment: the site with its address, access and hours; then a slot.

import { byId, element } from "./page.js";
import { about, chosen, doctorSelect } from "./agent-actions.js";
import * as api from "./agent-api.js";
import { ask, field, section } from "./agent-form.js";
import { SlotPicker } from "./agent-slots.js";
import { sayInstant, sayLocal } from "./agent-words.js";

/** @typedef {import('./agent-panel.js').Context} Context */
/** @typedef {import('./api').SiteOption} SiteOption */

/** @param {Context} context */
export function inPersonSection(context) {
  const { in_person: asked, planned } = context.detail;
  if (!asked) return null;
  const origin = element(
    "p",
    { className: "soft" },
    `${asked.origin_label}, le ${sayInstant(asked.requested, planned.timezone)}.`,
  );
  if (!asked.start || !asked.site)
    return section(
      "Rendez-vous en présentiel",
      "inperson",
      element("p", null, element("strong", null, "À fixer.")),
      origin,
    );
  return section(
    "Rendez-vous en présentiel",
    "inperson",
    element(
      "p",
      null,
      element("strong", null, sayInstant(asked.start, planned.timezone)),
      `, ${asked.minutes ?? planned.minutes}\u00a0min${asked.doctor ? `, ${asked.doctor.name}` : ""}`,
    ),
    siteFacts(asked.site),
    origin,
  );
}

/** @param {Context} context */
export async function giveUpInPerson(context) {
  await ask({
    title: "Annuler le rendez-vous en présentiel ?",
    content: [
      about(context),
      element(
        "p",
        null,
        "L'assuré est prévenu. Un autre rendez-vous en présentiel restera à fixer.",
      ),
    ],
    confirm: "Annuler le présentiel",
    dismiss: "Ne pas annuler",
    danger: true,
    focus: byId("ask-dismiss"),
    submit: async () => {
      await api.unbook(context.detail.planned.id);
      context.done("Rendez-vous en présentiel annulé.");
    },
  });
}

/** @param {SiteOption} site */
function siteFacts(site) {
  /** @type {[string, string][]} */
  const facts = [
    ["Lieu", site.name],
    ["Adresse", site.address],
    ["Accès", site.access],
    ["Horaires", site.hours],
  ];
  return element(
    "dl",
    { className: "facts" },
    ...facts
      .filter(([, value]) => value)
      .flatMap(([term, value]) => [element("dt", null, term), element("dd", null, value)]),
  );
}

/** @param {Context} context */
export async function fixInPerson(context) {
  const { planned } = context.detail;
  const { sites, first_date } = context.session;
  const doctor = doctorSelect("inperson-doctor", context);
  doctor.value = planned.doctor.id;
  const choices = sites.map((site, index) => {
    const words = [site.address, site.access, site.hours].filter(Boolean).join(" · ");
    return element(
      "label",
      { className: "choice site" },
      element("input", {
        type: "radio",
        name: "site",
        value: site.id,
        id: `site-${index}`,
        checked: sites.length === 1,
      }),
      element(
        "span",
        null,
        element("strong", null, site.name),
        element("span", { className: "soft" }, words),
      ),
    );
  });
  const where = element(
    "fieldset",
    { className: "field" },
    element("legend", null, "Lieu"),
    element("p", { className: "field-error", id: "site-0-error", hidden: true }),
    element("div", { className: "choices" }, ...choices),
  );
  const site = () => where.querySelector("input:checked")?.getAttribute("value") ?? "";
  const picker = new SlotPicker({
    id: "inperson",
    doctor: () => doctor.value,
    doctorName: () => chosen(doctor),
    minutes: () => planned.minutes,
    from: first_date,
  });
  doctor.addEventListener("change", () => void picker.load());
  void picker.load();
  await ask({
    title: "Fixer le rendez-vous en présentiel",
    content: [
      about(context),
      element(
        "p",
        null,
        "L'assuré est convoqué aussitôt, avec l'adresse, l'accès et les horaires du lieu.",
      ),
      sites.length
        ? where
        : element("p", null, "Aucun lieu d'accueil n'est enregistré pour votre caisse."),
      field("Médecin-conseil", doctor),
      picker.node,
    ],
    confirm: "Fixer le rendez-vous",
    wide: true,
    missing: () => [
      ...(site() ? [] : [/** @type {[string, string]} */ (["site-0", "Choisissez un lieu"])]),
      ...picker.missing(),
    ],
    at: (error) => picker.at(error),
    help: (error) =>
      picker.help(error, "Fixer", () => byId("ask-form", HTMLFormElement).requestSubmit()),
    submit: async () => {
      const start = picker.value;
      await api.inPerson(planned.id, {
        site: site(),
        start,
        minutes: planned.minutes,
        doctor: doctor.value === planned.doctor.id ? null : doctor.value,
      });
      context.done(`Rendez-vous en présentiel fixé au ${sayLocal(start)}.`);
    },
  });
}
