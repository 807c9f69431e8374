// A reason given for an absence: what an agent may read of it, and the decision of a person.

import { element } from "./page.js";
import { about } from "./agent-actions.js";
import * as api from "./agent-api.js";
import { ask, section } from "./agent-form.js";
import { sayInstant } from "./agent-words.js";

/** @typedef {import('./agent-panel.js').Context} Context */
/** @typedef {import('./api').JustificationShown} JustificationShown */

/** @type {Record<string, string>} */
const STATES = { deposee: "À examiner", acceptee: "Acceptée", refusee: "Refusée" };

const DECISIONS = /** @type {const} */ ({
  accepter: {
    title: "Accepter la justification\u00a0?",
    follows:
      "L'absence est justifiée\u00a0: la visioconférence ne se tiendra pas, et un rendez-vous en présentiel sera à fixer.",
    said: "Justification acceptée\u00a0: un rendez-vous en présentiel est à fixer.",
    confirm: "Accepter",
  },
  refuser: {
    title: "Refuser la justification\u00a0?",
    follows:
      "Rien d'autre ne change\u00a0: le télécontrôle reste prévu, ou une personne qualifiera l'absence.",
    said: "Justification refusée.",
    confirm: "Refuser",
  },
});

/** @param {Context} context */
export function justificationSection(context) {
  const { justifications } = context.detail;
  if (!justifications.length) return null;
  return section(
    "Absence justifiée par l'assuré",
    "justification",
    ...justifications.map((one) => card(one, context)),
  );
}

/** @param {JustificationShown} given @param {Context} context */
function card(given, context) {
  const { timezone } = context.detail.planned;
  const card = element(
    "div",
    { className: "card" },
    element("p", null, element("strong", null, given.reason)),
    element(
      "p",
      { className: "soft" },
      `Reçue le ${sayInstant(given.submitted, timezone)}. ${given.document ? "" : "Aucun document joint."}`,
    ),
  );
  if (given.document) {
    const href = api.documentOf(context.detail.planned.id, given.id);
    card.append(
      element("p", null, element("a", { href, download: "" }, "Ouvrir le document joint")),
    );
  }
  if (!given.decidable) {
    const label = STATES[given.state] ?? given.state;
    const waits = given.state === "deposee" ? ", par le service médical" : "";
    card.append(element("p", null, `${label}${waits}.`));
    return card;
  }
  /** @param {'accepter' | 'refuser'} decision @param {string} look */
  const button = (decision, look) => {
    const words = DECISIONS[decision];
    const node = element(
      "button",
      {
        type: "button",
        className: `button ${look}`,
        id: `${given.id}-${decision}`,
        "aria-haspopup": "dialog",
      },
      words.confirm,
    );
    node.addEventListener("click", () => void decide(given, decision, context));
    return node;
  };
  card.append(
    element("div", { className: "acts" }, button("accepter", ""), button("refuser", "secondary")),
  );
  return card;
}

/** @param {JustificationShown} given @param {'accepter' | 'refuser'} decision @param {Context} context */
async function decide(given, decision, context) {
  const words = DECISIONS[decision];
  await ask({
    title: words.title,
    content: [
      about(context),
      element("p", null, element("strong", null, given.reason)),
      element("p", null, words.follows),
    ],
    confirm: words.confirm,
    submit: async () => {
      await api.decide(context.detail.planned.id, { justification: given.id, decision });
      context.done(words.said);
    },
  });
}
