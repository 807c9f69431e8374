// A way of a few steps behind a personal link: the assuré's page, and a third participant's. Which
// screen is shown, what is said of an error, and what each button does. What knows more than that
// (the appointment, the room) stands above, and hears of it by the events of `journey`.

import {
  ApiError,
  all,
  announce,
  byId,
  confirmDialog,
  formatDate,
  formatTime,
  screen,
  show,
} from "./page.js";

const STEPS = ["", "welcome", "code", "information", "devices", "waiting"];
/** This tab was in the room: a reload goes back to it without a click. */
const INSIDE = "telecontrole.inside";

export const link = location.hash.slice(1);

/**
 * Says `arrived` (of a screen, its name as detail) and `expired` (the session is over: the link says
 * where we are); the assuré's room says `closed` on it (`assure-visit.js`).
 */
export const journey = new EventTarget();

let timezone = "Europe/Paris";

// --- what is shown ------------------------------------------------------------------------------

/** @param {string} name the screen to go to */
export function go(name) {
  byId("errors").hidden = true;
  if (name !== screen()) byId("notice").hidden = true;
  const at = step(name);
  byId("step").hidden = byId("bar").hidden = at < 1;
  byId("step").textContent = `Étape ${at} sur ${STEPS.length - 1}`;
  [...byId("bar").children].forEach((mark, place) => mark.classList.toggle("done", place < at));
  show(name);
  journey.dispatchEvent(new CustomEvent("arrived", { detail: name }));
}

/** @param {string} name of a screen @returns {number} from 1 on; less: of none */
export const step = (name) =>
  STEPS.indexOf(name.startsWith("capture") || name === "check" ? "devices" : name);

/** Where the code is asked for, it is about the code. @param {string} text */
export function complain(text) {
  const about = screen() === "code";
  byId("error-text").textContent = text;
  byId("error-field").hidden = byId("code-error").hidden = !about;
  byId("code-error").textContent = text;
  byId("code").setAttribute("aria-invalid", String(about));
  const errors = byId("errors");
  errors.hidden = false;
  errors.focus();
  errors.scrollIntoView({ block: "nearest" });
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

/** Whose hour it is, and whom one may call. @param {{ timezone: string, helpline: string }} known */
export function know(known) {
  timezone = known.timezone;
  if (!known.helpline) return;
  for (const node of all("a[data-helpline]")) {
    node.textContent = `le ${known.helpline}`;
    node.setAttribute("href", `tel:${known.helpline.replace(/[^+\d]/g, "")}`);
  }
}

/** The hour where the appointment is; with its city where that is not here. @param {string} at */
export function time(at) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const city = timezone.split("/").pop()?.replaceAll("_", " ");
  return formatTime(at, timezone) + (own === timezone ? "" : ` (heure de ${city})`);
}

/** @param {string} at */
export function day(at) {
  const date = formatDate(at, timezone);
  return date === formatDate(Date.now(), timezone) ? "aujourd'hui" : `le ${date}`;
}

// --- what the person does -----------------------------------------------------------------------

/** What each `data-action` does; the room's modules add their own. @type {Record<string, () => unknown>} */
export const actions = { field: () => byId("code").focus() };

/** @type {Set<string>} */
const busy = new Set();

/** Runs it, unless it is already running; an error is said. @param {string} name @param {() => unknown} action */
export async function once(name, action) {
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

/** @param {unknown} error */
function fail(error) {
  if (!(error instanceof ApiError)) console.error(error);
  const { status, message } = error instanceof ApiError ? error : new ApiError({}, 0);
  if (status === 401 && screen() !== "code") journey.dispatchEvent(new Event("expired"));
  else complain(message);
}

/** @param {string} name */
export const confirmed = (name) => confirmDialog(byId(`${name}-dialog`, HTMLDialogElement));

/**
 * The code's form, once it has as many digits as a code.
 * @param {(digits: string) => Promise<void>} check throws what is wrong with it
 * @param {() => unknown} enter
 */
export function onCode(check, enter) {
  const code = byId("code", HTMLInputElement);
  byId("code-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const digits = code.value.replace(/\D/g, "");
    if (digits.length !== 6) return complain("Le code a 6 chiffres. Vérifiez-le, puis réessayez.");
    void once("session", async () => {
      await check(digits);
      code.value = "";
      await enter();
    });
  });
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest("[data-action]");
  const name = button instanceof HTMLElement && button.dataset.action;
  const action = name && actions[name];
  if (action) void once(name, action);
});

// Another link opened in the same tab.
addEventListener("hashchange", () => location.reload());

// --- this tab -----------------------------------------------------------------------------------

/** @returns {boolean} whether this tab was in the room of this link */
export function wasInside() {
  try {
    return sessionStorage.getItem(INSIDE) === link;
  } catch {
    return false;
  }
}

/** @param {boolean} now */
export function setInside(now) {
  try {
    if (now) sessionStorage.setItem(INSIDE, link);
    else sessionStorage.removeItem(INSIDE);
  } catch {
    // Storage may be forbidden: then a reload asks for one click more.
  }
}
