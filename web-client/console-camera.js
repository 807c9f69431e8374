// The médecin-conseil's camera and microphone: open while somebody waits or talks, else off. No DOM.

import { Capture, captureProblem } from "./capture.js";

/** @typedef {import('./capture.js').CaptureProblem} CaptureProblem */

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

/** Emits 'change'; `stream` is there while it is open, `problem` when it could not be. */
export class Camera extends EventTarget {
  /** @type {Capture | null} */
  capture = null;
  /** @type {CaptureProblem | null} */
  problem = null;
  opening = false;
  microphone = true;
  camera = true;
  #needed = false;

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
    if (this.capture || this.opening) return;
    this.opening = true;
    this.problem = null;
    this.#changed();
    const unanswered = setTimeout(() => {
      this.problem = "ignore";
      this.#changed();
    }, ANSWER_MS);
    try {
      const capture = await Capture.open();
      this.problem = null;
      capture.setMicrophone(this.microphone);
      capture.setCamera(this.camera);
      capture.onended = () => {
        this.#stop();
        this.problem = "introuvable";
        this.#changed();
      };
      this.capture = capture;
    } catch (error) {
      this.problem = captureProblem(error);
    }
    clearTimeout(unanswered);
    this.opening = false;
    if (!this.#needed) this.#stop();
    this.#changed();
  }

  /** @param {boolean} on */
  setMicrophone(on) {
    this.microphone = on;
    this.capture?.setMicrophone(on);
    this.#changed();
  }

  /** @param {boolean} on */
  setCamera(on) {
    this.camera = on;
    this.capture?.setCamera(on);
    this.#changed();
  }

  /** What the other one is told: off is off, and so is a camera that could not be opened. */
  get devices() {
    const open = Boolean(this.capture);
    return { microphone: open && this.microphone, camera: open && this.camera };
  }

  #stop() {
    this.capture?.stop();
    this.capture = null;
    this.problem = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
