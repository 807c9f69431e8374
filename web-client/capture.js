// The person's own camera and microphone: opened once, kept for the whole visit, closed for good.

import { Ear, QUICK } from "./ear.js";

/** @typedef {'audio' | 'video'} Kind */
/**
 * @typedef {'absent' | 'refuse' | 'ignore' | 'systeme' | 'introuvable' | 'occupe'
 *   | 'incompatible' | 'interrompu' | 'securite' | 'technique'} CaptureProblem
 */

const VIDEO = {
  width: { ideal: 640 },
  height: { ideal: 480 },
  frameRate: { ideal: 30 },
  facingMode: { ideal: "user" },
};
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Below this the microphone gives nothing, or a hardware switch cuts it (root mean square). */
const SILENCE = 0.0003;

/** The system takes devices for an instant without a reason to talk about it: after so long, in ms. */
const TAKEN = 2_000;

/** Names under which programs that make a picture offer it as a camera. */
const VIRTUAL = new RegExp(
  "\\b(obs|virtual|virtuel|manycam|xsplit|vcam|snap camera|splitcam|camtwist|webcammax|youcam|" +
    "altercam|fakewebcam|sparkocam|webcamoid|v4l2loopback|loopback|dummy video|mmhmm|chromacam|" +
    "nvidia broadcast|logi capture|prism live|vtube|facerig|animaze|deep-?live)",
  "i",
);

/** An indication and no more: a label is easy to change, and an honest one may be there for work. @param {string} label */
export const isVirtualCamera = (label) => VIRTUAL.test(label);

/** Phones can't open two cameras, nor two microphones, at once. */
const isPhone = () => matchMedia("(pointer: coarse)").matches;

/** Nothing that another try, or one device less, could open: another browser, another address. @type {CaptureProblem[]} */
export const HOPELESS = ["absent", "securite"];

/** @returns {boolean} whether this browser can capture at all (in-app browsers often can't) */
export const canCapture = () => Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Why a capture failed, as one of a fixed list: each has its own words on the page.
 * @param {unknown} error
 * @returns {CaptureProblem}
 */
export function captureProblem(error) {
  if (!canCapture()) return isSecureContext ? "absent" : "securite";
  const { name = "", message = "" } = /** @type {{name?: string, message?: string}} */ (error ?? {});
  switch (name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      if (/dismiss/i.test(message)) return "ignore";
      return /system|policy/i.test(message) ? "systeme" : "refuse";
    case "NotFoundError":
    case "DevicesNotFoundError":
      return "introuvable";
    case "NotReadableError":
    case "TrackStartError":
      return "occupe";
    case "OverconstrainedError":
    case "ConstraintNotSatisfiedError":
      return "incompatible";
    case "AbortError":
      return "interrompu";
    case "SecurityError":
      return "securite";
    default:
      return "technique";
  }
}

/** An open camera and microphone, in one MediaStream that stays the same when a device changes. */
export class Capture {
  /** @type {((kind: Kind) => void) | null} called when a device went away by itself */
  onended = null;
  /** @type {((kind: Kind, taken: boolean) => void) | null} the system took a device, or gave it back */
  ontaken = null;
  /** @type {Ear | null} */
  #ear = null;
  /** What the ear listens to: a copy, which hears while the microphone is off. @type {MediaStreamTrack | null} */
  #copy = null;
  #stopped = false;
  #on = { audio: true, video: true };
  /** @type {Promise<unknown>} one after the other: each takes the place of what is there by then */
  #replacing = Promise.resolve();

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.stream = stream;
    stream.getTracks().forEach((track) => this.#watch(track));
  }

  /**
   * Asks for both at once: one question, one answer.
   * @param {{video?: boolean, audio?: boolean}} [wanted]
   * @returns {Promise<Capture>} throws what getUserMedia throws: see captureProblem
   */
  static async open({ video = true, audio = true } = {}) {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: video && VIDEO,
      audio: audio && AUDIO,
    });
    performance.mark("tc:capture");
    return new Capture(stream);
  }

  /** @param {Kind} kind */
  track(kind) {
    return this.stream.getTracks().find((track) => track.kind === kind) ?? null;
  }

  get microphone() {
    return this.#on.audio && this.works("audio");
  }

  get camera() {
    return this.#on.video && this.works("video");
  }

  /** There, and not taken by the system (a phone call). @param {Kind} kind */
  works(kind) {
    const track = this.track(kind);
    return track?.readyState === "live" && !track.muted;
  }

  /** What this person does without. @returns {"" | "camera" | "microphone"} */
  get missing() {
    const none = (/** @type {Kind} */ kind) => this.track(kind)?.readyState !== "live";
    return none("video") ? "camera" : none("audio") ? "microphone" : "";
  }

  /** The camera has the name of a program. */
  get virtual() {
    return isVirtualCamera(this.track("video")?.label ?? "");
  }

  /** The picture is that of the person's face, so the page shows it as a mirror does. */
  get mirrored() {
    return this.track("video")?.getSettings().facingMode !== "environment";
  }

  /** @param {boolean} on */
  setMicrophone(on) {
    this.#set("audio", on);
  }

  /** @param {boolean} on */
  setCamera(on) {
    this.#set("video", on);
  }

  /**
   * How loud the microphone is now, 0 (nothing at all) to 1; null while it can't be measured.
   * @returns {number | null}
   */
  level() {
    const rms = this.loudness(QUICK);
    if (rms === null || rms < SILENCE) return rms && 0;
    return Math.min(1, Math.max(0.02, (20 * Math.log10(rms) + 60) / 50));
  }

  /** As Ear.loudness; what comes in counts, whether it is sent or not. @param {number} size */
  loudness(size) {
    const track = this.track("audio");
    if (track?.readyState !== "live") return null;
    if (!this.#ear) {
      this.#copy = track.clone();
      this.#copy.enabled = true;
      this.#ear = new Ear(this.#copy);
    }
    return this.#ear.loudness(size);
  }

  /** Stops measuring: nobody looks at the level any more. */
  rest() {
    this.#ear?.close();
    this.#copy?.stop();
    this.#ear = this.#copy = null;
  }

  /** @returns {Promise<Record<'audioinput' | 'videoinput' | 'audiooutput', MediaDeviceInfo[]>>} */
  async devices() {
    const found = await navigator.mediaDevices.enumerateDevices();
    const of = (/** @type {string} */ kind) => found.filter((d) => d.kind === kind && d.deviceId);
    return {
      audioinput: of("audioinput"),
      videoinput: of("videoinput"),
      audiooutput: of("audiooutput"),
    };
  }

  /**
   * @param {Kind} kind
   * @param {string} deviceId '' for the default one
   * @returns {Promise<MediaStreamTrack>} to be handed to the sender in place of the old one
   */
  useDevice(kind, deviceId) {
    return this.#replace(kind, deviceId ? { deviceId: { exact: deviceId } } : {});
  }

  /** @returns {Promise<MediaStreamTrack>} the track of the other camera (front, rear) */
  async flip() {
    const { facingMode, deviceId } = this.track("video")?.getSettings() ?? {};
    if (facingMode) {
      const other = facingMode === "environment" ? "user" : "environment";
      return this.#replace("video", { facingMode: { ideal: other } });
    }
    const { videoinput } = await this.devices();
    const next = videoinput.findIndex((device) => device.deviceId === deviceId) + 1;
    return this.useDevice("video", videoinput[next % videoinput.length]?.deviceId ?? "");
  }

  /** Every captured track ends, and with it the device's light. */
  stop() {
    this.#stopped = true;
    this.onended = this.ontaken = null;
    this.rest();
    for (const track of this.stream.getTracks()) track.stop();
  }

  /**
   * @param {Kind} kind
   * @param {boolean} on
   */
  #set(kind, on) {
    this.#on[kind] = on;
    const track = this.track(kind);
    if (track) track.enabled = on;
  }

  /**
   * @param {Kind} kind
   * @param {MediaTrackConstraints} wanted
   */
  #replace(kind, wanted) {
    // A list is gone through by the arrow keys: two at a time would both stay, the first one in use.
    const done = this.#replacing.then(() => this.#exchange(kind, wanted));
    this.#replacing = done.catch(() => undefined);
    return done;
  }

  /**
   * @param {Kind} kind
   * @param {MediaTrackConstraints} wanted
   */
  async #exchange(kind, wanted) {
    const old = this.track(kind);
    // Its copy would keep the device open.
    if (kind === "audio") this.rest();
    if (isPhone()) old?.stop();
    const track = await this.#acquire(kind, wanted).catch((error) => {
      // On a phone the old one is already gone: the default one is better than none.
      // Nobody is asked the same question twice.
      if (old?.readyState === "live" || !Object.keys(wanted).length) throw error;
      return this.#acquire(kind, {});
    });
    if (old) {
      old.stop();
      this.stream.removeTrack(old);
    }
    track.enabled = this.#on[kind];
    this.stream.addTrack(track);
    this.#watch(track);
    return track;
  }

  /**
   * @param {Kind} kind
   * @param {MediaTrackConstraints} wanted
   */
  async #acquire(kind, wanted) {
    const base = kind === "video" ? VIDEO : AUDIO;
    const over = () => new DOMException("stopped meanwhile", "AbortError");
    if (this.#stopped) throw over();
    const stream = await navigator.mediaDevices.getUserMedia({ [kind]: { ...base, ...wanted } });
    const track = /** @type {MediaStreamTrack} */ (stream.getTracks()[0]);
    if (!this.#stopped) return track;
    track.stop();
    throw over();
  }

  /** @param {MediaStreamTrack} track */
  #watch(track) {
    // `ended` is not fired by our own stop(): it is the device that left.
    const kind = /** @type {Kind} */ (track.kind);
    let told = false;
    const current = () => track.readyState === "live" && this.track(kind) === track;
    track.addEventListener("ended", () => this.onended?.(kind));
    track.addEventListener("mute", () =>
      setTimeout(() => {
        if (!track.muted || !current() || document.hidden) return;
        told = true;
        this.ontaken?.(kind, true);
      }, TAKEN),
    );
    track.addEventListener("unmute", () => {
      if (told && current()) this.ontaken?.(kind, false);
      told = false;
    });
  }
}
