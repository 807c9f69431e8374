// The assuré's page: from the convocation link to the information, and every way it may be closed.
// What needs the camera is in assure-room.js, fetched while the person reads; what may be said
// before the room opens, and after, in assure-space.js, fetched by who needs it.

import {
  ApiError,
  all,
  announce,
  byId,
  confirmDialog,
  element,
  formatDate,
  formatDuration,
  formatTime,
  look,
  post,
  screen,
  show,
} from "./page.js";
import "./reading.js";

/** @typedef {import('./api').LinkState} LinkState */
/** @typedef {import('./api').Visit} Visit */
/** @typedef {import('./api').CodeSent} CodeSent */

const STEPS = ["", "welcome", "code", "information", "devices", "waiting"];
/** This tab was in the room: a reload goes back to it without a click. */
export const INSIDE = "telecontrole.inside";

performance.mark("tc:script");
export const link = location.hash.slice(1);
const code = byId("code", HTMLInputElement);

let timezone = "Europe/Paris";
/** @type {Visit | null} */
export let visit = null;
/** @type {typeof import('./assure-room.js') | null} */
let room = null;
/** @type {typeof import('./assure-space.js') | null} */
let space = null;
let stale = false;
let ticking = 0;
let resendAt = 0;

// --- what is shown ------------------------------------------------------------------------------

/** @param {string} name the screen to go to */
export function go(name) {
  byId("errors").hidden = true;
  if (name !== screen()) byId("notice").hidden = true;
  const place = name.startsWith("capture-") || name === "check" ? "devices" : name;
  const step = STEPS.indexOf(place);
  byId("step").hidden = byId("bar").hidden = step < 1;
  byId("step").textContent = `Étape ${step} sur ${STEPS.length - 1}`;
  [...byId("bar").children].forEach((mark, at) => mark.classList.toggle("done", at < step));
  show(name);
  room?.arrived(name);
  // From the code on they will be needed; behind a closed door they never are.
  if (step > 1) fetchRoom().then((one) => (room ??= one), () => {});
}

/**
 * @param {string} text
 * @param {string | null} [field] the field it is about
 */
export function complain(text, field) {
  byId("error-text").textContent = text;
  const about = field === "code" && screen() === "code";
  const jump = byId("error-field");
  jump.hidden = !about;
  jump.textContent = "Corriger le code";
  byId("code-error").hidden = !about;
  byId("code-error").textContent = text;
  code.setAttribute("aria-invalid", String(about));
  const errors = byId("errors");
  errors.hidden = false;
  errors.focus();
  errors.scrollIntoView({ block: "nearest" });
}

/** @param {unknown} error */
function fail(error) {
  if (error instanceof ApiError) {
    // The session is over: the link says where we are.
    if (error.status === 401 && screen() !== "code") return void refresh();
    complain(error.message, error.field ?? (screen() === "code" ? "code" : null));
  } else {
    console.error(error);
    complain(new ApiError({}, 0).message);
  }
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
export function time(at) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const city = timezone.split("/").pop()?.replaceAll("_", " ");
  return formatTime(at, timezone) + (own === timezone ? "" : ` (heure de ${city})`);
}

/** @param {string} at */
function day(at) {
  const date = formatDate(at, timezone);
  return date === formatDate(Date.now(), timezone) ? "aujourd'hui" : `le ${date}`;
}

/** @param {string} number */
function helpline(number) {
  for (const node of all("a[data-helpline]")) {
    node.textContent = `le ${number}`;
    node.setAttribute("href", `tel:${number.replace(/[^+\d]/g, "")}`);
  }
}

/** @param {() => void} tick */
function everySecond(tick) {
  clearInterval(ticking);
  tick();
  ticking = setInterval(tick, 1000);
}

// --- where the appointment stands ---------------------------------------------------------------

/** Once the room's modules are there. @type {Promise<typeof import('./assure-room.js')> | null} */
let coming = null;

/** Fetches the room's modules at once, each without waiting for the one that imports it. */
function fetchRoom() {
  return (coming ??= fetchAll());
}

function fetchAll() {
  const deeper = ["./call.js", "./peer.js", "./assure-devices.js", "./capture.js", "./socket.io.js"];
  for (const path of deeper) import(path).catch(() => {});
  for (const sheet of ["people.css", "spoken-code.css"]) void look(sheet);
  return import("./assure-room.js");
}

/** The choices and forms of before and after the hour. */
export async function openSpace() {
  space ??= await import("./assure-space.js");
  await space.styled;
  return space;
}

/** @param {boolean} [straight] back to the room, without a click where that is allowed */
export async function devices(straight = false) {
  try {
    room ??= await fetchRoom();
  } catch {
    // Browsers remember a module that did not come: only a reload asks for it again.
    stale = true;
    return go("offline");
  }
  if (!straight || !(await room.resume())) go("devices");
}

/** Asks where the link leads, and goes there. @param {boolean} [straight] no click in between */
export async function refresh(straight = inside()) {
  if (!/^[\w-]{16,128}$/.test(link)) return go("inconnu");
  try {
    /** @type {LinkState} */
    const state = await post("/api/assure/lien", { link });
    timezone = state.timezone;
    helpline(state.helpline);
    if (state.visit) meet(state.visit);
    for (const node of all(".attest")) node.hidden = !state.attestation;
    if (state.access !== "ouvert") {
      // The screen says what matters without it.
      await openSpace().catch(() => {});
      return closed(state);
    }
    if (space?.over()) room?.over();
    if (!capable()) return go(isSecureContext ? "capture-absent" : "capture-securite");
    if (!visit) return go("welcome");
    if (!visit.information.accepted) return read(visit);
    await devices(straight);
  } catch (error) {
    const { code, status, message } = error instanceof ApiError ? error : new ApiError({}, 0);
    if (status === 404 || status === 410) return go("inconnu");
    byId("failure").textContent = message;
    go(code === "reseau" ? "offline" : "error");
  }
}

/** By what it can do, not by its name: an application's own browser often cannot. */
const capable = () =>
  Boolean(navigator.mediaDevices?.getUserMedia) && typeof RTCPeerConnection === "function";

/** Whether there is something to attest: the link knows. @returns {Promise<LinkState | null>} */
export async function attestable() {
  /** @type {LinkState | null} */
  const state = await post("/api/assure/lien", { link }).catch(() => null);
  for (const node of all(".attest")) node.hidden = !state?.attestation;
  return state;
}

/** @typedef {Pick<LinkState, 'access'> & Partial<LinkState>} Closed */

/** @param {Closed} state whose access is not `ouvert` */
export function closed(state) {
  const { access, at, opens_in, in_person } = state;
  clearInterval(ticking);
  room?.over();
  space?.tell(state);
  for (const node of all(".at")) node.hidden = !at;
  byId("then-in-person").hidden = !in_person;
  if (at) {
    fill("[data-at]", time(at));
    fill("[data-when-closed]", `${day(at)} à ${time(at)}`);
    byId("opens").textContent = `${day(at)} à ${time(at)}`;
  }
  go(access);
  if (access !== "trop_tot") return;
  const target = Date.now() + 1000 * (opens_in ?? 60);
  everySecond(() => {
    const left = Math.ceil((target - Date.now()) / 1000);
    const far = left > 86_400;
    byId("countdown").textContent = far ? "" : `Encore ${formatDuration(Math.max(0, left))}`;
    if (left > 0) return;
    clearInterval(ticking);
    if (screen() === "trop_tot") void refresh();
    else notice("La salle d'attente est ouverte.");
  });
}

/** @param {Visit} opened */
function meet(opened) {
  visit = opened;
  const { appointment } = visit;
  timezone = appointment.timezone;
  helpline(appointment.helpline);
  byId("caisse").textContent = appointment.caisse;
  fill("[data-doctor]", appointment.doctor_name);
  fill("[data-function]", appointment.doctor_function);
  fill("[data-start]", time(appointment.start));
  for (const node of all(".record")) node.hidden = false;
}

/** @param {Visit} opened */
function read({ information }) {
  byId("information").replaceChildren(
    ...information.paragraphs.map((text) => element("p", null, text)),
  );
  go("information");
}

// --- the code -----------------------------------------------------------------------------------

async function sendCode() {
  /** @type {CodeSent} */
  const { expires_in, resend_in } = await post("/api/assure/code", { link });
  const minutes = Math.max(1, Math.floor(expires_in / 60));
  byId("code-life").textContent = minutes > 1 ? `${minutes} minutes` : "1 minute";
  resendAt = Date.now() + 1000 * resend_in;
  everySecond(() => {
    const left = Math.ceil((resendAt - Date.now()) / 1000);
    byId("resend").setAttribute("aria-disabled", String(left > 0));
    byId("resend-wait").textContent = left > 0 ? `possible dans ${formatDuration(left)}` : "";
    if (left <= 0) clearInterval(ticking);
  });
}

async function enterCode() {
  const digits = code.value.replace(/\D/g, "");
  if (digits.length !== 6) return complain("Le code a 6 chiffres. Vérifiez le SMS.", "code");
  meet(await post("/api/assure/session", { link, code: digits }));
  code.value = "";
  clearInterval(ticking);
  if (!visit) return;
  if (visit.information.accepted) await devices();
  else read(visit);
}

byId("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once("session", enterCode);
});

// --- what the person does -----------------------------------------------------------------------

/** @param {string} name */
export const confirmed = (name) => confirmDialog(byId(`${name}-dialog`, HTMLDialogElement));

/** What each `data-action` does; assure-room.js adds its own. @type {Record<string, () => unknown>} */
export const actions = {
  async code() {
    await sendCode();
    go("code");
  },
  async resend() {
    if (Date.now() < resendAt) return;
    await sendCode();
    announce("Un nouveau SMS est parti.");
  },
  field: () => code.focus(),
  async accept() {
    if (!visit) return refresh();
    meet(await post("/api/assure/information", { version: visit.information.version }));
    await devices();
  },
  async refuse() {
    if (!(await confirmed("refuse"))) return;
    closed({ access: "refuse", ...(await post("/api/assure/refus", { link })) });
  },
  async "in-person"() {
    if (!(await confirmed("in-person"))) return;
    closed({ access: "presentiel", ...(await post("/api/assure/presentiel", {})) });
  },
  attestation: async () => (await import("./assure-attestation.js")).open(),
  acknowledge: async () => (await openSpace()).acknowledge(),
  agenda: async () => (await openSpace()).agenda(),
  rehearse: async () => (await openSpace()).rehearse(),
  needs: async () => (await openSpace()).needs(),
  justify: async () => (await openSpace()).justify(),
  "not-me": async () => (await openSpace()).notMe(),
  refresh: () => (stale ? location.reload() : refresh()),
  resume: () => refresh(true),
  async copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      announce("Lien copié");
      fill('[data-action="copy"]', "Lien copié");
    } catch {
      const shown = byId("link-text", HTMLInputElement);
      shown.value = location.href;
      byId("link-shown").hidden = false;
      shown.select();
    }
  },
};

/** @type {Set<string>} */
const busy = new Set();

/** Runs it, unless it is already running. @param {string} name @param {() => unknown} action */
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

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest("[data-action]");
  const name = button instanceof HTMLElement && button.dataset.action;
  const action = name && actions[name];
  if (action) void once(name, action);
});

// Another link opened in the same tab.
addEventListener("hashchange", () => location.reload());

// --- the device ---------------------------------------------------------------------------------

function inside() {
  try {
    return sessionStorage.getItem(INSIDE) === link;
  } catch {
    return false;
  }
}

/** @returns {string[]} which instructions are this device's: its system, its browser */
function here() {
  const agent = navigator.userAgent;
  const touchMac = /Mac/.test(agent) && navigator.maxTouchPoints > 1;
  if (/iPhone|iPad|iPod/.test(agent) || touchMac) return ["ios"];
  if (/Android/.test(agent)) return ["android"];
  const system = /Windows/.test(agent) ? "windows" : /Mac/.test(agent) ? "mac" : "linux";
  if (/Firefox/.test(agent)) return [system, "firefox"];
  return [system, /Chrome/.test(agent) ? "chrome" : "safari"];
}

const device = here();
for (const node of all("[data-on]"))
  node.hidden = !device.some((word) => node.dataset.on?.split(" ").includes(word));

// A reload goes back to the room: then its modules are needed at once.
if (inside()) fetchRoom().catch(() => {});
refresh().catch(() => {});
