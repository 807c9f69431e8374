// Every request of the agent's console, typed; and whether the line and the session hold.

import { closeAt } from "./login.js";
import { ApiError, get, post, request } from "./page.js";

/** @typedef {import('./api').AgentSession} AgentSession */
/** @typedef {import('./api').LoginOffer} LoginOffer */
/** @typedef {import('./api').Planned} Planned */
/** @typedef {import('./api').PlannedList} PlannedList */
/** @typedef {import('./api').PlannedDetail} PlannedDetail */
/** @typedef {import('./api').MessageList} MessageList */
/** @typedef {import('./api').MessageText} MessageText */
/** @typedef {import('./api').ImportReport} ImportReport */
/** @typedef {import('./api').Progress} Progress */
/** @typedef {import('./api').Slots} Slots */

const BASE = "/api/agent";
/** So long after the last touch, the page asks by itself: nobody uses the session by that. */
const ALONE_MS = 60_000;

/** Emits `expired` (the session is over), `lost` and `found` (the network). */
export const line = new EventTarget();
let lost = false;
let asking = 0;
/** The last request asked when the line was seen lost. */
let lostAt = 0;

/** @param {Promise<any>} asked @returns {Promise<any>} */
async function watched(asked) {
  const turn = ++asking;
  // An answer to what was asked before the loss tells nothing about the line now.
  const answered = () => turn > lostAt && say(false);
  try {
    const body = await asked;
    answered();
    return body;
  } catch (error) {
    const status = error instanceof ApiError ? error.status : -1;
    if (status === 401) line.dispatchEvent(new Event("expired"));
    if (status === 0) say(true);
    else answered();
    throw error;
  }
}

/** @param {boolean} now */
function say(now) {
  if (now) lostAt = asking;
  if (now === lost) return;
  lost = now;
  line.dispatchEvent(new Event(now ? "lost" : "found"));
}
addEventListener("offline", () => say(true));

/** @param {Record<string, string>} params what is empty is left out */
export const query = (params) =>
  new URLSearchParams(Object.entries(params).filter(([, value]) => value)).toString();

let touched = performance.now();
for (const kind of ["pointerdown", "keydown"])
  addEventListener(kind, () => (touched = performance.now()), { capture: true, passive: true });

/** @returns {Record<string, string>} */
const use = () => (performance.now() - touched > ALONE_MS ? { "X-Unattended": "1" } : {});
/** @param {string} path @param {Record<string, string>} [params] */
const read = (path, params = {}) =>
  watched(request(`${BASE}${path}?${query(params)}`, { headers: use() }));
/** @param {string} path @param {object} [body] */
const write = (path, body = {}) => watched(post(`${BASE}${path}`, body));
/** @param {string} id */
const one = (id) => `/telecontroles/${id}`;

// --- session --------------------------------------------------------------------------------

/** @returns {Promise<AgentSession>} 401 is an answer here, not a session that ends */
export const session = () => get(`${BASE}/session`);
/** @param {string} login @param {string} [code] @returns {Promise<AgentSession>} */
export const openSession = (login, code) => post(`${BASE}/session`, { login, code });
/** @returns {Promise<string>} where to go next, when the provider has a session too */
export const closeSession = () => closeAt(`${BASE}/session`);
/** @returns {Promise<LoginOffer | null>} the demo's ready-made logins */
export const logins = () => get(`${BASE}/connexions`).catch(() => null);

// --- télécontrôles --------------------------------------------------------------------------

/** @param {Record<string, string>} filters @returns {Promise<PlannedList>} */
export const list = (filters) => read("/telecontroles", filters);
/** @param {Record<string, string>} filters */
export const listCsv = (filters) => `${BASE}/telecontroles.csv?${query(filters)}`;
/** @param {string} id @returns {Promise<PlannedDetail>} */
export const detail = (id) => read(one(id));
/** @param {import('./api').PlanForm} form @returns {Promise<Planned>} */
export const plan = async (form) => planned(await write("/telecontroles", form));
/** @param {string} id @param {import('./api').MoveForm} form @returns {Promise<Planned>} */
export const move = async (id, form) => planned(await write(`${one(id)}/deplacer`, form));
/** @param {string} id */
export const cancel = (id) => write(`${one(id)}/annuler`);
/** @param {string} id @param {string} doctor */
export const reassign = (id, doctor) => write(`${one(id)}/reaffecter`, { doctor });
/** @param {string} id @param {import('./api').ContactForm} form */
export const contact = (id, form) => write(`${one(id)}/coordonnees`, form);
/** @param {string} id @param {string} channel */
export const resend = (id, channel) => write(`${one(id)}/renvoyer`, { channel });
/** @param {string} id @param {string} result */
export const called = (id, result) => write(`${one(id)}/appels`, { result });
/** @param {string} id @param {import('./api').ReasonDecided} decided */
export const decide = (id, decided) => write(`${one(id)}/justification`, decided);
/** @param {string} id @param {import('./api').InPersonForm} form */
export const inPerson = (id, form) => write(`${one(id)}/presentiel`, form);
/** @param {string} id the in-person appointment is given up; it is to be booked again */
export const unbook = (id) =>
  watched(request(`${BASE}${one(id)}/presentiel`, { method: "DELETE" }));
/** @param {string} id @param {string} justification what the assuré joined to it */
export const documentOf = (id, justification) =>
  `${BASE}${one(id)}/justifications/${justification}/document`;
/** @param {string} id @param {string} kind */
export const done = (id, kind) => write(`${one(id)}/taches/${kind}`);
/** @param {string} id @param {string} message @returns {Promise<MessageText>} */
export const text = (id, message) => read(`${one(id)}/messages/${message}`);

/** @param {string} doctor @param {string} from « 2026-12-01 » @param {number} minutes @returns {Promise<Slots>} */
export const slots = (doctor, from, minutes) =>
  read("/creneaux", { medecin: doctor, de: from, minutes: minutes ? String(minutes) : "" });

/** @param {string} doctor @param {import('./api').AbsenceForm} form @returns {Promise<PlannedList>} */
export const absent = (doctor, form) => write(`/medecins/${doctor}/absences`, form);
/** @typedef {import('./api').AbsenceList} AbsenceList */
/** @param {string} doctor @returns {Promise<AbsenceList>} */
export const absences = (doctor) => read(`/medecins/${doctor}/absences`);
/** @param {string} doctor @param {string} id @returns {Promise<AbsenceList>} what is left */
export const hereAgain = (doctor, id) =>
  watched(request(`${BASE}/medecins/${doctor}/absences/${id}`, { method: "DELETE" }));
/** @param {string} doctor @param {import('./api').AbsenceForm} form @returns {Promise<PlannedList>} */
export const during = (doctor, { start, end }) =>
  read(`/medecins/${doctor}/rendez-vous`, { de: start, a: end });

// --- messages, import -----------------------------------------------------------------------

/** @param {Record<string, string>} filters @returns {Promise<MessageList>} */
export const messages = (filters) => read("/envois", filters);
/** @param {Record<string, string>} filters */
export const messagesCsv = (filters) => `${BASE}/envois.csv?${query(filters)}`;
/** @returns {Promise<Progress>} */
export const progress = () => read("/progression");

/**
 * @param {File} file
 * @param {{ dry: boolean, whole: boolean }} how `dry`: nothing is planned; `whole`: all or nothing
 * @returns {Promise<ImportReport>}
 */
export function importFile(file, { dry, whole }) {
  const params = query({ essai: dry ? "1" : "", tout_ou_rien: whole ? "1" : "" });
  const json = file.name.toLowerCase().endsWith(".json");
  return watched(
    request(`${BASE}/import?${params}`, {
      method: "POST",
      headers: { "Content-Type": json ? "application/json" : "text/csv" },
      body: file,
    }),
  );
}

/** A change answers with the row alone or with all its detail. @param {any} body @returns {Planned} */
const planned = (body) => body.planned ?? body;
