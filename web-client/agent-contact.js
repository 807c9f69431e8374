// How to reach somebody: shown, corrected in place, and the convocation sent once more.

import { ApiError, element } from "./page.js";
import * as api from "./agent-api.js";
import { ask, complain, field, fill, section, words } from "./agent-form.js";
import { sayTo } from "./agent-words.js";

/** @typedef {import('./agent-panel.js').Context} Context */

/** @type {Record<string, string>} */
const CONTROLS = {
  mail: "contact-mail",
  phone: "contact-phone",
  address: "contact-address",
  language: "contact-language",
};

/** @param {Context} context */
export function contactSection(context) {
  const { detail, session } = context;
  const language = session.languages.find(({ code }) => code === detail.language)?.label;
  /** @type {[string, string][]} */
  const facts = [
    ["Courriel", detail.mail || "non renseigné"],
    ["Téléphone", sayTo(detail.phone) || "non renseigné"],
    ["Adresse postale", detail.address || "non renseignée"],
    ["Langue des messages", language ?? detail.language],
  ];
  const shown = element(
    "dl",
    { className: "facts" },
    ...facts.flatMap(([term, value]) => [element("dt", null, term), element("dd", null, value)]),
  );
  const correct = element(
    "button",
    { type: "button", id: "contact-correct", className: "button secondary" },
    "Corriger",
  );
  const group = element("div", { className: "acts" }, correct, ...resends(context));
  const part = section("Coordonnées", "contact", shown, group);
  correct.addEventListener("click", () => {
    const form = editor(context, () => {
      form.replaceWith(shown, group);
      correct.focus();
    });
    shown.replaceWith(form);
    group.remove();
    form.querySelector("input")?.focus();
  });
  return part;
}

/** @param {Context} context @param {() => void} back */
function editor({ detail, session, done }, back) {
  /** @param {keyof typeof CONTROLS} name @param {string} type @param {string} value @param {string} complete */
  const input = (name, type, value, complete) =>
    element("input", { id: CONTROLS[name], type, defaultValue: value, autocomplete: complete });
  const mail = input("mail", "email", detail.mail, "off");
  const phone = input("phone", "tel", sayTo(detail.phone), "off");
  const address = input("address", "text", detail.address, "off");
  const language = element("select", { id: "contact-language" });
  fill(language, session.languages);
  language.value = detail.language;
  const errors = element("div", { className: "errors", role: "alert", tabIndex: -1, hidden: true });
  const cancel = element(
    "button",
    { type: "button", className: "button quiet" },
    "Ne rien changer",
  );
  cancel.addEventListener("click", back);
  const form = element(
    "form",
    { className: "editing", noValidate: true, "aria-label": "Corriger les coordonnées" },
    errors,
    field("Courriel", mail),
    field("Téléphone", phone),
    field("Adresse postale", address),
    field("Langue des messages", language),
    element(
      "p",
      { className: "hint" },
      "Ce qui n'a pas été remis repart vers ce qui a changé, s'il n'est pas trop tard.",
    ),
    element(
      "div",
      { className: "acts" },
      element("button", { type: "submit", className: "button" }, "Enregistrer les coordonnées"),
      cancel,
    ),
  );
  // What was not touched is not sent: a colleague may have corrected it since this page read it.
  const written = (/** @type {HTMLInputElement} */ { value, defaultValue }) =>
    value.trim() === defaultValue ? null : value.trim();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.contact(detail.planned.id, {
        mail: written(mail),
        phone: written(phone),
        address: written(address),
        language: language.value === detail.language ? null : language.value,
      });
      done("Coordonnées corrigées.");
    } catch (error) {
      const at = error instanceof ApiError && error.field ? (CONTROLS[error.field] ?? null) : null;
      complain(errors, "Les coordonnées ne sont pas enregistrées", [[at, words(error)]]);
    }
  });
  return form;
}

/** @param {Context} context @returns {Node[]} */
function resends(context) {
  const { detail, done } = context;
  if (!detail.actions.includes("renvoyer")) return [];
  /** @type {[string, string, string][]} */
  const channels = [
    ["courriel", "Renvoyer par courriel", detail.mail],
    ["sms", "Renvoyer par SMS", detail.phone],
  ];
  return channels
    .filter(([, , to]) => to)
    .map(([channel, label, to]) => {
      const button = element(
        "button",
        {
          type: "button",
          className: "button secondary",
          id: `resend-${channel}`,
          "aria-haspopup": "dialog",
        },
        label,
      );
      button.addEventListener(
        "click",
        () =>
          void ask({
            title: `${label} ?`,
            content: [
              element(
                "p",
                null,
                "La convocation part une fois de plus, à ",
                element("strong", null, sayTo(to)),
                ".",
              ),
            ],
            confirm: "Renvoyer",
            submit: async () => {
              await api.resend(detail.planned.id, channel);
              done(`Convocation renvoyée à ${sayTo(to)}.`);
            },
          }),
      );
      return button;
    });
}
