// The third participant's room: camera and microphone, waiting to be admitted, the call, leaving.

import { Call } from "./call.js";
import { Capture, HOPELESS, captureProblem } from "./capture.js";
import { actions, complain, confirmed, fill, go, journey, notice, setInside, time, wasInside } from "./journey.js";
import { all, announce, byId, post, screen } from "./page.js";
import { Thirds, thirdAt } from "./thirds.js";
import { Tiles } from "./thirds-tiles.js";

/** @typedef {import("./api").ThirdVisit} ThirdVisit */
/** @typedef {import("./protocol").RoomState} RoomState */

/** @type {Partial<Record<import("./capture.js").CaptureProblem, string>>} */
const REMEDIES = {
  absent: "Ce navigateur ne sait pas ouvrir la caméra. Ouvrez votre lien avec Safari, Chrome ou Firefox.",
  refuse: "La caméra et le micro sont bloqués pour cette page. Touchez le symbole à gauche de l'adresse, autorisez-les, puis réessayez.",
  ignore: "La question a été fermée sans réponse. Réessayez, puis répondez « Autoriser ».",
  systeme: "Votre appareil empêche le navigateur d'utiliser la caméra ou le micro. Autorisez-les dans ses réglages, puis réessayez.",
  introuvable: "Nous ne trouvons pas de caméra ou de micro. Branchez-les, ou ouvrez votre lien sur un téléphone.",
  occupe: "La caméra ou le micro servent déjà à une autre application. Fermez-la, puis réessayez.",
  securite: "L'adresse de cette page doit commencer par « https:// ».",
};
const WITHOUT = {
  "": "",
  camera: "Vous venez sans caméra\u00a0: on vous entendra sans vous voir.",
  microphone: "Vous venez sans micro\u00a0: on vous verra sans vous entendre.",
};
const REMEDY = "La caméra et le micro n'ont pas démarré. Réessayez, ou prenez un autre appareil.";

const self = byId("self-video", HTMLVideoElement);
/** @type {ThirdVisit | null} */
let visit = null;
/** @type {Capture | null} */
let capture = null;
/** @type {Call | null} */
let call = null;
/** @type {Tiles | null} */
let tiles = null;
/** @type {WakeLockSentinel | null} */
let awake = null;
let metering = 0;
let news = "";

/** The information is read: the camera comes next; after a reload, without a click. @param {ThirdVisit} opened */
export async function ready(opened) {
  visit = opened;
  if (capture && call) return go("waiting");
  if (wasInside() && (await granted())) return activate({ straight: true });
  go(navigator.mediaDevices ? "devices" : "capture");
  if (!navigator.mediaDevices) byId("capture-remedy").textContent = REMEDIES[isSecureContext ? "absent" : "securite"] ?? "";
}

// A screen is shown: one's own picture comes along.
journey.addEventListener("arrived", (event) => {
  const name = /** @type {CustomEvent} */ (event).detail;
  clearInterval(metering);
  const spot = document.querySelector(`section[data-screen="${name}"] .self-place`);
  if (spot && capture) spot.append(byId("self"));
  reflect();
});

// --- camera and microphone ----------------------------------------------------------------------

/** An interpreter in sign language. */
const signs = () => !byId("check-lsf").hidden;

/** @returns {Promise<boolean>} whether both may be opened without asking */
async function granted() {
  try {
    const states = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: /** @type {PermissionName} */ (name) })),
    );
    return states.every(({ state }) => state === "granted");
  } catch {
    return false;
  }
}

/**
 * Opens both, once.
 * @param {{ straight?: boolean, without?: keyof typeof WITHOUT }} [how] `straight`: then enters,
 *   without the check
 */
async function activate({ straight = false, without = "" } = {}) {
  const slow = setTimeout(() => {
    byId("asking").hidden = false;
    announce(byId("asking").textContent ?? "");
  }, 700);
  try {
    capture?.stop();
    capture = await Capture.open({ video: without !== "camera", audio: without !== "microphone" });
  } catch (error) {
    capture = null;
    const again = screen() === "capture";
    const problem = captureProblem(error);
    byId("capture-remedy").textContent = REMEDIES[problem] ?? REMEDY;
    const hopeless = HOPELESS.includes(problem);
    // Signs are seen, and nothing else of this interpreter is of use.
    for (const node of all('[data-action="without-camera"]')) node.hidden = hopeless || signs();
    for (const node of all('[data-action="without-microphone"]')) node.hidden = hopeless;
    go("capture");
    if (again) complain("Toujours pas. Suivez le conseil ci-dessous, puis réessayez.");
    return;
  } finally {
    clearTimeout(slow);
    byId("asking").hidden = true;
  }
  capture.onended = (kind) => void change(regained(kind));
  self.srcObject = capture.stream;
  byId("without").hidden = !without;
  byId("without").textContent = WITHOUT[without];
  void listDevices();
  if (straight) return enter();
  go("check");
  meter();
}

function meter() {
  const bar = byId("level", HTMLMeterElement);
  const text = byId("level-text");
  metering = setInterval(() => {
    const level = capture?.level() ?? 0;
    bar.value = level;
    if (level <= 0.25 || text.dataset.heard) return;
    text.dataset.heard = "yes";
    text.textContent = "Votre micro fonctionne";
    announce("Votre micro fonctionne");
  }, 100);
}

async function listDevices() {
  if (!capture) return;
  const found = await capture.devices();
  for (const kind of /** @type {const} */ (["videoinput", "audioinput", "audiooutput"])) {
    const select = byId(kind, HTMLSelectElement);
    const named = found[kind].filter((device) => device.label);
    const track = capture.track(kind === "videoinput" ? "video" : "audio");
    const chosen = kind === "audiooutput" ? select.value : track?.getSettings().deviceId;
    select.replaceChildren(...named.map((one) => new Option(one.label, one.deviceId)));
    if (chosen) select.value = chosen;
    const usable = kind !== "audiooutput" || "setSinkId" in self;
    if (select.parentElement) select.parentElement.hidden = named.length < 2 || !usable;
  }
}

/** @param {"audio" | "video"} kind */
async function regained(kind) {
  if (!capture) throw new Error("over");
  return capture.useDevice(kind, "");
}

/** @param {Promise<MediaStreamTrack>} changing */
async function change(changing) {
  try {
    const track = await changing;
    await call?.replaceTrack(track);
    notice(track.kind === "video" ? "La caméra a changé." : "Le micro a changé.");
  } catch {
    if (capture) notice("Cet appareil ne répond pas. Choisissez-en un autre dans les réglages.");
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
      node.querySelector("use")?.setAttribute("href", `#i-${icon}${on ? "" : "-off"}`);
      const label = node.querySelector("span");
      if (label) label.textContent = `${on ? "Couper" : "Activer"} ${name}`;
    }
  };
  button("microphone", microphone, "le micro", "mic");
  button("camera", camera, "la caméra", "cam");
  for (const node of all('[data-action="camera"]')) node.hidden = capture.missing === "camera";
  for (const node of all('[data-action="microphone"]')) node.hidden = capture.missing === "microphone";
  for (const node of all(".sound")) node.hidden = capture.missing === "microphone";
  byId("self-off").hidden = camera;
  byId("self-off").textContent = capture.missing === "camera" ? "Vous venez sans caméra" : "Votre caméra est coupée";
  self.classList.toggle("mirrored", capture.mirrored);
  if (self.paused) self.play().catch(() => {});
}

function tellDevices() {
  if (capture) call?.setDevices({ microphone: capture.microphone, camera: capture.camera, missing: capture.missing, virtual: capture.virtual });
}

/** @param {"microphone" | "camera"} device */
function toggle(device) {
  if (!capture) return;
  const on = !capture[device];
  if (device === "microphone") capture.setMicrophone(on);
  else capture.setCamera(on);
  reflect();
  tellDevices();
  announce(device === "microphone" ? `Micro ${on ? "activé" : "coupé"}` : `Caméra ${on ? "activée" : "coupée"}`);
}

// --- the room -----------------------------------------------------------------------------------

function enter() {
  if (!visit || !capture) return go("devices");
  const room = new Call({ role: "tiers1", access: visit.access, renew: () => post("/api/tiers/jeton", {}) });
  const thirds = new Thirds(room);
  call = room;
  news = "";
  const speaker = () => byId("audiooutput", HTMLSelectElement).value;
  tiles = new Tiles({ call: room, thirds, place: byId("stage"), speaker, grid: true });
  /** @param {string} name @param {(detail: any) => void} listener */
  const on = (name, listener) =>
    room.addEventListener(name, (event) => {
      if (call === room) listener(/** @type {CustomEvent} */ (event).detail);
    });
  on("joining", (/** @type {import("./call.js").Joining} */ { socket }) =>
    socket.on("removed", ({ at }) => over("removed", at)),
  );
  on("state", (state) => render(state, thirds));
  on("connection", (now) => lost(now === "lost"));
  on("replaced", () => over("replaced"));
  on("refused", ({ code }) => (code === "removed" ? over("removed", new Date().toISOString()) : void again()));
  capture.rest();
  setInside(true);
  room.setStream(capture.stream);
  tellDevices();
  go("waiting");
  void stayAwake();
  void room.join();
}

/** The room does not take us: the link knows why. */
async function again() {
  over("");
  await actions.refresh?.();
}

/** @param {boolean} now */
function lost(now) {
  const banner = byId("lost");
  if (banner.hidden === !now) return;
  banner.hidden = !now;
  announce(now ? (banner.textContent ?? "").trim() : "Connexion rétablie");
}

/** @param {RoomState} state @param {Thirds} thirds */
function render(state, thirds) {
  if (state.phase === "ended") return over("closed");
  const mine = thirds.seat ? thirdAt(state, thirds.seat) : null;
  const inside = state.phase === "admitted" && Boolean(mine?.admitted);
  const before = screen();
  if (inside && before !== "call") go("call");
  if (!inside && before === "call") {
    go("waiting");
    announce("Vous êtes revenu en salle d'attente. On ne vous voit plus et on ne vous entend plus.");
  }
  byId("no-picture").textContent = state.held.length ? "L'entretien est en pause." : "Les images arrivent…";
  if (!inside) wait(state, Boolean(mine?.objected));
}

/** @param {RoomState} state @param {boolean} objected */
function wait(state, objected) {
  const here = state.medecin_conseil.presence === "present";
  const now = objected
    ? "L'assuré ne souhaite pas votre présence. Le médecin en est informé."
    : here
      ? "Le médecin doit vous admettre. Il est prévenu de votre arrivée."
      : "Le médecin n'est pas encore là. Il doit vous admettre\u00a0: il sera prévenu de votre arrivée.";
  if (now === news) return;
  byId("news").textContent = news = now;
  announce(now);
}

/** Lets go of the room, the camera and the microphone. @param {string} name the screen that says so @param {string} [at] */
function over(name, at) {
  const room = call;
  call = null;
  setInside(false);
  tiles?.close();
  tiles = null;
  capture?.stop();
  capture = null;
  self.srcObject = null;
  room?.close();
  void awake?.release();
  awake = null;
  byId("lost").hidden = true;
  for (const dialog of document.querySelectorAll("dialog")) if (dialog.open) dialog.close();
  if (at) fill("[data-at]", time(at));
  if (name) go(name);
}

async function stayAwake() {
  if (!call || !("wakeLock" in navigator) || awake?.released === false) return;
  awake = await navigator.wakeLock.request("screen").catch(() => null);
}

// --- what the person does -----------------------------------------------------------------------

Object.assign(actions, {
  activate: () => activate(),
  "without-camera": () => activate({ without: "camera" }),
  "without-microphone": () => activate({ without: "microphone" }),
  enter,
  microphone: () => toggle("microphone"),
  camera: () => toggle("camera"),
  settings() {
    document.querySelector("#settings-dialog .devices-place")?.append(byId("choice"));
    void confirmed("settings");
  },
  async leave() {
    if (!(await confirmed("leave")) || !call) return;
    const leaving = call;
    call = null;
    capture?.stop();
    await Promise.race([
      leaving.leave().catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, 3_000)),
    ]);
    leaving.close();
    over("left", new Date().toISOString());
  },
});

for (const kind of /** @type {const} */ (["audioinput", "videoinput"])) {
  const select = byId(kind, HTMLSelectElement);
  select.addEventListener("change", () => {
    if (capture) void change(capture.useDevice(kind === "audioinput" ? "audio" : "video", select.value));
  });
}
byId("audiooutput").addEventListener("change", () => tiles?.render());
byId("settings-dialog").addEventListener("close", () => {
  document.querySelector('section[data-screen="check"] .devices-place')?.append(byId("choice"));
});
document.addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
  if (ctrlKey || altKey || metaKey || repeat || !call || document.querySelector("dialog[open]")) return;
  if (target instanceof Element && target.matches("input, select, textarea")) return;
  if (key === "m" || key === "M") toggle("microphone");
  if (key === "v" || key === "V") toggle("camera");
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !capture) return;
  void stayAwake();
  reflect();
});
navigator.mediaDevices?.addEventListener?.("devicechange", () => void listDevices());
addEventListener("pagehide", () => call?.close());
