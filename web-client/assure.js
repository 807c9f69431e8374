// The assuré's page: from the convocation link to the information, and every way it may be closed.
// What needs the camera is in assure-room.js, fetched while the person reads; what may be said
// before the room opens, and after, in assure-space.js, fetched by who needs it.

import { ApiError, all, announce, byId, element, formatDuration, look, post, screen } from "./page.js";
import {
  actions,
  confirmed,
  day,
  fill,
  go,
  journey,
  link,
  notice,
  onCode,
  step,
  time,
  wasInside,
} from "./journey.js";
import { ask, meet, visit } from "./assure-visit.js";
import "./reading.js";

/** @typedef {import('./api').CodeSent} CodeSent */
/** @typedef {import('./api').Visit} Visit */
/** @typedef {import('./assure-visit.js').Closed} Closed */

performance.mark("tc:script");
/** @type {typeof import('./assure-room.js') | null} */
let room = null;
/** @type {typeof import('./assure-space.js') | null} */
let space = null;
let stale = false;
let ticking = 0;
let resendAt = 0;

/** @param {() => void} tick */
function everySecond(tick) {
  clearInterval(ticking);
  tick();
  ticking = setInterval(tick, 1000);
}

// --- what comes when it is needed ---------------------------------------------------------------

/** Once the room's modules are there. @type {Promise<typeof import('./assure-room.js')> | null} */
let coming = null;

/** Fetches the room's modules at once, each without waiting for the one that imports it. */
function fetchRoom() {
  return (coming ??= fetchAll());
}

async function fetchAll() {
  // The sheets in the order in which they may have the last word.
  const styled = look("assure-call.css");
  const deeper = ["./call.js", "./peer.js", "./assure-devices.js", "./capture.js", "./socket.io.js"];
  for (const path of deeper) import(path).catch(() => {});
  for (const sheet of ["people.css", "spoken-code.css"]) void look(sheet);
  const [fetched] = await Promise.all([import("./assure-room.js"), styled]);
  return (room = fetched);
}

// From the code on they will be needed; behind a closed door they never are.
journey.addEventListener("arrived", (event) => {
  if (step(/** @type {CustomEvent} */ (event).detail) > 1) fetchRoom().catch(() => {});
});

/** The choices and forms of before and after the hour. */
async function openSpace() {
  space ??= await import("./assure-space.js");
  await space.styled;
  return space;
}

/** @param {boolean} [straight] back to the room, without a click where that is allowed */
async function devices(straight = false) {
  const fetched = await fetchRoom().catch(() => null);
  // Browsers remember a module that did not come: only a reload asks for it again.
  stale = !fetched;
  if (!fetched) return go("offline");
  if (!straight || !(await fetched.resume())) go("devices");
}

// --- where the appointment stands ---------------------------------------------------------------

/** Asks where the link leads, and goes there. @param {boolean} [straight] no click in between */
async function refresh(straight = wasInside()) {
  if (!/^[\w-]{16,128}$/.test(link)) return go("inconnu");
  try {
    const state = await ask();
    if (state.access !== "ouvert") {
      // The screen says what matters without it.
      await openSpace().catch(() => {});
      return closed(state);
    }
    if (space?.over()) room?.over();
    if (!capable()) return incapable();
    if (!visit) return go("welcome");
    await enter(visit, straight);
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

const incapable = () => go(isSecureContext ? "capture-absent" : "capture-securite");

/** @param {Closed} state whose access is not `ouvert` */
function closed(state) {
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

journey.addEventListener("closed", (event) => closed(/** @type {CustomEvent<Closed>} */ (event).detail));
journey.addEventListener("expired", () => void refresh());

/** The information first, then the camera. @param {Visit} opened @param {boolean} [straight] */
async function enter({ information }, straight = false) {
  if (information.accepted) return devices(straight);
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

onCode(
  async (code) => meet(await post("/api/assure/session", { link, code })),
  () => {
    clearInterval(ticking);
    if (visit) return enter(visit);
  },
);

// --- what the person does -----------------------------------------------------------------------

Object.assign(actions, {
  async code() {
    await sendCode();
    go("code");
  },
  async resend() {
    if (Date.now() < resendAt) return;
    await sendCode();
    announce("Un nouveau SMS est parti.");
  },
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
  async rehearse() {
    (await openSpace()).rehearse();
    if (navigator.mediaDevices) await devices();
    else incapable();
  },
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
});

// --- the device ---------------------------------------------------------------------------------

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
if (wasInside()) fetchRoom().catch(() => {});
refresh().catch(() => {});
