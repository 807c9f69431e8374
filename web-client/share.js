// A screen or a window in place of one's camera, and the word for it on the other side.
//
// The track changes and nothing is negotiated (outgoing.js); it leaves by the gate as the camera
// does, so never before admission. Phones cannot: there the command is not there, and a document
// is shown by its own tool.

import { drawing, frame } from "./drawing.js";
import { announce, element, look } from "./page.js";
import { addTool, stage } from "./tools.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./call.js").Call} Call */

const TOPIC = "screen";
const SCREEN = "M4 5h16v11H4ZM9 20h6M12 16v4";
/** Small letters matter, not movement. */
const WANTED = { frameRate: { max: 15 }, width: { max: 1920 }, height: { max: 1200 } };

/** @type {Record<string, string>} */
const SURFACES = {
  monitor: "tout votre écran. Fermez ce qui concerne d'autres personnes",
  window: "une fenêtre",
  browser: "un onglet",
};

export const canShare = () =>
  typeof navigator.mediaDevices?.getDisplayMedia === "function" && !matchMedia("(pointer: coarse)").matches;

/** What one call shows, on both of its sides. */
class Share {
  /** @type {MediaStreamTrack | null} ours */ track = null;
  /** The browser asks which one. */
  #asks = false;
  /** The other says that we see their screen. */
  theirs = false;

  /** @param {Side} side @param {() => void} changed */
  constructor({ role, call, notice }, changed) {
    this.role = role;
    this.call = call;
    this.notice = notice;
    this.changed = changed;
    call.addEventListener("gate", (event) => {
      if (!(/** @type {CustomEvent} */ (event).detail)) this.over();
    });
    call.addEventListener("closed", () => this.over());
    call.addEventListener("talking", () => {
      // A new connection: their page may be another one, and knows nothing of ours.
      this.#hear(false);
      if (this.track) this.#say();
    });
    call.addEventListener("talk", (event) => {
      const { topic, content } = /** @type {CustomEvent} */ (event).detail;
      if (topic === TOPIC) this.#hear(content?.on === true);
    });
    call.addEventListener("state", changed);
  }

  get other() {
    return this.role === "assure" ? "Le médecin" : "L'assuré";
  }

  get admitted() {
    return this.call.state?.phase === "admitted";
  }

  /** @returns {Promise<MediaStream | null>} */
  async #ask() {
    try {
      return await navigator.mediaDevices.getDisplayMedia({ video: WANTED, audio: false });
    } catch (wrong) {
      // Closing the browser's question is an answer, not a failure.
      if (/** @type {Error} */ (wrong).name !== "NotAllowedError") this.notice("L'écran n'a pas pu être partagé. Votre caméra reste montrée.");
      return null;
    }
  }

  async start() {
    // The second click of a double one: its screen would be captured with nobody to end it.
    if (this.#asks) return;
    this.#asks = true;
    const stream = await this.#ask();
    this.#asks = false;
    if (!stream) return;
    const [track] = stream.getVideoTracks();
    if (!track || !this.admitted || stage.call !== this.call) return stream.getTracks().forEach((one) => one.stop());
    track.contentHint = "detail";
    // Ended by the browser's own bar, or the window is closed.
    track.addEventListener("ended", () => this.track === track && this.stop());
    this.track = track;
    this.call.outgoing.show(track);
    this.#say();
    const what = SURFACES[track.getSettings().displaySurface ?? ""] ?? "votre écran";
    announce(`Vous partagez ${what}.`);
    this.changed();
  }

  stop() {
    if (!this.track) return;
    this.over();
    announce("Partage terminé. Votre caméra est montrée de nouveau.");
  }

  /** Whatever ended it: the camera is back in its place. */
  over() {
    this.track?.stop();
    const was = this.track;
    this.track = null;
    this.call.outgoing.show(null);
    if (was) this.#say();
    this.theirs = false;
    this.changed();
  }

  get surface() {
    return SURFACES[this.track?.getSettings().displaySurface ?? ""] ?? "votre écran";
  }

  #say() {
    this.call.talk(TOPIC, { on: Boolean(this.track) });
  }

  /** @param {boolean} on */
  #hear(on) {
    if (on === this.theirs) return;
    this.theirs = on && this.admitted;
    if (this.call === stage.call) announce(this.theirs ? `${this.other} partage son écran.` : `${this.other} ne partage plus son écran.`);
    this.changed();
  }
}

/** The command and the words over the picture. */
class Desk {
  /** @type {Map<Call, Share>} */ shares = new Map();
  /** @type {HTMLButtonElement | null} */ #button;
  #label = element("p", { id: "screen-label", className: "screen-label", hidden: true });

  constructor() {
    void look("share.css");
    this.#button = canShare() ? addTool({ id: "share", label: "Partager mon écran", run: () => this.#toggle() }) : null;
    frame().append(this.#label);
    stage.addEventListener("change", () => this.render());
  }

  #toggle() {
    const share = stage.call && this.shares.get(stage.call);
    if (!share) return;
    if (share.track) share.stop();
    else void share.start();
  }

  render() {
    const share = (stage.call && this.shares.get(stage.call)) ?? null;
    const ours = Boolean(share?.track);
    const seat = share?.role === "assure" ? share?.call.state?.medecin_conseil : share?.call.state?.assure;
    const theirs = Boolean(share?.theirs && seat?.presence === "present");
    document.body.classList.toggle("shows-screen", ours);
    document.body.classList.toggle("sees-screen", theirs);
    this.#button?.replaceChildren(drawing(SCREEN), element("span", null, ours ? "Arrêter le partage" : "Partager mon écran"));
    this.#button?.classList.toggle("sharing", ours);
    const words = [
      theirs ? `${share?.other} partage son écran` : "",
      ours ? `Vous partagez ${share?.surface}` : "",
    ];
    this.#label.textContent = words.filter(Boolean).join(". ");
    this.#label.hidden = !this.#label.textContent;
  }
}

/** @type {Desk | null} */
let desk = null;

/** @param {Side} side */
export function share(side) {
  const shown = (desk ??= new Desk());
  shown.shares.set(side.call, new Share(side, () => side.call === stage.call && shown.render()));
  side.call.addEventListener("closed", () => shown.shares.delete(side.call));
  shown.render();
}
