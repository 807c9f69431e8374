// The words, tones and dates of the agent's console. No colour without its word.

import { element, formatDate, formatTime } from "./page.js";

/** @typedef {import('./api').Planned} Planned */
/** @typedef {import('./api').Message} Message */
/** @typedef {{ label: string, tone: string, mark: string }} Said */

/** @type {Record<Planned['delivery'], Said>} */
export const DELIVERY = {
  non_remise: { label: "Non remise", tone: "danger", mark: "✕" },
  partielle: { label: "Non confirmée", tone: "warn", mark: "?" },
  en_cours: { label: "En cours", tone: "idle", mark: "…" },
  remise: { label: "Remise", tone: "ok", mark: "✓" },
};

/** The states a list may be narrowed to, in the order of a télécontrôle's life. */
export const STATES = /** @type {const} */ ({
  convoque: "Convoqué",
  accuse: "Convocation reçue",
  rappele: "Rappel envoyé",
  en_attente: "En salle d'attente",
  en_cours: "En cours",
  termine: "Terminé, à conclure",
  cloture: "Clôturé",
  refuse: "Visio refusée",
  non_connecte: "Non connecté",
  absence_justifiee: "Absence justifiée",
  absence_injustifiee: "Absence injustifiée",
  incident_technique: "Incident technique",
  converti_presentiel: "Converti en présentiel",
  identite_non_confirmee: "Identité non confirmée",
  reporte: "Reporté",
  annule_service: "Annulé par le service",
});

/** Before anybody entered: the appointment still stands. */
export const STANDING = new Set(["brouillon", "convoque", "accuse", "rappele"]);

/** @type {Record<string, string>} */
const STATE_TONES = {
  convoque: "",
  accuse: "ok",
  rappele: "",
  en_attente: "ok",
  en_cours: "ok",
  refuse: "warn",
  non_connecte: "warn",
  absence_justifiee: "warn",
  incident_technique: "warn",
  converti_presentiel: "warn",
  identite_non_confirmee: "warn",
};

export const KINDS = /** @type {const} */ ({
  convocation: "Convocation",
  deplacement: "Nouvelle date",
  excuse: "Excuses et nouvelle date",
  rappel: "Rappel",
  annulation: "Annulation",
  presentiel: "Convocation en présentiel",
  rappel_presentiel: "Rappel du présentiel",
  annulation_presentiel: "Annulation du présentiel",
});

export const CHANNELS = /** @type {const} */ ({
  courriel: "Courriel",
  sms: "SMS",
  courrier: "Courrier",
});

export const MESSAGE_STATES = /** @type {const} */ ({
  echec: "Échec",
  perime: "Trop tard, non envoyé",
  prepare: "À envoyer",
  confie: "En cours d'envoi",
  envoye: "Envoyé",
  remis: "Remis",
  retire: "Sans objet",
});

/** @type {Record<string, [tone: string, mark: string]>} */
const MESSAGE_TONES = {
  echec: ["danger", "✕"],
  perime: ["danger", "✕"],
  prepare: ["idle", "…"],
  confie: ["idle", "…"],
  envoye: ["", "→"],
  remis: ["ok", "✓"],
  retire: ["idle", "–"],
};

/** @type {Record<string, string>} */
const NEEDS = {
  lsf: "Interprète LSF",
  interprete: "Interprète",
  fauteuil: "Accès fauteuil",
  vue: "Aide à l'écran",
  accompagnant: "Accompagnant",
  sous_titres: "Sous-titres",
  ecrit: "Par écrit",
};

/** Why a message did not arrive: the outbox's codes. @type {Record<string, string>} */
const REASONS = {
  trop_tard: "Il était trop tard pour l'envoyer",
  incertain: "Parti peut-être : le prestataire n'a pas répondu",
  non_remis: "Le prestataire dit ne pas l'avoir remis",
  number: "Numéro refusé par l'opérateur",
  address: "Adresse inutilisable",
  throttled: "Prestataire saturé",
  credit: "Crédit épuisé chez le prestataire",
  auth: "Le prestataire refuse nos identifiants",
  timeout: "Le prestataire ne répond pas",
  disconnected: "Liaison coupée avec le prestataire",
};
/** Enhanced or plain replies of a mail server (RFC 5321, RFC 3463). @type {[RegExp, string][]} */
const MAIL_REPLIES = [
  [/^(550|551|553|5\.1\.)/, "Adresse inconnue de sa messagerie"],
  [/^(552|452|[45]\.2\.2)/, "Boîte aux lettres pleine"],
  [/^4\d\d|^4\./, "Messagerie momentanément indisponible"],
  [/^5\d\d|^5\./, "Refusé par la messagerie"],
];

/** @param {string} need */
export const needLabel = (need) => NEEDS[need] ?? need;

/** @param {string} reason a code, kept beside its words for whoever looks further */
export function reasonLabel(reason) {
  const known = REASONS[reason];
  if (known) return known;
  const reply = MAIL_REPLIES.find(([pattern]) => pattern.test(reason));
  return `${reply ? reply[1] : "Non remis"} (${reason})`;
}

/** @param {Said} said */
export function chip({ label, tone, mark }) {
  const node = element("span", { className: `chip ${tone}` });
  if (mark) node.append(element("span", { "aria-hidden": "true" }, mark));
  node.append(label);
  return node;
}

/** @param {Planned} planned */
export const stateChip = ({ state, state_label }) =>
  chip({ label: state_label, tone: STATE_TONES[state] ?? "idle", mark: "" });

/** @param {Planned} planned */
export const deliveryChip = ({ delivery }) => chip(DELIVERY[delivery]);

/** @param {Message} message */
export function messageChip({ state, state_label }) {
  const [tone, mark] = MESSAGE_TONES[state] ?? ["idle", ""];
  return chip({ label: state_label, tone, mark });
}

/** @param {string} to an address, or a number in international form: a French one is read as people say it */
export const sayTo = (to) =>
  /^\+33\d{9}$/.test(to) ? `0${to.slice(3)}`.replace(/(\d\d)(?=\d)/g, "$1\u00a0") : to;

// --- dates ----------------------------------------------------------------------------------

/** @param {string} at an instant @param {string} timezone « mardi 1er décembre à 14 h 30 » */
export const sayInstant = (at, timezone) =>
  `${formatDate(at, timezone)} à ${formatTime(at, timezone)}`;

/** @param {string} local « 2026-12-01T14:30 » @returns {string} « mardi 1er décembre à 14 h 30 »; with its year, if another */
export const sayLocal = (local) =>
  `${sayDay(local.slice(0, 10))} à ${formatTime(`${local}:00Z`, "UTC")}`;

/** @param {string} day « 2026-12-01 » @returns {string} « mardi 1er décembre » */
export function sayDay(day) {
  const said = formatDate(`${day}T00:00:00Z`, "UTC");
  return day.startsWith(String(new Date().getFullYear())) ? said : `${said} ${day.slice(0, 4)}`;
}

/** @param {string} from « 2026-12-01 », or '' @param {string} until */
export function sayPeriod(from, until) {
  if (from && until) return `du ${sayDay(from)} au ${sayDay(until)}`;
  if (from) return `à partir du ${sayDay(from)}`;
  return until ? `jusqu'au ${sayDay(until)}` : "à toute date";
}

/** Close dates in a table. @param {string} at @param {string} timezone @returns {string} « 01/12, 14 h 30 » */
export function sayShort(at, timezone) {
  const day = new Intl.DateTimeFormat("fr-FR", {
    day: "2-digit",
    month: "2-digit",
    timeZone: timezone,
  }).format(new Date(at));
  return `${day}, ${formatTime(at, timezone)}`;
}

/** The local hour of an instant, as the API takes it. @param {string | number} at @param {string} timezone @returns {string} « 2026-12-01T14:30 » */
export const localOf = (at, timezone) =>
  new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short",
    timeStyle: "short",
    timeZone: timezone,
  })
    .format(new Date(at))
    .replace(" ", "T");

/** @param {string} day « 2026-12-01 » @param {number} days @returns {string} */
export function addDays(day, days) {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** Mondays to Fridays; public holidays are the server's to know. @param {string} day @param {number} count */
export function addWorkingDays(day, count) {
  let at = day;
  for (let left = count; left > 0;) {
    at = addDays(at, 1);
    if (![0, 6].includes(new Date(`${at}T00:00:00Z`).getUTCDay())) left -= 1;
  }
  return at;
}

/** @param {number} count @param {string} one @param {string} [many] */
export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("fr-FR")}\u00a0${count > 1 ? many : one}`;
