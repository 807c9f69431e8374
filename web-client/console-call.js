// The consultation on screen: the two images, what the other's devices do, the commands.

import { announce, byId, confirmDialog } from "./page.js";
import { clock, contextLabel, describe } from "./console-state.js";
import { DevicesView } from "./console-devices.js";
import { CodePanel } from "./spoken-code-panel.js";
import { interruption } from "./interruption.js";
import { stage } from "./tools.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-rooms.js').Room} Room */
/** @typedef {import('./console-camera.js').Camera} Camera */

/**
 * @typedef {object} CallActions
 * @property {() => Promise<void>} sendBack
 * @property {() => Promise<void>} end
 * @property {(kind: 'audio' | 'video', id: string) => Promise<void>} useDevice
 * @property {() => void} inPerson
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
    byId("microphone").addEventListener("click", () =>
      camera.setMicrophone(!(camera.capture ?? camera).microphone),
    );
    byId("camera").addEventListener("click", () =>
      camera.setCamera(!(camera.capture ?? camera).camera),
    );
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
    this.devices = new DevicesView(camera, {
      useDevice: actions.useDevice,
      videos: () => this.#videos.values(),
      inPerson: actions.inPerson,
    });
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
      this.devices.dress(video);
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
    this.devices.render(entry, entry && (room?.state?.assure ?? entry.assure));
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
    const { microphone, camera } = this.camera.capture ?? this.camera;
    toggle("microphone", microphone, "le micro", "mic");
    toggle("camera", camera, "la caméra", "cam");
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
      seat.microphone ? "Micro ouvert" : seat.missing === "microphone" ? "Sans micro" : "Micro coupé",
      seat.microphone ? "ok" : seat.missing === "microphone" ? "warn" : "idle",
    );
    chip(
      "other-camera",
      seat.camera ? "Caméra ouverte" : seat.missing === "camera" ? "Sans vidéo" : "Caméra coupée",
      seat.camera ? "ok" : seat.missing === "camera" ? "warn" : "idle",
    );
    byId("other-microphone").hidden = byId("other-camera").hidden = !here;

    const flowing = room?.transport === "flowing" && room.gate;
    const cut = {
      socket: room?.connection === "lost",
      path: room?.transport === "lost",
      flowing,
      reached: room?.call?.reached ?? false,
    };
    const lost = cut.path || (cut.socket && !flowing);
    // The service has lost the assuré, we have not.
    const seen = here || (flowing && seat.presence === "lost" && room?.call?.flows);
    byId("screen").classList.toggle("dim", !flowing || !seat.camera || !seen);
    byId("screen-word").textContent = replaced
      ? "Consultation reprise sur une autre console"
      : !seen
        ? [gone.chip, gone.note].filter(Boolean).join(", ")
        : lost
          ? "Image interrompue"
          : !flowing
            ? "Connexion en cours…"
            : seat.camera
              ? ""
              : seat.missing === "camera"
                ? "Sans vidéo"
                : "L'assuré a coupé sa caméra";
    const problem = byId("call-problem");
    const words = replaced ? "" : interruption("medecin_conseil", cut);
    if (problem.textContent !== words) problem.textContent = words;
    problem.hidden = !words;
  }

  /** With sound if the browser lets us, else without and with a button for it. */
  #hear() {
    const video = this.#videos.get(this.#current);
    const call = this.call(this.#current);
    if (!video || !call) return;
    video.muted = false;
    byId("hear").hidden = true;
    call.attach(video).catch((error) => {
      const other = this.#videos.get(this.#current) !== video;
      if (error.name !== "NotAllowedError" || video.muted || other) return;
      video.muted = true;
      byId("hear").hidden = false;
      call.attach(video).catch(() => {});
    });
  }

  /** Set by the page: the call of a room. @type {(id: string) => import('./call.js').Call | null} */
  call = () => null;

  /** @param {boolean} inCall */
  #mirrors(inCall) {
    const { stream, capture } = this.camera;
    const { camera } = this.camera.devices;
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
    byId("mirror-frame").hidden = !stream?.getVideoTracks().length;
  }
}

/** Says what the microphone or the camera became, when a key did it. @param {Camera} camera @param {'microphone' | 'camera'} kind */
export function announceDevice(camera, kind) {
  if (kind === "microphone") announce(camera.microphone ? "Micro activé" : "Micro coupé");
  else announce(camera.camera ? "Caméra activée" : "Caméra coupée");
}
