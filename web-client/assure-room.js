// The assuré's room: camera and microphone, waiting, the call, leaving.

import {
  INSIDE,
  actions,
  attestable,
  closed,
  complain,
  confirmed,
  fill,
  go,
  link,
  notice,
  refresh,
  time,
  visit,
} from "./assure.js";
import { renderChecks } from "./assure-checks.js";
import { renderPeople } from "./assure-people.js";
import { Call } from "./call.js";
import { Capture, captureProblem } from "./capture.js";
import { furnish } from "./assure-tools.js";
import { stage } from "./tools.js";
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
/** After so long without a sound from the microphone, in ms. */
const SILENCE = 5_000;
/** Waiting since the hour: after so many minutes we apologise, then say what else can be done. */
const [LATE, VERY_LATE] = [5, 15];

const remote = byId("remote", HTMLVideoElement);
const self = byId("self-video", HTMLVideoElement);

/** @type {Capture | null} */
let capture = null;
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
let metering = 0;
let waiting = 0;

/** A screen is shown: one's own picture comes along. @param {string} name */
export function arrived(name) {
  clearInterval(metering);
  const spot = document.querySelector(`section[data-screen="${name}"] .self-place`);
  if (spot && capture) spot.append(byId("self"));
  for (const id of ["tools", "panels"])
    document.querySelector(`section[data-screen="${name}"] .${id}-place`)?.append(byId(id));
  reflect();
}

/** Back to the room without a click, if nothing has to be asked. @returns {Promise<boolean>} */
export async function resume() {
  if (!(await granted())) return false;
  await activate(true);
  return true;
}

// --- camera and microphone ----------------------------------------------------------------------

/** @returns {Promise<boolean>} whether both may be opened without asking */
async function granted() {
  const ask = (/** @type {string} */ name) =>
    navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
  try {
    const states = await Promise.all([ask("camera"), ask("microphone")]);
    return states.every(({ state }) => state === "granted");
  } catch {
    return false;
  }
}

/** Opens both, once. @param {boolean} [straight] then enters, without the check */
async function activate(straight = false) {
  const slow = setTimeout(() => {
    byId("asking").hidden = false;
    announce(byId("asking").textContent ?? "");
  }, 700);
  try {
    capture?.stop();
    capture = await Capture.open();
  } catch (error) {
    capture = null;
    const problem = captureProblem(error);
    // Who cannot get in for this is not somebody who never came.
    if (visit) void post("/api/assure/obstacle", { cause: problem }).catch(() => {});
    if (problem === "technique") console.error(error);
    if (problem === "introuvable") await nameMissing();
    const again = screen() === `capture-${problem}`;
    go(`capture-${problem}`);
    if (again) complain("Toujours pas. Suivez les étapes ci-dessous, puis réessayez.");
    return;
  } finally {
    clearTimeout(slow);
    byId("asking").hidden = true;
  }
  capture.onended = regain;
  self.srcObject = capture.stream;
  void listDevices();
  if (straight) return enter();
  go("check");
  meter();
}

async function nameMissing() {
  const found = (await navigator.mediaDevices.enumerateDevices().catch(() => [])).map((d) => d.kind);
  const [camera, microphone] = [found.includes("videoinput"), found.includes("audioinput")];
  if (camera !== microphone) byId("missing").textContent = camera ? "de micro" : "de caméra";
}

function meter() {
  const bar = byId("level", HTMLMeterElement);
  let heardAt = Date.now();
  let heard = false;
  metering = setInterval(() => {
    const level = capture?.level() ?? null;
    bar.value = level ?? 0;
    // Not measurable (no gesture yet): nothing is said about silence.
    if (level === null || level > 0) heardAt = Date.now();
    if (level && level > 0.25 && !heard) {
      heard = true;
      byId("level-text").textContent = "Votre micro fonctionne";
      announce("Votre micro fonctionne");
    }
    const silent = Date.now() - heardAt > SILENCE;
    if (silent === !byId("silent").hidden) return;
    byId("silent").hidden = !silent;
    if (!silent) return;
    heard = false;
    byId("level-text").textContent = "On ne vous entend pas";
    announce("On ne vous entend pas");
  }, 100);
}

async function listDevices() {
  if (!capture) return;
  const found = await capture.devices();
  for (const kind of /** @type {const} */ (["videoinput", "audioinput", "audiooutput"])) {
    const select = byId(kind, HTMLSelectElement);
    const named = found[kind].filter((device) => device.label);
    const chosen =
      kind === "audiooutput"
        ? select.value
        : capture.track(kind === "audioinput" ? "audio" : "video")?.getSettings().deviceId;
    select.replaceChildren(...named.map((d) => new Option(d.label, d.deviceId)));
    if (chosen) select.value = chosen;
    const usable = kind !== "audiooutput" || "setSinkId" in remote;
    if (select.parentElement) select.parentElement.hidden = named.length < 2 || !usable;
  }
  byId("flip").hidden = found.videoinput.length < 2;
}

/** @param {Promise<MediaStreamTrack>} changing */
async function change(changing) {
  try {
    const track = await changing;
    await call?.replaceTrack(track);
    notice(track.kind === "video" ? "La caméra a changé." : "Le micro a changé.");
  } catch {
    notice("Cet appareil ne répond pas : rien n'a changé. Choisissez-en un autre.");
  }
  await listDevices();
  reflect();
  tellDevices();
}

/** A device went away by itself. @param {'audio' | 'video'} kind */
async function regain(kind) {
  const name = kind === "video" ? "La caméra" : "Le micro";
  try {
    const track = await capture?.useDevice(kind, "");
    if (track) await call?.replaceTrack(track);
    notice(`${name} a été débranché : nous utilisons un autre appareil.`);
  } catch {
    notice(`${name} ne répond plus. Rebranchez l'appareil, ou ouvrez les réglages.`);
  }
  await listDevices();
  reflect();
  tellDevices();
}

/** What the page says of our own camera and microphone. */
function reflect() {
  if (!capture) return;
  const { camera, microphone } = capture;
  /** @param {string} action @param {boolean} on @param {string} name @param {string} icon */
  const button = (action, on, name, icon) => {
    for (const node of all(`[data-action="${action}"]`)) {
      node.classList.toggle("off", !on);
      const [use, label] = [node.querySelector("use"), node.querySelector("span")];
      use?.setAttribute("href", `#i-${icon}${on ? "" : "-off"}`);
      if (label) label.textContent = `${on ? "Couper" : "Activer"} ${name}`;
    }
  };
  button("microphone", microphone, "le micro", "mic");
  button("camera", camera, "la caméra", "cam");
  byId("self-off").hidden = camera;
  self.classList.toggle("mirrored", capture.mirrored);
  if (self.paused) self.play().catch(() => {});
}

function tellDevices() {
  if (capture) call?.setDevices({ microphone: capture.microphone, camera: capture.camera });
}

/** @param {'microphone' | 'camera'} device */
function toggle(device) {
  if (!capture) return;
  const on = !capture[device];
  if (device === "microphone") capture.setMicrophone(on);
  else capture.setCamera(on);
  reflect();
  tellDevices();
  const name = device === "microphone" ? "Micro" : "Caméra";
  announce(`${name} ${on ? "activé" : "coupé"}${device === "camera" ? "e" : ""}`);
}

// --- the room -----------------------------------------------------------------------------------

/** @param {boolean} now */
function setInside(now) {
  try {
    if (now) sessionStorage.setItem(INSIDE, link);
    else sessionStorage.removeItem(INSIDE);
  } catch {
    // Storage may be forbidden: then a reload asks for one click more.
  }
}

function enter() {
  if (!visit || !capture) return go("devices");
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
    await refresh(false);
    if (screen() === "devices") complain(message);
  });
  furnish({ role: "assure", call: room, notice });
  stage.show(room);
  capture.rest();
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
  const now = cut.socket || cut.path;
  const banner = byId("lost");
  if (banner.hidden === !now) return;
  banner.hidden = !now;
  announce(now ? (banner.textContent ?? "").trim() : "Connexion rétablie");
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
  const away = doctor.presence !== "present";
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

/** Puts the doctor's picture and voice on; browsers may ask for a gesture first. */
async function listen() {
  if (!call) return;
  try {
    await call.attach(remote);
    if (!remote.muted) for (const node of all('[data-action="sound"]')) node.hidden = true;
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "NotAllowedError" || remote.muted) return;
    remote.muted = true;
    for (const node of all('[data-action="sound"]')) node.hidden = false;
    announce("Le son est coupé par le navigateur. Touchez «\u00a0Activer le son\u00a0».");
    await listen();
  }
}

/** @param {Ending} ending */
async function finish({ at, reason }) {
  byId("not-verified").hidden = reason !== "identity";
  const in_person = reason === "in_person" || reason === "identity";
  closed({ access: ENDINGS[reason], at, in_person });
  // The doctor may need to examine in person, and there is something to attest: the link knows.
  const state = await attestable();
  if (reason !== "ended" || !state?.in_person) return;
  const then = byId("then-in-person");
  then.hidden = false;
  announce(then.textContent ?? "");
}

/** Lets go of the room, the camera and the microphone. */
export function over() {
  if (!call && !capture) return;
  clearInterval(waiting);
  clearInterval(metering);
  setInside(false);
  const room = call;
  call = null;
  stage.show(null);
  capture?.stop();
  capture = null;
  self.srcObject = remote.srcObject = null;
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
  activate: () => activate(),
  enter,
  microphone: () => toggle("microphone"),
  camera: () => toggle("camera"),
  flip: () => capture && change(capture.flip()),
  settings() {
    document.querySelector("#settings-dialog .devices-place")?.append(byId("choice"));
    void confirmed("settings");
  },
  async sound() {
    remote.muted = false;
    await listen();
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
    capture?.stop();
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

for (const kind of /** @type {const} */ (["audioinput", "videoinput"])) {
  const select = byId(kind, HTMLSelectElement);
  select.addEventListener("change", () => {
    const track = kind === "audioinput" ? "audio" : "video";
    if (capture) void change(capture.useDevice(track, select.value));
  });
}

byId("audiooutput", HTMLSelectElement).addEventListener("change", ({ target }) => {
  const { value } = /** @type {HTMLSelectElement} */ (target);
  if ("setSinkId" in remote) remote.setSinkId(value).catch(() => notice("Ce haut-parleur ne répond pas."));
});

document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
  if (ctrlKey || altKey || metaKey || repeat || !call || document.querySelector("dialog[open]")) return;
  if (target instanceof Element && target.matches("input, select, textarea")) return;
  if (!byId("shortcuts", HTMLInputElement).checked) return;
  if (key === "m" || key === "M") toggle("microphone");
  if (key === "v" || key === "V") toggle("camera");
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !capture) return;
  void stayAwake();
  // Phones end or pause everything behind our back, without an event.
  if (call && remote.paused) void listen();
  reflect();
  for (const { kind, readyState } of capture.stream.getTracks())
    if (readyState === "ended") void regain(/** @type {'audio' | 'video'} */ (kind));
});

remote.addEventListener("loadeddata", () => document.body.classList.add("has-image"));

document.addEventListener("fullscreenchange", () => {
  fill("#full span", document.fullscreenElement ? "Réduire" : "Plein écran");
});

byId("settings-dialog").addEventListener("close", () => {
  document.querySelector('section[data-screen="check"] .devices-place')?.append(byId("choice"));
});

byId("full").hidden = !document.fullscreenEnabled;
navigator.mediaDevices?.addEventListener?.("devicechange", () => void listDevices());
