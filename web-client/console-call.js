// The consultation on screen: the two images, what the other's devices do, the commands.

import { announce, byId, confirmDialog, element } from "./page.js";
import { clock, contextLabel, describe } from "./console-state.js";
import { CodePanel } from "./spoken-code-panel.js";
import { stage } from "./tools.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-rooms.js').Room} Room */
/** @typedef {import('./console-camera.js').Camera} Camera */

/**
 * @typedef {object} CallActions
 * @property {() => Promise<void>} sendBack
 * @property {() => Promise<void>} end
 * @property {(kind: 'audio' | 'video', id: string) => Promise<void>} useDevice
 * @property {(error: unknown) => void} fail
 */

/** A chip of the header. @param {string} id @param {string} text @param {string} tone */
function chip(id, text, tone) {
  byId(id).textContent = text;
  byId(id).className = `chip ${tone}`;
}

/** A button that turns something off and on: its name says what it will do. @param {string} id @param {boolean} on @param {string} what @param {string} icon */
function toggle(id, on, what, icon) {
  const button = byId(id);
  button.classList.toggle("cut", !on);
  button.lastElementChild?.replaceChildren(`${on ? "Couper" : "Activer"} ${what}`);
  button.querySelector("use")?.setAttribute("href", `#i-${icon}${on ? "" : "-off"}`);
}

export class CallView {
  /** One video element per room, so that the next one's is ready before it is shown. @type {Map<string, HTMLVideoElement>} */
  #videos = new Map();
  #current = "";
  #name = "";

  /** @param {Camera} camera @param {CallActions} actions */
  constructor(camera, actions) {
    this.camera = camera;
    this.actions = actions;
    this.code = new CodePanel("medecin_conseil", actions.fail);
    byId("microphone").addEventListener("click", () => camera.setMicrophone(!camera.microphone));
    byId("camera").addEventListener("click", () => camera.setCamera(!camera.camera));
    byId("send-back").addEventListener(
      "click",
      () => void this.#once("send-back", actions.sendBack),
    );
    byId("end").addEventListener("click", () => void this.askEnd());
    byId("hear").addEventListener("click", () => this.#hear());
    byId("fullscreen").addEventListener("click", () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      else
        void byId("call")
          .requestFullscreen()
          .catch(() => {});
    });
    byId("fullscreen").hidden = !document.fullscreenEnabled;
    document.addEventListener("fullscreenchange", () => {
      byId("fullscreen").setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
    for (const [id, kind] of /** @type {const} */ ([
      ["device-microphone", "audio"],
      ["device-camera", "video"],
    ])) {
      const select = byId(id, HTMLSelectElement);
      select.addEventListener("change", () => void actions.useDevice(kind, select.value));
    }
    byId("devices").addEventListener("toggle", () => void this.#listDevices());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#listDevices());
  }

  async askEnd() {
    byId("end-text").textContent =
      `La consultation avec ${this.#name} prendra fin pour vous deux. L'issue se renseigne ensuite.`;
    if (await confirmDialog(byId("end-dialog", HTMLDialogElement)))
      await this.#once("end", this.actions.end);
  }

  /** A command runs once at a time, however often it is pressed. @param {string} id @param {() => Promise<void>} run */
  async #once(id, run) {
    const button = byId(id);
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    await run().finally(() => button.removeAttribute("aria-disabled"));
  }

  /** Give each room its own element as soon as it is open, and take away those that closed. @param {Room[]} rooms */
  rooms(rooms) {
    for (const { id, call } of rooms) {
      if (!call || this.#videos.has(id)) continue;
      const template = byId("remote", HTMLTemplateElement).content.firstElementChild;
      const video = /** @type {HTMLVideoElement} */ (template?.cloneNode(true));
      // Muted until admitted: it may play without asking, and nobody is heard beforehand.
      video.muted = true;
      this.#videos.set(id, video);
      byId("remotes").append(video);
      call.attach(video).catch(() => {});
      if (id === this.#current) this.#current = "";
    }
    for (const [id, video] of this.#videos) {
      if (rooms.some((room) => room.id === id)) continue;
      video.srcObject = null;
      video.remove();
      this.#videos.delete(id);
    }
  }

  /** @param {Entry | null} entry @param {Room | null} room @param {number} now @param {boolean} replaced */
  render(entry, room, now, replaced) {
    byId("call").hidden = !entry;
    this.code.render(room?.call ?? null, Boolean(entry && room?.gate));
    byId("idle").hidden = Boolean(entry);
    stage.show((entry && room?.call) ?? null);
    this.#mirrors(Boolean(entry));
    const id = entry?.id ?? "";
    for (const [known, video] of this.#videos) {
      video.hidden = known !== id;
      if (known !== id) video.muted = true;
    }
    if (!entry) {
      this.#current = "";
      if (document.fullscreenElement) void document.exitFullscreen();
      return;
    }
    this.#name = entry.assure_name;
    if (room?.call && this.#current !== id) {
      this.#current = id;
      this.#hear();
    }
    byId("stage-title").textContent = entry.assure_name;
    byId("call-context").textContent = contextLabel(entry.context);
    this.tick(entry, now);
    this.#other(entry, room, now, replaced);
    toggle("microphone", this.camera.microphone, "le micro", "mic");
    toggle("camera", this.camera.camera, "la caméra", "cam");
  }

  /** @param {Entry} entry @param {number} now */
  tick(entry, now) {
    if (entry.admitted_at)
      byId("call-clock").textContent = clock(now - Date.parse(entry.admitted_at));
  }

  /** What is known of the other one, in words. @param {Entry} entry @param {Room | null} room @param {number} now @param {boolean} replaced */
  #other(entry, room, now, replaced) {
    const seat = room?.state?.assure ?? entry.assure;
    const here = seat.presence === "present";
    const gone = describe({ ...entry, assure: seat }, now);
    chip("other-presence", here ? "Présent dans la salle" : gone.chip, here ? "ok" : "warn");
    chip(
      "other-microphone",
      seat.microphone ? "Micro ouvert" : "Micro coupé",
      seat.microphone ? "ok" : "idle",
    );
    chip(
      "other-camera",
      seat.camera ? "Caméra ouverte" : "Caméra coupée",
      seat.camera ? "ok" : "idle",
    );
    byId("other-microphone").hidden = byId("other-camera").hidden = !here;

    const flowing = room?.transport === "flowing" && room.gate;
    const lost = room?.transport === "lost" || room?.connection === "lost";
    byId("screen").classList.toggle("dim", !flowing || !seat.camera || !here);
    byId("screen-word").textContent = replaced
      ? "Consultation reprise sur une autre console"
      : !here
        ? [gone.chip, gone.note].filter(Boolean).join(", ")
        : lost
          ? "Image interrompue"
          : !flowing
            ? "Connexion en cours…"
            : seat.camera
              ? ""
              : "L'assuré a coupé sa caméra";
    const problem = byId("call-problem");
    const words =
      lost && !replaced
        ? "La liaison est interrompue. Elle se rétablit d'elle-même ; la consultation reste ouverte."
        : "";
    if (problem.textContent !== words) problem.textContent = words;
    problem.hidden = !words;
  }

  /** With sound if the browser lets us, else without and with a button for it. */
  #hear() {
    const video = this.#videos.get(this.#current);
    const call = this.call(this.#current);
    if (!video || !call) return;
    video.muted = false;
    call.attach(video).then(
      () => (byId("hear").hidden = true),
      (error) => {
        if (
          error.name !== "NotAllowedError" ||
          video.muted ||
          this.#videos.get(this.#current) !== video
        )
          return;
        video.muted = true;
        byId("hear").hidden = false;
        call.attach(video).catch(() => {});
      },
    );
  }

  /** Set by the page: the call of a room. @type {(id: string) => import('./call.js').Call | null} */
  call = () => null;

  /** @param {boolean} inCall */
  #mirrors(inCall) {
    const { stream, capture, camera } = this.camera;
    for (const [id, shown] of /** @type {const} */ ([
      ["self", inCall],
      ["mirror", !inCall],
    ])) {
      const video = byId(id, HTMLVideoElement);
      const source = shown ? stream : null;
      if (video.srcObject !== source) video.srcObject = source;
      video.classList.toggle("flipped", capture?.mirrored ?? true);
    }
    byId("self").hidden = !stream || !camera;
    byId("self-word").hidden = Boolean(stream && camera);
    byId("self-word").textContent = stream ? "Caméra coupée" : "Caméra fermée";
    byId("mirror-frame").hidden = !stream;
  }

  async #listDevices() {
    const capture = this.camera.capture;
    if (!byId("devices", HTMLDetailsElement).open) return;
    const none = /** @type {MediaDeviceInfo[]} */ ([]);
    const found = (await capture?.devices()) ?? { audioinput: none, videoinput: none };
    this.#fill("device-microphone", found.audioinput, capture?.track("audio"));
    this.#fill("device-camera", found.videoinput, capture?.track("video"));
  }

  /** @param {string} id @param {MediaDeviceInfo[]} devices @param {MediaStreamTrack | null | undefined} track */
  #fill(id, devices, track) {
    const select = byId(id, HTMLSelectElement);
    const options = devices.map((device, index) =>
      element("option", { value: device.deviceId }, device.label || `Appareil ${index + 1}`),
    );
    select.replaceChildren(...(options.length ? options : [element("option", null, "Aucun")]));
    select.disabled = !options.length;
    select.value = track?.getSettings().deviceId ?? select.value;
  }
}

/** Says what the microphone or the camera became, when a key did it. @param {Camera} camera @param {'microphone' | 'camera'} kind */
export function announceDevice(camera, kind) {
  if (kind === "microphone") announce(camera.microphone ? "Micro activé" : "Micro coupé");
  else announce(camera.camera ? "Caméra activée" : "Caméra coupée");
}
