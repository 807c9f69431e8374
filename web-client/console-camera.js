// The médecin-conseil's camera and microphone: open while somebody waits or talks, else off. No DOM.

import { Capture, captureProblem } from "./capture.js";

/** @typedef {import('./capture.js').CaptureProblem} CaptureProblem */
/** @typedef {import('./capture.js').Kind} Kind */

/** A question that stays unanswered this long does not hold the consultation up any more. */
const ANSWER_MS = 3000;
const ALLOW = "Autorisez-les depuis l'icône à gauche de l'adresse de la page, puis réessayez.";

/** @type {Record<CaptureProblem, [string, string]>} */
export const REMEDIES = {
  refuse: ["L'accès à la caméra et au micro est refusé.", ALLOW],
  ignore: ["L'autorisation de la caméra et du micro attend votre réponse.", ALLOW],
  systeme: [
    "Le système de l'ordinateur bloque la caméra ou le micro.",
    "Autorisez le navigateur dans les réglages de confidentialité du système, puis réessayez.",
  ],
  introuvable: [
    "Aucune caméra ou aucun micro n'est détecté.",
    "Branchez-les ou ouvrez le cache de la caméra, puis réessayez.",
  ],
  occupe: [
    "La caméra ou le micro sert déjà à une autre application.",
    "Fermez cette application, puis réessayez.",
  ],
  incompatible: ["La caméra ne convient pas.", "Branchez-en une autre, puis réessayez."],
  interrompu: ["L'ouverture de la caméra a été interrompue.", "Réessayez."],
  absent: [
    "Ce navigateur ne donne pas accès à la caméra.",
    "Ouvrez la console dans un navigateur récent.",
  ],
  securite: [
    "La page n'est pas servie en HTTPS.",
    "Signalez-le à l'exploitant : la caméra restera fermée.",
  ],
  technique: ["La caméra n'a pas pu s'ouvrir.", "Réessayez, ou redémarrez le navigateur."],
};

/** What one device of the two may have, and the other not: one is better than none. @type {CaptureProblem[]} */
const PARTLY = ["introuvable", "occupe", "incompatible"];
/** @type {Record<Kind, [string, string]>} */
const WORDS = {
  audio: ["Le micro", ""],
  video: ["La caméra", "e"],
};

/**
 * Emits 'change'; `stream` is there while it is open, `problem` when it, or a part of it, could not
 * be. 'track' ({ detail: MediaStreamTrack }): another one took its place; 'said' ({ detail: string }).
 */
export class Camera extends EventTarget {
  /** @type {Capture | null} */
  capture = null;
  /** @type {CaptureProblem | null} */
  problem = null;
  opening = false;
  microphone = true;
  camera = true;
  #needed = false;
  /** What went away and could not be had again yet. @type {Set<Kind>} */
  #gone = new Set();
  /** One device is mended at a time. @type {Promise<unknown>} */
  #mending = Promise.resolve();

  constructor() {
    super();
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.#plugged());
  }

  get stream() {
    return this.capture?.stream ?? null;
  }

  /** For the calls: undefined while the answer is awaited, null when there will be none. */
  get settled() {
    return this.stream ?? (this.problem ? null : undefined);
  }

  /** One getUserMedia per visit: nothing is asked again while the first answer holds. @param {boolean} needed */
  sync(needed) {
    if (needed === this.#needed) return;
    this.#needed = needed;
    if (needed) void this.open();
    else this.#stop();
  }

  async open() {
    if (this.opening) return;
    if (this.capture) return this.#complete();
    this.opening = true;
    this.problem = null;
    this.#changed();
    const unanswered = setTimeout(() => {
      this.problem = "ignore";
      this.#changed();
    }, ANSWER_MS);
    try {
      const capture = await this.#acquire();
      capture.setMicrophone(this.microphone);
      capture.setCamera(this.camera);
      capture.onended = (kind) => void this.#regain(kind);
      capture.ontaken = () => this.#changed();
      this.capture = capture;
    } catch (error) {
      this.problem = captureProblem(error);
    }
    clearTimeout(unanswered);
    this.opening = false;
    if (!this.#needed) this.#stop();
    this.#changed();
  }

  /** Both, or what can be had; `problem` says what could not. @returns {Promise<Capture>} */
  async #acquire() {
    try {
      const capture = await Capture.open();
      this.problem = null;
      return capture;
    } catch (error) {
      const problem = captureProblem(error);
      if (!PARTLY.includes(problem)) throw error;
      const capture = await Capture.open({ video: false })
        .catch(() => Capture.open({ audio: false }))
        .catch(() => Promise.reject(error));
      this.problem = problem;
      return capture;
    }
  }

  /** What was missing, if it is there now. */
  async #complete() {
    const { missing } = this.capture ?? {};
    if (missing) await this.#mend(missing === "camera" ? "video" : "audio");
  }

  /** A device went away by itself: the default one takes its place. @param {Kind} kind */
  #regain(kind) {
    const [name, e] = WORDS[kind];
    this.#changed();
    return this.#mend(kind, `${name} a été débranché${e} : un autre appareil est utilisé.`);
  }

  /** Something was plugged in or out. */
  async #plugged() {
    if (!this.capture && this.#needed && this.problem === "introuvable") return this.open();
    for (const kind of [...this.#gone]) await this.#mend(kind);
  }

  /** @param {Kind} kind @param {string} [sentence] */
  #mend(kind, sentence) {
    const [name, e] = WORDS[kind];
    this.#mending = this.#mending.then(async () => {
      const { capture } = this;
      if (!capture) return;
      try {
        const track = await capture.useDevice(kind, "");
        this.#gone.delete(kind);
        if (!capture.missing) this.problem = null;
        this.#say("track", track);
        this.#say("said", sentence ?? `${name} est prêt${e}.`);
      } catch (error) {
        if (this.capture !== capture) return;
        this.#gone.add(kind);
        this.problem = captureProblem(error);
      }
      this.#changed();
    });
    return this.#mending;
  }

  /** @param {boolean} on */
  setMicrophone(on) {
    this.microphone = on;
    this.capture?.setMicrophone(on);
    this.#have("audio", on);
  }

  /** @param {boolean} on */
  setCamera(on) {
    this.camera = on;
    this.capture?.setCamera(on);
    this.#have("video", on);
  }

  /** Turned on, and not there: it is asked for. @param {Kind} kind @param {boolean} on */
  #have(kind, on) {
    if (on && this.capture && !this.capture.works(kind)) void this.#mend(kind);
    this.#changed();
  }

  /** What the other one is told: off is off, and so is a camera that could not be opened. */
  get devices() {
    const { microphone = false, camera = false, missing = /** @type {const} */ ("") } = this.capture ?? {};
    return { microphone, camera, missing, virtual: false };
  }

  #stop() {
    this.capture?.stop();
    this.capture = null;
    this.problem = null;
    this.#gone.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} name @param {unknown} detail */
  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
