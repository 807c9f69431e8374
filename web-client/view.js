// The other's picture, looked at closer: larger, turned, in a window of its own. It changes nothing
// of what is sent.

import { drawing, frame } from "./drawing.js";
import { announce, element, look } from "./page.js";
import { addTool, stage } from "./tools.js";
import { watchGestures } from "./view-gestures.js";

const [MOST, STEP] = [4, 1.5];
/** How far an arrow key moves the picture, in px. */
const ARROW = 48;

const ICONS = {
  glass: "M10.5 4a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13ZM15.500 15.500 20 20M8 10.500h5M10.500 8v5",
  less: "M6 12h12",
  more: "M6 12h12M12 6v12",
  whole: "M4 9V5h4M16 5h4v4M20 15v4h-4M8 19H4v-4",
  turn: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
  window: "M4 6h16v12H4ZM12 12h6v4h-6Z",
};

class View {
  #frame = frame();
  #zoom = 1;
  #turn = 0;
  #x = 0;
  #y = 0;
  #tool = addTool({ id: "view", label: "Voir de plus près", run: () => this.#toggle() });
  #bar = element("div", { id: "view-bar", className: "view-bar", role: "toolbar", "aria-label": "L'image de l'autre", hidden: true });
  #level = element("span", { className: "view-level" }, "100 %");

  constructor() {
    void look("view.css");
    this.#tool.prepend(drawing(ICONS.glass));
    this.#tool.setAttribute("aria-expanded", "false");
    this.#tool.setAttribute("aria-controls", "view-bar");
    const canFloat = document.pictureInPictureEnabled === true;
    this.#bar.append(
      this.#button("view-less", "Réduire l'image", ICONS.less, () => this.#scale(1 / STEP)),
      this.#level,
      this.#button("view-more", "Agrandir l'image", ICONS.more, () => this.#scale(STEP)),
      this.#button("view-whole", "Image entière", ICONS.whole, () => this.reset(true)),
      this.#button("view-turn", "Tourner l'image", ICONS.turn, () => this.#rotate()),
      ...(canFloat ? [this.#button("view-float", "Image dans une petite fenêtre", ICONS.window, () => void this.#float())] : []),
      this.#button("view-close", "Fermer la loupe", "M6 6l12 12M18 6 6 18", () => this.#toggle()),
    );
    this.#frame.append(this.#bar);
    this.#frame.classList.add("view-frame");
    this.#bar.addEventListener("keydown", (event) => this.#key(event));
    watchGestures(this.#frame, {
      zoom: (factor, x, y) => this.#scale(factor, x, y, false),
      pan: (dx, dy) => this.#pan(dx, dy),
      ready: () => this.#zoom > 1 || !this.#bar.hidden,
    });
    stage.addEventListener("change", () => this.#leave());
    addEventListener("resize", () => this.#apply());
  }

  /** @param {string} id @param {string} label @param {string} path @param {() => void} run */
  #button(id, label, path, run) {
    const button = element("button", { type: "button", id, className: "button", "aria-label": label, title: label, onclick: run });
    button.append(drawing(path));
    return button;
  }

  /** The picture on screen. @returns {HTMLVideoElement | null} */
  get video() {
    return document.querySelector("#remote:is(video), #remotes > video:not([hidden])");
  }

  #toggle() {
    const open = this.#bar.hidden;
    this.#bar.hidden = !open;
    this.#tool.setAttribute("aria-expanded", String(open));
    if (open) {
      /** @type {HTMLElement} */ (this.#bar.querySelector("#view-more")).focus();
      announce("Loupe ouverte. Les touches plus, moins et zéro changent la taille, les flèches déplacent l'image, R la tourne.");
    } else {
      if (this.#tool.getClientRects().length) this.#tool.focus();
      else /** @type {HTMLElement | null} */ (document.querySelector("#stage-title, section[data-screen='call'] h1"))?.focus();
    }
    this.#apply();
  }

  /** Another person, or nobody: nothing of how the former one was looked at. */
  #leave() {
    this.#bar.hidden = true;
    this.#tool.setAttribute("aria-expanded", "false");
    for (const video of /** @type {NodeListOf<HTMLVideoElement>} */ (document.querySelectorAll("#remote:is(video), #remotes > video")))
      video.style.transform = "";
    this.reset(false);
    void unfloat();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    /** @type {Record<string, () => void>} */
    const keys = {
      "+": () => this.#scale(STEP),
      "=": () => this.#scale(STEP),
      "-": () => this.#scale(1 / STEP),
      0: () => this.reset(true),
      r: () => this.#rotate(),
      ArrowLeft: () => this.#pan(ARROW, 0),
      ArrowRight: () => this.#pan(-ARROW, 0),
      ArrowUp: () => this.#pan(0, ARROW),
      ArrowDown: () => this.#pan(0, -ARROW),
      Escape: () => this.#toggle(),
    };
    const run = keys[event.key] ?? keys[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    // The console has letters of its own.
    event.stopPropagation();
    run();
  }

  /** @param {boolean} aloud */
  reset(aloud) {
    this.#zoom = 1;
    this.#turn = this.#x = this.#y = 0;
    this.#apply();
    if (aloud) announce("Image entière, droite.");
  }

  #rotate() {
    this.#turn = (this.#turn + 90) % 360;
    this.#x = this.#y = 0;
    this.#apply();
    announce(this.#turn ? `Image tournée de ${this.#turn} degrés.` : "Image droite.");
  }

  /** @param {number} factor @param {number} [x] about here, from the frame's middle @param {number} [y] @param {boolean} [aloud] */
  #scale(factor, x = 0, y = 0, aloud = true) {
    const before = this.#zoom;
    this.#zoom = Math.min(MOST, Math.max(1, before * factor));
    const ratio = this.#zoom / before;
    this.#x = x - (x - this.#x) * ratio;
    this.#y = y - (y - this.#y) * ratio;
    this.#apply();
    if (aloud) announce(`Taille de l'image\u00a0: ${this.#percent} pour cent.`);
  }

  get #percent() {
    return Math.round(this.#zoom * 100);
  }

  /** @param {number} dx @param {number} dy */
  #pan(dx, dy) {
    this.#x += dx;
    this.#y += dy;
    this.#apply();
  }

  #apply() {
    const video = this.video;
    this.#level.textContent = `${this.#percent}\u00a0%`;
    const changed = this.#zoom > 1 || this.#turn > 0;
    this.#frame.classList.toggle("viewing", changed || !this.#bar.hidden);
    if (!video) return;
    video.classList.toggle("viewed", changed);
    if (!changed) {
      this.#x = this.#y = 0;
      video.style.transform = "";
      return;
    }
    const { clientWidth: width, clientHeight: height } = this.#frame;
    const shape = (video.videoWidth || 4) / (video.videoHeight || 3);
    const lying = this.#turn % 180 !== 0;
    const [w, h] = [Math.min(width, height * shape), Math.min(height, width / shape)];
    const fit = lying ? Math.min(width / h, height / w) : 1;
    const scale = fit * this.#zoom;
    const [reachX, reachY] = lying ? [h * scale, w * scale] : [w * scale, h * scale];
    this.#x = within(this.#x, (reachX - width) / 2);
    this.#y = within(this.#y, (reachY - height) / 2);
    video.style.transform = `translate(${this.#x}px, ${this.#y}px) rotate(${this.#turn}deg) scale(${scale})`;
  }

  async #float() {
    const video = this.video;
    if (!video) return;
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else {
        await video.requestPictureInPicture();
        announce("L'image est dans une petite fenêtre, au-dessus des autres.");
      }
    } catch {
      announce("Ce navigateur n'a pas pu ouvrir la petite fenêtre.");
    }
  }
}

/** @param {number} value @param {number} most */
const within = (value, most) => Math.max(-Math.max(0, most), Math.min(Math.max(0, most), value));

/** No picture stays behind in a window of its own. */
export async function unfloat() {
  if (document.pictureInPictureElement) await document.exitPictureInPicture().catch(() => {});
}

/** @type {View | null} */
let shown = null;

/** @param {import("./tools.js").Side} side */
export function view({ call }) {
  shown ??= new View();
  // The gate closes: what was seen is not kept anywhere.
  call.addEventListener("gate", (event) => {
    if (call === stage.call && !(/** @type {CustomEvent} */ (event).detail)) void unfloat();
  });
}
