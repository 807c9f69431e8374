// The parts of the equipment test that need no network: browser, camera, microphone, loudspeaker.

/** @typedef {import('./api').EquipmentParts} Parts */
/** @typedef {import('./capture.js').Capture} Capture */

/** How long a picture, and a voice, are waited for, in ms. */
const [PICTURE, VOICE] = [5_000, 12_000];
/** Louder than a room that is quiet (see Capture.level). */
const HEARD = 0.25;
/** Pictures that make a moving one. */
const MOVING = 8;
/** Three notes, in hertz. */
const NOTES = [523.25, 659.25, 783.99];

/** By what it can do, never by its name. @returns {Parts['navigateur']} */
export function browser() {
  const needed = [
    typeof RTCPeerConnection === "function",
    Boolean(navigator.mediaDevices?.getUserMedia),
    typeof WebSocket === "function",
  ];
  if (!needed.every(Boolean)) return "incompatible";
  const wanted = [
    "replaceTrack" in RTCRtpSender.prototype,
    "addTransceiver" in RTCPeerConnection.prototype,
    typeof AudioContext === "function",
    Boolean(RTCRtpSender.getCapabilities?.("video")),
    CSS.supports("aspect-ratio", "1"),
  ];
  return wanted.every(Boolean) ? "ok" : "partiel";
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });

/**
 * Whether there is a picture, and whether it moves. How bright it is is not looked at: no page of ours
 * knows how to take a picture (ID-03).
 * @param {Capture} capture @param {HTMLVideoElement} video @param {AbortSignal} signal
 * @returns {Promise<Parts['camera']>}
 */
export async function camera(capture, video, signal) {
  const track = capture.track("video");
  if (!track) return "introuvable";
  if (track.readyState !== "live") return "panne";
  // The person has switched it off: there is nothing to judge.
  if (!capture.camera) return "non_teste";
  let frames = 0;
  const count = () => {
    frames += 1;
    if (!signal.aborted) video.requestVideoFrameCallback(count);
  };
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(count);
  else frames = MOVING;
  for (let waited = 0; waited < PICTURE; waited += 250) {
    if (video.videoWidth && frames >= MOVING) return "ok";
    await pause(250, signal);
  }
  return video.videoWidth && frames ? "faible" : "panne";
}

/**
 * Whether a voice is heard.
 * @param {Capture} capture @param {(level: number) => void} show @param {AbortSignal} signal
 * @returns {Promise<Parts['micro']>}
 */
export async function microphone(capture, show, signal) {
  const track = capture.track("audio");
  if (!track) return "introuvable";
  if (track.readyState !== "live") return "panne";
  if (!capture.microphone) return "non_teste";
  let measured = false;
  let loud = 0;
  for (let waited = 0; waited < VOICE; waited += 100) {
    const level = capture.level();
    measured ||= level !== null;
    show(level ?? 0);
    if ((level ?? 0) > HEARD) loud += 1;
    if (loud > 4) return "ok";
    await pause(100, signal);
  }
  // Not measurable (no gesture yet): nothing is said about silence.
  return measured ? "faible" : "non_teste";
}

/** A sound made here, by the loudspeaker that was chosen. */
export class Chime {
  #context = new AudioContext();
  #out = this.#context.createMediaStreamDestination();
  #audio = new Audio();

  constructor() {
    this.#audio.srcObject = this.#out.stream;
  }

  /** @param {string} sink a loudspeaker, '' for the default one */
  async play(sink) {
    if (sink && "setSinkId" in this.#audio) await this.#audio.setSinkId(sink).catch(() => {});
    await this.#context.resume();
    await this.#audio.play();
    NOTES.forEach((pitch, at) => this.#note(pitch, this.#context.currentTime + 0.1 + at * 0.4));
  }

  /** @param {number} pitch @param {number} at */
  #note(pitch, at) {
    const volume = this.#context.createGain();
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.3, at + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.6);
    const note = this.#context.createOscillator();
    note.frequency.value = pitch;
    note.connect(volume).connect(this.#out);
    note.start(at);
    note.stop(at + 0.65);
  }

  close() {
    this.#audio.pause();
    this.#audio.srcObject = null;
    this.#context.close().catch(() => {});
  }
}
