// « Est-ce bien un message de ma caisse ? »: the code of the message, a code by SMS, the answer.

import { ApiError, all, byId, element, post, show } from "./page.js";
import { about, when, where } from "./when.js";
import "./reading.js";

/** @typedef {import('./api').Genuine} Genuine */

const short = byId("short", HTMLInputElement);
const sms = byId("sms", HTMLInputElement);
let busy = false;

/** What an appointment that does not hold as it was written has become. @type {Record<string, string>} */
const CHANGED = {
  annule: "Ce rendez-vous est annulé\u00a0: vous n'avez rien à faire.",
  reporte: "Ce rendez-vous est reporté\u00a0: un message plus récent donne la nouvelle date.",
  refuse: "La visioconférence n'aura pas lieu\u00a0: un rendez-vous en présentiel la remplace.",
  presentiel: "Ce rendez-vous a lieu en présentiel.",
  termine: "Ce rendez-vous est terminé.",
  trop_tard: "L'heure de ce rendez-vous est passée.",
};

/** @param {string} text @param {HTMLInputElement | null} [field] */
function complain(text, field) {
  byId("error-text").textContent = text;
  for (const one of [short, sms]) one.setAttribute("aria-invalid", String(one === field));
  byId("errors").hidden = false;
  byId("errors").focus();
}

/** @param {string} name */
function go(name) {
  byId("errors").hidden = true;
  for (const one of [short, sms]) one.removeAttribute("aria-invalid");
  show(name);
}

/** Runs it unless something already runs. @param {() => Promise<void>} action @param {HTMLInputElement} field */
async function once(action, field) {
  if (busy) return;
  busy = true;
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ApiError)) console.error(error);
    complain((error instanceof ApiError ? error : new ApiError({}, 0)).message, field);
  } finally {
    busy = false;
  }
}

async function ask() {
  if (short.value.replace(/[^0-9a-z]/gi, "").length !== 8)
    return complain("Le code a 8 lettres et chiffres. Relisez-le sur le message.", short);
  await post("/api/verification", { code: short.value });
  sms.value = "";
  go("code");
}

async function prove() {
  const digits = sms.value.replace(/\D/g, "");
  if (digits.length !== 6) return complain("Le code du SMS a 6 chiffres. Vérifiez le SMS.", sms);
  tell(await post("/api/verification/reponse", { code: short.value, sms: digits }));
}

/** @param {Genuine} found */
function tell(found) {
  for (const node of all("[data-caisse]")) node.textContent = found.caisse;
  for (const node of all("[data-helpline]")) {
    node.textContent = `le ${found.helpline}`;
    node.setAttribute("href", `tel:${found.helpline.replace(/[^+\d]/g, "")}`);
  }
  const changed = CHANGED[found.access];
  byId("appointment").replaceChildren(
    when(found, `${about(found.minutes)}, par vidéo`),
    ...(changed ? [element("p", { className: "banner warn" }, changed)] : []),
    ...(found.place ? [element("h2", null, "Le rendez-vous en présentiel"), where(found.place)] : []),
  );
  go("genuine");
}

/** @param {string} form @param {() => Promise<void>} action @param {HTMLInputElement} field */
function submits(form, action, field) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    void once(action, field);
  });
}

submits("ask-form", ask, short);
submits("code-form", prove, sms);
byId("again").addEventListener("click", () => go("ask"));
for (const node of all("[data-origin]")) node.textContent = `${location.origin}/rdv`;
