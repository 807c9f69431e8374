// The assuré's camera and microphone on the page: asked for, checked, changed, mended, let go.

import { visit } from "./assure-visit.js";
import { Capture, captureProblem } from "./capture.js";
import { offerWithout, sayWithout } from "./assure-without.js";
import { actions, complain, confirmed, go, notice } from "./journey.js";
import { all, announce, byId, element, look, post, screen } from "./page.js";
import { stage } from "./tools.js";
import { Voice } from "./voice.js";

/** @typedef {import('./capture.js').Kind} Kind */
/** @typedef {"" | "camera" | "microphone"} Without */

/** After so long without a sound from the microphone, in ms. */
const SILENCE = 5_000;
/** What the system took it gives back by itself, on return, within so long, in ms. */
const GIVEN_BACK = 2_000;
/** This tab goes on without a camera, or a microphone, after a reload too. */
const WITHOUT = "telecontrole.without";
const KINDS = /** @type {const} */ (["audio", "video"]);
/** @type {Record<Kind, { name: string, noun: string, e: string }>} */
const WORDS = {
  audio: { name: "Le micro", noun: "le micro", e: "" },
  video: { name: "La caméra", noun: "la caméra", e: "e" },
};
const UNHEARD = {
  silent:
    "On ne vous entend pas : votre micro ne donne aucun son. Vérifiez son bouton, débranchez vos écouteurs, ou choisissez un autre micro dans «\u00a0Réglages\u00a0».",
  off: "Votre micro est coupé. Pour parler au médecin, touchez «\u00a0Activer le micro\u00a0».",
};

export const remote = byId("remote", HTMLVideoElement);
const self = byId("self-video", HTMLVideoElement);

/** @type {Capture | null} */
export let capture = null;
/** What is asked for is still of use: nobody has left since. */
let wanted = false;
let metering = 0;
/** What went away and could not be had again yet. @type {Set<Kind>} */
const gone = new Set();
/** One device is mended at a time: phones answer no two questions. @type {Promise<unknown>} */
let mending = Promise.resolve();
/** How many there were when they were last counted; before the grant they have no names. */
let known = { audioinput: 0, videoinput: 0 };

const voice = new Voice(() => capture);
const unheard = element("p", null);
const banner = element("div", { id: "unheard", className: "banner warn", hidden: true }, unheard);
byId("notices").append(banner);
const hide = element("button", {
  type: "button",
  id: "hide-self",
  className: "button secondary",
  "aria-pressed": "false",
  onclick: () => {
    const hidden = document.body.classList.toggle("no-self");
    hide.setAttribute("aria-pressed", String(hidden));
  },
}, "Masquer mon image");
byId("choice").append(hide);
void look("devices.css");

/** A screen is shown: one's own picture comes along. @param {string} name */
export function place(name) {
  clearInterval(metering);
  // Come back while the browser still asks: its answer counts again.
  if (name === "devices") wanted = true;
  const spot = document.querySelector(`section[data-screen="${name}"] .self-place`);
  if (spot && capture) spot.append(byId("self"));
  reflect();
}

// --- opened, checked ----------------------------------------------------------------------------

/** @returns {Without} what this visit does without */
function without() {
  try {
    const stored = sessionStorage.getItem(WITHOUT);
    return stored === "camera" || stored === "microphone" ? stored : "";
  } catch {
    return "";
  }
}

/** @param {Without} what */
function goWithout(what) {
  try {
    if (what) sessionStorage.setItem(WITHOUT, what);
    else sessionStorage.removeItem(WITHOUT);
  } catch {
    // Storage may be forbidden: then a reload asks again.
  }
}

/** @returns {Promise<boolean>} whether what this visit needs may be opened without asking */
export async function granted() {
  const needed = ["camera", "microphone"].filter((name) => name !== without());
  const ask = (/** @type {string} */ name) =>
    navigator.permissions.query({ name: /** @type {PermissionName} */ (name) });
  try {
    const states = await Promise.all(needed.map(ask));
    return states.every(({ state }) => state === "granted");
  } catch {
    return false;
  }
}

/**
 * Opens both, once; or the one that this visit can have.
 * @param {Without} [lacking]
 * @returns {Promise<boolean>} false: the page says why not
 */
export async function open(lacking = without()) {
  const slow = setTimeout(() => {
    byId("asking").hidden = false;
    announce(byId("asking").textContent ?? "");
  }, 700);
  wanted = true;
  try {
    capture?.stop();
    const opened = await Capture.open({ video: lacking !== "camera", audio: lacking !== "microphone" });
    // Who refuses or goes back while the browser asks leaves its question there: answered later, it
    // opens nothing. Asked twice, the last answer holds.
    (wanted ? capture : opened)?.stop();
    if (!wanted) return false;
    capture = opened;
  } catch (error) {
    if (!wanted) return false;
    capture = null;
    await failed(error);
    return false;
  } finally {
    clearTimeout(slow);
    byId("asking").hidden = true;
  }
  goWithout(lacking);
  gone.clear();
  capture.onended = (kind) => void regain(kind);
  capture.ontaken = taken;
  self.srcObject = capture.stream;
  void listDevices();
  void counted();
  return true;
}

/** @param {unknown} error */
async function failed(error) {
  const problem = captureProblem(error);
  // Who cannot get in for this is not somebody who never came.
  if (visit) void post("/api/assure/obstacle", { cause: problem }).catch(() => {});
  if (problem === "technique") console.error(error);
  const found = problem === "introuvable" ? await present() : [];
  const [camera, microphone] = [found.includes("videoinput"), found.includes("audioinput")];
  if (camera !== microphone) byId("missing").textContent = camera ? "de micro" : "de caméra";
  const again = screen() === `capture-${problem}`;
  go(`capture-${problem}`);
  offerWithout(problem, { camera, microphone });
  if (again) complain("Toujours pas. Suivez les étapes ci-dessous, puis réessayez.");
}

/** @returns {Promise<MediaDeviceKind[]>} */
const present = async () =>
  (await navigator.mediaDevices.enumerateDevices().catch(() => [])).map(({ kind }) => kind);

/** The screen on which one sees and hears oneself. */
export function check() {
  go("check");
  if (!capture) return;
  sayWithout(capture.missing);
  if (capture.track("audio")) meter();
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

/** The room is entered: from now on the page notices when nobody can hear. */
export function listenToVoice() {
  capture?.rest();
  voice.start();
}

voice.addEventListener("change", sayUnheard);

/** Nobody hears anybody in the waiting room, nor on hold: that it is off is no news there. */
export function sayUnheard() {
  const talking = screen() === "call" && !stage.call?.state?.held.length;
  const trouble = voice.trouble === "off" && !talking ? "" : voice.trouble;
  banner.hidden = !trouble;
  const words = trouble && UNHEARD[trouble];
  if (unheard.textContent === words) return;
  unheard.textContent = words;
  if (words) announce(words);
}

/** Lets go of both, and of what the browser is still asking. */
export function close() {
  wanted = false;
  clearInterval(metering);
  voice.stop();
  capture?.stop();
  capture = null;
  gone.clear();
  self.srcObject = null;
}

// --- changed, mended ----------------------------------------------------------------------------

async function listDevices() {
  if (!capture) return;
  const found = await capture.devices();
  for (const kind of /** @type {const} */ (["videoinput", "audioinput", "audiooutput"])) {
    const select = byId(kind, HTMLSelectElement);
    const named = found[kind].filter((device) => device.label);
    const chosen =
      kind === "audiooutput"
        ? select.value
        : capture?.track(kind === "audioinput" ? "audio" : "video")?.getSettings().deviceId;
    select.replaceChildren(...named.map((d) => new Option(d.label, d.deviceId)));
    if (chosen) select.value = chosen;
    const usable = kind !== "audiooutput" || "setSinkId" in remote;
    if (select.parentElement) select.parentElement.hidden = named.length < 2 || !usable;
  }
  byId("flip").hidden = found.videoinput.length < 2;
  // A loudspeaker that is gone plays nothing: back to the default one.
  const spoken = found.audiooutput.some(({ deviceId }) => deviceId === remote.sinkId);
  if (remote.sinkId && !spoken) await remote.setSinkId("").catch(() => {});
}

/** @param {Promise<MediaStreamTrack>} changing */
async function change(changing) {
  try {
    const track = await changing;
    await stage.call?.replaceTrack(track);
    notice(track.kind === "video" ? "La caméra a changé." : "Le micro a changé.");
  } catch {
    notice("Cet appareil ne répond pas : rien n'a changé. Choisissez-en un autre.");
  }
  await changed();
}

async function changed() {
  await listDevices();
  reflect();
  tellDevices();
}

/** Another one of this kind, or the same again; the sentence says which. @param {Kind} kind @param {string} sentence */
function mend(kind, sentence) {
  mending = mending.then(async () => {
    if (!capture) return;
    try {
      const track = await capture.useDevice(kind, "");
      gone.delete(kind);
      if (capture.missing === "") goWithout("");
      await stage.call?.replaceTrack(track);
      notice(sentence);
    } catch (error) {
      gone.add(kind);
      notice(remedy(kind, error));
    }
    await changed();
  });
  return mending;
}

/** @param {Kind} kind @param {unknown} error */
function remedy(kind, error) {
  const { name, noun } = WORDS[kind];
  if (captureProblem(error) === "refuse")
    return `${name} n'est plus autorisé${WORDS[kind].e}. Autorisez-le à côté de l'adresse de la page, puis touchez «\u00a0Activer ${noun}\u00a0».`;
  return `${name} ne répond plus. Rebranchez l'appareil, ou touchez «\u00a0Activer ${noun}\u00a0».`;
}

/** A device went away by itself. @param {Kind} kind */
function regain(kind) {
  const { name, e } = WORDS[kind];
  // What the other is told is true at once, whatever the next device takes to open.
  reflect();
  tellDevices();
  return mend(kind, `${name} a été débranché${e} : nous utilisons un autre appareil.`);
}

/** The system took a device (a phone call), or gave it back. @param {Kind} kind @param {boolean} now */
function taken(kind, now) {
  const { name, noun, e } = WORDS[kind];
  notice(
    now
      ? `${name} est pris${e} par votre appareil, pour un appel peut-être. Terminez-le ; si rien ne revient, touchez «\u00a0Activer ${noun}\u00a0».`
      : `${name} est revenu${e}.`,
  );
  reflect();
  tellDevices();
}

/** How many of each, and how many there were. */
async function counted() {
  const kinds = await present();
  const count = (/** @type {string} */ kind) => kinds.filter((one) => one === kind).length;
  const before = known;
  known = { audioinput: count("audioinput"), videoinput: count("videoinput") };
  return { before, now: known };
}

/** Something was plugged in or out. */
async function plugged() {
  if (!capture) return;
  const { before, now } = await counted();
  const back = [...gone].filter((kind) => now[`${kind}input`]);
  for (const kind of back) await mend(kind, `${WORDS[kind].name} est revenu${WORDS[kind].e}.`);
  // That sentence is the news.
  if (back.length) return;
  await listDevices();
  const [camera, microphone] = [now.videoinput > before.videoinput, now.audioinput > before.audioinput];
  if (camera && capture?.missing === "camera")
    notice("Une caméra est branchée. Pour que le médecin vous voie, touchez «\u00a0Activer la caméra\u00a0».");
  else if (microphone && capture?.missing === "microphone")
    notice("Un micro est branché. Pour que le médecin vous entende, touchez «\u00a0Activer le micro\u00a0».");
  else if (camera || microphone)
    notice("Un appareil est branché. Pour l'utiliser, choisissez-le dans «\u00a0Réglages\u00a0».");
}

/** What the page says of our own camera and microphone. */
export function reflect() {
  if (!capture) return;
  const { camera, microphone, missing } = capture;
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
  byId("self-off").textContent =
    missing === "camera" ? "Sans caméra" : "Votre caméra est coupée";
  self.classList.toggle("mirrored", capture.mirrored);
  if (self.paused) self.play().catch(() => {});
}

/** The other one is told. @param {import("./call.js").Call | null} [call] */
export function tellDevices(call = stage.call) {
  if (!capture) return;
  const { microphone, camera, missing, virtual } = capture;
  call?.setDevices({ microphone, camera, missing, virtual });
}

/** @param {'microphone' | 'camera'} device */
async function toggle(device) {
  if (!capture) return;
  const kind = device === "microphone" ? "audio" : "video";
  const on = !capture[device];
  if (device === "microphone") capture.setMicrophone(on);
  else capture.setCamera(on);
  const { name, e } = WORDS[kind];
  if (on && !capture.works(kind)) return mend(kind, `${name} est activé${e}.`);
  reflect();
  tellDevices();
  announce(`${name.replace(/^L[ea] /, "").replace(/^./, (c) => c.toUpperCase())} ${on ? "activé" : "coupé"}${e}`);
}

// --- what the person does -----------------------------------------------------------------------

Object.assign(actions, {
  activate: async () => (await open("")) && check(),
  "without-camera": async () => (await open("camera")) && check(),
  "without-microphone": async () => (await open("microphone")) && check(),
  microphone: () => toggle("microphone"),
  camera: () => toggle("camera"),
  flip: () => capture && change(capture.flip()),
  settings() {
    document.querySelector("#settings-dialog .devices-place")?.append(byId("choice"));
    void confirmed("settings");
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
  if (ctrlKey || altKey || metaKey || repeat || !stage.call || document.querySelector("dialog[open]")) return;
  if (target instanceof Element && target.matches("input, select, textarea, [contenteditable]")) return;
  if (!byId("shortcuts", HTMLInputElement).checked) return;
  if (key === "m" || key === "M") void toggle("microphone");
  if (key === "v" || key === "V") void toggle("camera");
});

/** Phones end, mute or pause everything behind our back, without an event. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !capture) return;
  reflect();
  tellDevices();
  for (const kind of KINDS) if (capture.track(kind)?.readyState === "ended") void regain(kind);
  setTimeout(() => {
    if (document.hidden) return;
    for (const kind of KINDS)
      if (capture?.track(kind)?.muted) void mend(kind, `${WORDS[kind].name} est revenu${WORDS[kind].e}.`);
  }, GIVEN_BACK);
});

byId("settings-dialog").addEventListener("close", () => {
  document.querySelector('section[data-screen="check"] .devices-place')?.append(byId("choice"));
});

navigator.mediaDevices?.addEventListener?.("devicechange", () => void plugged());
