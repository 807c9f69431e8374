// The page of a third participant: from the invitation's link to the information, and every way it
// may be closed. What needs the camera is in tiers-room.js, fetched while the person reads.

import {
  ApiError,
  all,
  announce,
  byId,
  confirmDialog,
  element,
  formatTime,
  post,
  screen,
  show,
} from "./page.js";
import "./reading.js";
import { KINDS } from "./thirds-words.js";

/** @typedef {import("./api").ThirdLink} ThirdLink */
/** @typedef {import("./api").ThirdVisit} ThirdVisit */

const STEPS = ["", "welcome", "code", "information", "devices", "waiting"];
const PLACES = /** @type {Record<string, string>} */ ({ capture: "devices", check: "devices" });
export const link = location.hash.slice(1);
const code = byId("code", HTMLInputElement);
let timezone = "Europe/Paris";
/** @type {ThirdVisit | null} */
export let visit = null;
/** @type {typeof import("./tiers-room.js") | null} */
let room = null;

/** @param {string} name the screen to go to */
export function go(name) {
  byId("errors").hidden = true;
  if (name !== screen()) byId("notice").hidden = true;
  const step = STEPS.indexOf(PLACES[name] ?? name);
  byId("step").hidden = byId("bar").hidden = step < 1;
  byId("step").textContent = `Étape ${step} sur ${STEPS.length - 1}`;
  [...byId("bar").children].forEach((mark, at) => mark.classList.toggle("done", at < step));
  show(name);
  room?.arrived(name);
}

/** @param {string} text */
export function complain(text) {
  const about = screen() === "code";
  byId("error-text").textContent = text;
  byId("code-error").hidden = !about;
  byId("code-error").textContent = text;
  code.setAttribute("aria-invalid", String(about));
  byId("errors").hidden = false;
  byId("errors").focus();
}

/** @param {string} text */
export function notice(text) {
  byId("notice-text").textContent = text;
  byId("notice").hidden = false;
  announce(text);
}

/** @param {string} selector @param {string} text */
export function fill(selector, text) {
  for (const node of all(selector)) node.textContent = text;
}

/** @param {string} at */
export const time = (at) => formatTime(at, timezone);

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof ApiError)) console.error(error);
  const { status, message } = error instanceof ApiError ? error : new ApiError({}, 0);
  // The session is over: the link says where we are.
  if (status === 401 && screen() !== "code") return void refresh();
  complain(message);
}

/** @param {{ kind: "" | keyof typeof KINDS, start: string | null, timezone: string, helpline: string }} known */
function tell(known) {
  timezone = known.timezone;
  if (known.kind) fill("[data-kind]", KINDS[known.kind].toLowerCase().replace("médecin assistant", "médecin qui assiste l'assuré"));
  if (known.start) fill("[data-start]", time(known.start));
  for (const node of all("a[data-helpline]")) {
    if (!known.helpline) continue;
    node.textContent = `le ${known.helpline}`;
    node.setAttribute("href", `tel:${known.helpline.replace(/[^+\d]/g, "")}`);
  }
  byId("check-lsf").hidden = known.kind !== "interprete_lsf";
}

/** @param {ThirdVisit} opened */
function meet(opened) {
  visit = opened;
  tell(opened);
  fill("[data-doctor]", opened.doctor_name);
}

/** Asks where the link leads, and goes there. */
export async function refresh() {
  if (!/^[\w-]{16,128}$/.test(link)) return go("inconnu");
  try {
    /** @type {ThirdLink} */
    const state = await post("/api/tiers/lien", { link });
    tell(state);
    visit = null;
    if (state.visit) meet(state.visit);
    if (state.access === "inconnu" || state.access === "trop_tot") return go(state.access);
    if (state.access !== "ouvert") return go("closed");
    await next();
  } catch (error) {
    const { code, status, message } = error instanceof ApiError ? error : new ApiError({}, 0);
    if (status === 404 || status === 410) return go("inconnu");
    byId("failure").textContent = message;
    if (code !== "reseau") console.error(error);
    go("offline");
  }
}

/** The first screen that is not done yet. */
async function next() {
  if (!visit) return go("welcome");
  const { information } = visit;
  if (information.accepted) {
    room ??= await import("./tiers-room.js");
    return room.ready();
  }
  byId("information").replaceChildren(...information.paragraphs.map((text) => element("p", null, text)));
  go("information");
}

async function enterCode() {
  const digits = code.value.replace(/\D/g, "");
  if (digits.length !== 6) return complain("Le code a 6 chiffres.");
  meet(await post("/api/tiers/session", { link, code: digits }));
  code.value = "";
  await next();
}

/** What each `data-action` does; tiers-room.js adds its own. @type {Record<string, () => unknown>} */
export const actions = {
  code: () => go("code"),
  async accept() {
    if (!visit) return refresh();
    meet(await post("/api/tiers/information", { version: visit.information.version }));
    await next();
  },
  refresh,
};

/** @type {Set<string>} */
const busy = new Set();

/** Runs it, unless it is already running. @param {string} name @param {() => unknown} action */
async function once(name, action) {
  if (busy.has(name)) return;
  busy.add(name);
  try {
    await action();
  } catch (error) {
    fail(error);
  } finally {
    busy.delete(name);
  }
}

/** @param {string} name */
export const confirmed = (name) => confirmDialog(byId(`${name}-dialog`, HTMLDialogElement));

byId("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once("session", enterCode);
});
document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest("[data-action]");
  const name = button instanceof HTMLElement && button.dataset.action;
  const action = name && actions[name];
  if (action) void once(name, action);
});
// Another link opened in the same tab.
addEventListener("hashchange", () => location.reload());
void refresh();
