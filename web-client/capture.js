// The person's own camera and microphone: opened once, kept for the whole visit, closed for good.

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

/** Phones can't open two cameras, nor two microphones, at once. */
const isPhone = () => matchMedia("(pointer: coarse)").matches;

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
  /** @type {AudioContext | null} */
  #audio = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  #stopped = false;
  #on = { audio: true, video: true };

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
    return this.#on.audio && this.track("audio")?.readyState === "live";
  }

  get camera() {
    return this.#on.video && this.track("video")?.readyState === "live";
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
    const track = this.track("audio");
    if (!track) return null;
    if (!this.#audio || !this.#analyser) {
      this.#audio = new AudioContext();
      this.#analyser = this.#audio.createAnalyser();
      this.#analyser.fftSize = 1024;
      this.#audio.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
    }
    if (this.#audio.state !== "running") {
      this.#audio.resume().catch(() => {});
      return null;
    }
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0);
    const rms = Math.sqrt(power / samples.length);
    return rms < SILENCE ? 0 : Math.min(1, Math.max(0.02, (20 * Math.log10(rms) + 60) / 50));
  }

  /** Stops measuring: nobody looks at the level any more. */
  rest() {
    this.#audio?.close().catch(() => {});
    this.#audio = this.#analyser = null;
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
    this.onended = null;
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
  async #replace(kind, wanted) {
    const old = this.track(kind);
    if (isPhone()) old?.stop();
    const track = await this.#acquire(kind, wanted).catch((error) => {
      // On a phone the old one is already gone: the default one is better than none.
      if (old?.readyState === "live") throw error;
      return this.#acquire(kind, {});
    });
    if (kind === "audio") this.rest();
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
    const stream = await navigator.mediaDevices.getUserMedia({ [kind]: { ...base, ...wanted } });
    const track = /** @type {MediaStreamTrack} */ (stream.getTracks()[0]);
    if (!this.#stopped) return track;
    track.stop();
    throw new DOMException("stopped meanwhile", "AbortError");
  }

  /** @param {MediaStreamTrack} track */
  #watch(track) {
    // `ended` is not fired by our own stop(): it is the device that left.
    track.addEventListener("ended", () => this.onended?.(/** @type {Kind} */ (track.kind)));
  }
}
