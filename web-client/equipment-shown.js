// The last equipment test, for the service's people: a word, what did not go well, some figures.

import { element, formatDate, formatTime } from "./page.js";

/** @typedef {import('./api').EquipmentShown} EquipmentShown */

const TONES = { pret: "ok", a_surveiller: "warn", echec: "warn" };

/** @param {EquipmentShown | null | undefined} test @param {string} timezone @returns {HTMLElement[]} */
export function shown(test, timezone) {
  if (!test) return [element("p", { className: "hint" }, "Matériel\u00a0: pas testé.")];
  const when = `${formatDate(test.at, timezone)} à ${formatTime(test.at, timezone)}`;
  const remarks = test.remarks.map((one) => element("li", null, one));
  return [
    element("p", null, element("span", { className: `chip ${TONES[test.colour]}` }, test.label), ` ${when}`),
    ...(remarks.length ? [element("ul", null, ...remarks)] : []),
    element("p", { className: "hint" }, `${test.details.join(" · ")}.`),
    ...(test.colour === "pret" ? [] : [element("p", { className: "hint" }, "Une aide pour préparer l'appel\u00a0: un test ne compte jamais contre l'assuré.")]),
  ];
}

/** In the console's side panel, before the presence. @param {EquipmentShown | null | undefined} test @param {string} timezone */
export function renderEquipment(test, timezone) {
  const presence = document.getElementById("presence");
  if (!presence) return;
  const found = document.getElementById("equipment");
  const part = found ?? element("section", { id: "equipment", "aria-labelledby": "equipment-title" });
  if (!found) presence.before(part);
  const key = JSON.stringify(test ?? null);
  if (part.dataset.told === key) return;
  part.dataset.told = key;
  part.replaceChildren(element("h3", { id: "equipment-title" }, "Matériel de l'assuré"), ...shown(test, timezone));
}
