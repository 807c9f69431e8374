// The assuré's room: waiting, the call, leaving.

import { renderChecks } from "./assure-checks.js";
import * as devices from "./assure-devices.js";
import { remote, tellDevices } from "./assure-devices.js";
import { renderPeople } from "./assure-people.js";
import { attestable, visit } from "./assure-visit.js";
import { Call } from "./call.js";
import { interruption } from "./interruption.js";
import { actions, complain, confirmed, fill, go, journey, notice, setInside, time } from "./journey.js";
import { Backlog, stage } from "./tools.js";
import { all, announce, byId, focusTitle, formatDate, formatTime, post, screen } from "./page.js";

/** @typedef {import('./api').LinkState} LinkState */
/** @typedef {import('./protocol').RoomState} RoomState */
/** @typedef {import('./protocol').Ending} Ending */

/** @type {Record<Ending['reason'], LinkState['access']>} */
const ENDINGS = {
  ended: "termine",
  in_person: "presentiel",
  identity: "presentiel",
  refused: "refuse",
  cancelled: "annule",
};
/** Waiting since the hour: after so many minutes we apologise, then say what else can be done. */
const [LATE, VERY_LATE] = [5, 15];

/** @type {Call | null} */
let call = null;
let admitted = false;
/** When the waiting began, by the server's clock. */
let since = "";
/** The server's clock minus ours, in ms. */
let skew = 0;
let news = "";
/** @type {WakeLockSentinel | null} */
let awake = null;
let waiting = 0;

/** A screen is shown: one's own picture, the tools and their panels come along. @param {string} name */
function arrived(name) {
  if (name === "devices") void import("./assure-quality.js").catch(() => {});
  for (const id of ["tools", "panels"])
    document.querySelector(`section[data-screen="${name}"] .${id}-place`)?.append(byId(id));
  devices.place(name);
  devices.sayUnheard();
  if (name === "devices" || name === "check") void fetched().catch(() => {});
}

journey.addEventListener("arrived", (event) => arrived(/** @type {CustomEvent} */ (event).detail));

/** @type {Promise<typeof import("./assure-tools.js")> | null} */
let tools = null;

/** What the room offers besides: it comes while one looks at one's own picture. */
const fetched = () => (tools ??= import("./assure-tools.js"));

/** Back to the room without a click, if nothing has to be asked. @returns {Promise<boolean>} */
export async function resume() {
  if (!(await devices.granted())) return false;
  if (await devices.open()) enter();
  return true;
}

// --- the room -----------------------------------------------------------------------------------

/** The tools come after who enters: one does not wait for them. @param {Call} room @param {boolean} writes */
async function furnished(room, writes) {
  const backlog = new Backlog(room);
  const furnish = await fetched().then((module) => module.furnish, () => null);
  if (call !== room) return;
  if (!furnish) return notice("La page n'est pas arrivée en entier\u00a0: on ne peut pas écrire au médecin ni lui montrer un document. Rechargez-la pour les avoir.");
  furnish({ role: "assure", call: room, notice, writes });
  stage.again();
  backlog.again();
}

function enter() {
  const { capture } = devices;
  if (!visit || !capture) return go("devices");
  if (call) return;
  const room = new Call({
    role: "assure",
    access: visit.access,
    renew: () => post("/api/assure/jeton", {}),
  });
  call = room;
  admitted = false;
  since = news = "";
  /** @param {string} name @param {(detail: any) => void} listener */
  const on = (name, listener) =>
    room.addEventListener(name, (event) => {
      if (call === room) listener(/** @type {CustomEvent} */ (event).detail);
    });
  on("state", render);
  on("code", () => renderChecks(room, admitted));
  on("gate", (open) => {
    admitted = open;
    place();
    renderChecks(room, admitted);
  });
  on("flows", () => room.state && render(room.state));
  on("connection", (connection) => lost({ socket: connection === "lost" }));
  on("transport", (transport) => {
    lost({ path: transport === "lost" });
    const up = transport === "ready" || transport === "flowing";
    byId("ready").className = up ? "chip ok" : "chip idle";
    byId("ready").textContent = up ? "Connexion prête" : "Connexion en préparation";
  });
  on("replaced", () => {
    over();
    go("replaced");
  });
  on("refused", async ({ message }) => {
    over();
    await actions.refresh?.();
    if (screen() === "devices") complain(message);
  });
  stage.show(room);
  void furnished(room, visit.writes);
  devices.listenToVoice();
  setInside(true);
  room.setStream(capture.stream);
  tellDevices();
  go("waiting");
  void stayAwake();
  void listen();
  clearInterval(waiting);
  waiting = setInterval(wait, 15_000);
  void room.join();
  // The first connection may never come: say so too.
  setTimeout(() => call === room && !room.state && lost({ socket: true }), 6_000);
}

const cut = { socket: false, path: false };

/** @param {Partial<typeof cut>} what */
function lost(what) {
  Object.assign(cut, what);
  const { transport = "none", reached = false } = call ?? {};
  const words = interruption("assure", { ...cut, reached, flowing: transport === "flowing" });
  const banner = byId("lost");
  const said = banner.hidden ? "" : (banner.textContent ?? "").trim();
  if (said === words) return;
  banner.hidden = !words;
  if (words) banner.firstElementChild?.replaceChildren(words);
  announce(words || "Connexion rétablie");
}

/** Waiting room or call, as the gate and the room say. */
function place() {
  const before = screen();
  if (admitted) {
    byId("sent-back").hidden = true;
    if (before !== "call") go("call");
    void listen();
  } else if (before === "call" && call?.state?.phase === "waiting") {
    byId("sent-back").hidden = false;
    if (document.fullscreenElement) void document.exitFullscreen();
    go("waiting");
    announce("Le médecin vous a remis en salle d'attente.");
  }
}

/** @param {RoomState} state */
function render(state) {
  if (state.ending) return void finish(state.ending);
  const { assure, medecin_conseil: doctor } = state;
  if (!since || (assure.since && assure.since < since)) since = assure.since ?? state.server_time;
  place();
  skew = Date.parse(state.server_time) - Date.now();
  wait();
  meetInPerson(state.in_person);
  receivedBy(state.reception);
  renderPeople(call);
  renderChecks(call, admitted);
  // The service has lost the doctor, we have not.
  const away = doctor.presence !== "present" && !(doctor.presence === "lost" && call?.flows);
  byId("doctor-mic").hidden = away || doctor.microphone;
  byId("no-picture").textContent = away
    ? "Le médecin a perdu la connexion. Restez là, il revient."
    : doctor.camera
      ? "L'image du médecin arrive…"
      : "Le médecin a coupé sa caméra";
  document.body.classList.toggle("no-image", away || !doctor.camera);
}

/** Who will receive may become somebody else while one waits. @param {RoomState['reception']} reception */
function receivedBy({ name, function: role }) {
  const known = visit?.appointment;
  if (!known || !name || name === known.doctor_name) return;
  Object.assign(known, { doctor_name: name, doctor_function: role });
  fill("[data-doctor]", name);
  fill("[data-function]", role);
  notice(`Votre rendez-vous est confié à ${name}. Vous gardez votre place.`);
}

/** The same date as on the doctor's screen. @param {RoomState['in_person']} date */
function meetInPerson(date) {
  const banner = byId("in-person-date");
  const told = JSON.stringify(date);
  if (banner.dataset.told === told) return;
  banner.dataset.told = told;
  banner.hidden = !date;
  if (!date) return;
  const { start, timezone, site, address } = date;
  byId("in-person-when").textContent =
    `${formatDate(start, timezone)} à ${formatTime(start, timezone)}`;
  byId("in-person-where").textContent = `${site}, ${address}.`;
  announce((banner.textContent ?? "").replace(/\s+/g, " ").trim());
}

/** What is said while one waits. @param {RoomState['reception']} reception @returns {string} */
function tidings({ doctor, delay_minutes: announced }) {
  const begun = Math.max(Date.parse(visit?.appointment.start ?? since), Date.parse(since));
  const minutes = (Date.now() + skew - begun) / 60_000;
  const late = announced
    ? `Le médecin est en retard d'environ ${announced}\u00a0min, veuillez nous excuser.`
    : "Le médecin a du retard, veuillez nous excuser.";
  // Offered once, it stays: a clock that is set right takes nothing back.
  if (minutes >= VERY_LATE) for (const node of all(".attest")) node.hidden = false;
  if (minutes >= VERY_LATE)
    return `${late} Vous pouvez demander un autre rendez-vous\u00a0: votre attente est notée.`;
  if (announced || minutes >= LATE) return `${late} Votre place est gardée.`;
  return {
    absent: "Le médecin n'est pas encore connecté. Il sera prévenu de votre arrivée.",
    available: "Le médecin est prévenu de votre arrivée. Il va vous faire entrer.",
    busy: "Le médecin est en consultation. Il vous recevra ensuite.",
  }[doctor];
}

function wait() {
  if (!since) return;
  const now = call?.state ? tidings(call.state.reception) : news;
  if (now !== news) {
    byId("news").textContent = news = now;
    if (!admitted) announce(now);
  }
  const minutes = Math.floor((Date.now() + skew - Date.parse(since)) / 60_000);
  const lasting = minutes > 0 ? `, il y a ${minutes}\u00a0min` : "";
  byId("since").textContent =
    `Vous êtes arrivé à ${time(since)}${lasting}. ` +
    "Votre présence est notée, même si le médecin tarde.";
}

/** @param {boolean} muted by the browser, which wants a gesture: the buttons are there as long */
function mute(muted) {
  remote.muted = muted;
  for (const node of all('[data-action="sound"]')) node.hidden = !muted;
}

/** Puts the doctor's picture and voice on; browsers may ask for a gesture first. */
async function listen() {
  if (!call) return;
  try {
    await call.attach(remote);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "NotAllowedError" || remote.muted) return;
    mute(true);
    announce("Le son est coupé par le navigateur. Touchez «\u00a0Activer le son\u00a0».");
    await listen();
  }
}

/** @param {Ending} ending */
async function finish({ at, reason }) {
  byId("not-verified").hidden = reason !== "identity";
  const in_person = reason === "in_person" || reason === "identity";
  /** @type {import('./assure-visit.js').Closed} */
  const how = { access: ENDINGS[reason], at, in_person };
  journey.dispatchEvent(new CustomEvent("closed", { detail: how }));
  // The doctor may need to examine in person, and there is something to attest: the link knows.
  const state = await attestable();
  if (reason !== "ended" || !state?.in_person) return;
  const then = byId("then-in-person");
  then.hidden = false;
  announce(then.textContent ?? "");
}

/** Lets go of the room, the camera and the microphone. */
export function over() {
  if (!call && !devices.capture) return devices.close();
  clearInterval(waiting);
  setInside(false);
  const room = call;
  call = null;
  stage.show(null);
  devices.close();
  remote.srcObject = null;
  room?.close();
  void awake?.release();
  awake = null;
  admitted = cut.socket = cut.path = false;
  byId("lost").hidden = byId("sent-back").hidden = true;
  meetInPerson(null);
  renderChecks(null, false);
  renderPeople(null);
  for (const dialog of document.querySelectorAll("dialog")) if (dialog.open) dialog.close();
  if (document.fullscreenElement) void document.exitFullscreen();
}

async function stayAwake() {
  if (!call || !("wakeLock" in navigator) || awake?.released === false) return;
  awake = await navigator.wakeLock.request("screen").catch(() => null);
}

// --- what the person does -----------------------------------------------------------------------

Object.assign(actions, {
  enter,
  // Here, for its button is there before the tools have come.
  equipment: async () => (await import("./equipment.js")).open(),
  async sound() {
    // Before there is anything to hear, too: what plays then may do so with sound.
    mute(false);
    void listen();
    focusTitle();
  },
  async full() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  },
  async leave() {
    if (!(await confirmed("leave")) || !call) return;
    const leaving = call;
    const at = new Date().toISOString();
    call = null;
    devices.capture?.stop();
    await Promise.race([
      leaving.leave().catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 3_000)),
    ]);
    leaving.close();
    over();
    fill("[data-at]", time(at));
    go("left");
    await attestable();
  },
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !call) return;
  void stayAwake();
  if (remote.paused) void listen();
});

remote.addEventListener("loadeddata", () => document.body.classList.add("has-image"));

document.addEventListener("fullscreenchange", () => {
  fill("#full span", document.fullscreenElement ? "Réduire" : "Plein écran");
});

byId("full").hidden = !document.fullscreenEnabled;
