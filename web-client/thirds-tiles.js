// The pictures of a mesh: one for each other seat, one of them kept large when it is pinned.
//
// An interpreter in sign language is pinned from the start and stays so whatever happens: nobody
// understands hands on a stamp, nor may a noise elsewhere take them away (EN 301 549 §6.5).

import { drawing } from "./drawing.js";
import { announce, element } from "./page.js";
import { isThird, thirdAt } from "./thirds.js";
import { isHere, short } from "./thirds-words.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./thirds.js").Thirds} Thirds */
/** @typedef {import("./thirds-pair.js").Pair} Pair */
/** @typedef {import("./protocol").RoomState} RoomState */
/** @typedef {import("./protocol").Snapshot["you"]} SeatName */

/** @type {readonly SeatName[]} in the order of the pictures */
const SEATS = ["medecin_conseil", "assure", "tiers1", "tiers2"];
const PIN = "M9 4h6l-1 6 3 3v2H7v-2l3-3ZM12 15v6";
/** A place less wide than so, for its height, shows two pictures larger one below the other. */
const TALL = 1.2;
const NAMES = { medecin_conseil: "Médecin-conseil", assure: "Assuré" };

/** @param {RoomState | null} state @param {SeatName} seat @returns {string} */
export function nameOf(state, seat) {
  if (!isThird(seat)) return NAMES[seat];
  const third = thirdAt(state, seat);
  return third ? short(third.kind) : "";
}

/** What is said over a picture that does not come. @param {RoomState} state @param {SeatName} seat @param {Pair} pair */
function wordOf(state, seat, pair) {
  const other = isThird(seat) ? thirdAt(state, seat) : state[seat];
  if (!other || !isHere(other.presence)) return "Parti";
  if (other.presence === "lost") return "Connexion perdue";
  if (state.held.length) return "En pause";
  if (!other.camera) return "Caméra coupée";
  if (pair.path === "lost") return "Image interrompue";
  return pair.path === "ready" ? "" : "Connexion…";
}

class Tile {
  /** @param {SeatName} seat @param {() => void} pin */
  constructor(seat, pin) {
    this.seat = seat;
    this.video = element("video", { autoplay: true, playsInline: true });
    this.word = element("p", { className: "third-word" });
    this.name = element("span", { className: "third-name" });
    this.muted = element("span", { className: "third-mic", hidden: true }, "Micro coupé");
    this.pin = element("button", { type: "button", className: "third-pin", onclick: pin }, drawing(PIN));
    this.sound = element("button", {
      type: "button",
      className: "button third-sound",
      hidden: true,
      onclick: () => this.hear(),
    }, "Activer le son");
    const label = element("p", { className: "third-label" }, this.name, this.muted);
    this.node = element("li", { className: "third" }, this.video, this.word, this.pin, label, this.sound);
    this.node.dataset.seat = seat;
    this.video.addEventListener("loadeddata", () => this.node.classList.add("seen"));
  }

  /** @param {MediaStream} stream */
  show(stream) {
    if (this.video.srcObject === stream) return;
    this.video.srcObject = stream;
    this.hear();
  }

  /** With sound if the browser lets us, else without and with a button for it. */
  hear() {
    this.video.muted = false;
    this.sound.hidden = true;
    this.video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return;
      this.video.muted = true;
      this.sound.hidden = false;
      void this.video.play().catch(() => {});
    });
  }

  /** @param {string} name @param {string} word @param {boolean} microphone @param {boolean} pinned */
  render(name, word, microphone, pinned) {
    this.name.textContent = name;
    this.video.setAttribute("aria-label", `Image\u00a0: ${name}`);
    if (this.word.textContent !== word) this.word.textContent = word;
    this.node.classList.toggle("blank", Boolean(word));
    this.muted.hidden = microphone;
    this.node.classList.toggle("pinned", pinned);
    this.pin.setAttribute("aria-pressed", String(pinned));
    this.pin.setAttribute("aria-label", `Garder en grand\u00a0: ${name}`);
    this.pin.title = pinned ? "Réduire l'image" : "Garder l'image en grand";
  }

  close() {
    this.video.srcObject = null;
    this.node.remove();
  }
}

export class Tiles {
  /** @type {Map<SeatName, Tile>} */ #tiles = new Map();
  #sizes = new ResizeObserver(() => {
    const { clientWidth, clientHeight } = this.place;
    this.place.dataset.shape = clientWidth < TALL * clientHeight ? "tall" : "wide";
  });
  /** Who is kept large; null: nobody; undefined: nobody has chosen. @type {SeatName | null | undefined} */ #pinned;

  /**
   * @param {{ call: Call, thirds: Thirds, place: HTMLElement, shown?: () => boolean,
   *   speaker?: () => string, grid?: boolean }} options `place` holds the pictures, and its
   *   `data-thirds` says how; `speaker`: the loudspeaker that was chosen; `grid`: all the same size
   */
  constructor({ call, thirds, place, shown = () => true, speaker = () => "", grid = false }) {
    this.grid = grid;
    this.call = call;
    this.thirds = thirds;
    this.place = place;
    this.shown = shown;
    this.speaker = speaker;
    this.list = element("ul", { className: "thirds", "aria-label": "Autres participants", hidden: true });
    this.list.setAttribute("role", "list");
    // Whose the large picture is goes without saying between two, not among more.
    this.main = element("p", { className: "third-main", hidden: true });
    place.append(this.main, this.list);
    this.#sizes.observe(place);
    thirds.addEventListener("change", () => this.render());
    call.addEventListener("state", () => this.render());
    call.addEventListener("closed", () => this.close());
  }

  /** Who is kept large now. */
  get pinned() {
    const { state } = this.call;
    if (this.#pinned === null || this.grid) return null;
    if (this.#pinned && this.#tiles.has(this.#pinned)) return this.#pinned;
    const signing = [...this.#tiles.keys()].find((seat) => thirdAt(state, seat)?.kind === "interprete_lsf");
    return signing ?? null;
  }

  /** @param {SeatName} seat */
  #pin(seat) {
    const large = this.pinned !== seat;
    this.#pinned = large ? seat : null;
    this.render();
    announce(`${nameOf(this.call.state, seat)}\u00a0: image ${large ? "gardée en grand" : "réduite"}`);
  }

  render() {
    const { state } = this.call;
    for (const [seat, tile] of this.#tiles) if (!this.thirds.pairs.has(seat)) this.#drop(seat, tile);
    if (state?.phase === "admitted") {
      for (const seat of SEATS) {
        const pair = this.thirds.pairs.get(seat);
        if (pair) this.#renderOne(seat, pair, state);
      }
    }
    this.list.hidden = !this.shown() || !this.#tiles.size;
    this.main.hidden = this.list.hidden || this.grid;
    this.main.textContent = this.thirds.seat === "assure" ? NAMES.medecin_conseil : NAMES.assure;
    if (this.shown()) this.#layout();
  }

  /** @param {SeatName} seat @param {Pair} pair @param {RoomState} state */
  #renderOne(seat, pair, state) {
    let tile = this.#tiles.get(seat);
    if (!tile) {
      tile = new Tile(seat, () => this.#pin(seat));
      tile.pin.hidden = this.grid;
      this.#tiles.set(seat, tile);
      this.list.append(tile.node);
    }
    tile.show(pair.remote);
    const other = isThird(seat) ? thirdAt(state, seat) : state[seat];
    const name = nameOf(state, seat);
    tile.render(name, wordOf(state, seat, pair), other?.microphone ?? true, this.pinned === seat);
    const sink = this.speaker();
    if ("setSinkId" in tile.video && tile.video.sinkId !== sink) tile.video.setSinkId(sink).catch(() => {});
  }

  #layout() {
    const layout = this.grid ? "grid" : this.pinned ? "pinned" : "tiles";
    this.place.dataset.thirds = this.#tiles.size ? layout : "none";
    this.list.dataset.count = String(this.#tiles.size);
  }

  /** @param {SeatName} seat @param {Tile} tile */
  #drop(seat, tile) {
    const within = tile.node.contains(document.activeElement);
    tile.close();
    this.#tiles.delete(seat);
    // The focus is never left to <body>: on what is left of the pictures.
    if (within) this.place.querySelector("button")?.focus();
  }

  close() {
    for (const [seat, tile] of this.#tiles) this.#drop(seat, tile);
    this.#sizes.disconnect();
    this.list.remove();
    this.main.remove();
    if (this.shown()) this.place.dataset.thirds = "none";
  }
}
