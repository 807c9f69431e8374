// The pause: either person stops both pictures and both sounds, and takes their own pause back.
//
// The server's word is the truth (RoomState.held) and survives a reload; what one's own person asks
// for is done here at once, and taken back only when the server agrees: in doubt nobody is seen.

import { CallRefused } from "./asking.js";
import { drawing, frame } from "./drawing.js";
import { announce, byId, element, formatDuration, formatTime, look } from "./page.js";
import { addTool, stage } from "./tools.js";
import { unfloat } from "./view.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./protocol").RoomState} RoomState */

const PAUSE = "M8 5v14M16 5v14";
const RESUME = "M8 5v14l11-7Z";

/** The pause of one call, as its own person wants it and as the room has it. Event `change`. */
class Hold extends EventTarget {
  /** @type {boolean | null} asked for, and not answered yet */ wanted = null;
  /** The server's clock minus ours, in ms. */
  skew = 0;

  /** @param {Side} side */
  constructor({ role, call, notice }) {
    super();
    this.role = role;
    this.call = call;
    this.notice = notice;
    call.addEventListener("state", () => this.#follow());
    call.addEventListener("connection", (event) => {
      const open = /** @type {CustomEvent} */ (event).detail === "open";
      if (open && this.wanted !== null) queueMicrotask(() => void this.#ask());
    });
  }

  get all() {
    return this.call.state?.phase === "admitted" ? this.call.state.held : [];
  }

  get mine() {
    return this.wanted ?? this.all.some(({ by }) => by === this.role);
  }

  get held() {
    return this.mine || this.all.length > 0;
  }

  /** @param {boolean} on */
  async set(on) {
    this.wanted = on;
    if (on) this.call.outgoing.pause(true);
    this.#changed();
    await this.#ask();
  }

  async #ask() {
    const on = this.wanted;
    if (on === null) return;
    try {
      await this.call.ask("hold", { on });
    } catch (wrong) {
      // Without an answer it is asked again when the socket is back; until then we stay unseen.
      if (!(wrong instanceof CallRefused) || wrong.code === "offline") return;
      this.wanted = null;
      this.notice(wrong.message);
    }
    this.#follow();
  }

  #follow() {
    const { state } = this.call;
    if (!state) return;
    this.skew = Date.parse(state.server_time) - Date.now();
    if (state.phase !== "admitted") this.wanted = null;
    const mine = this.all.some(({ by }) => by === this.role);
    if (this.wanted === mine) this.wanted = null;
    if (this.wanted === null) this.call.outgoing.pause(mine);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** What both pages show of it: one command, and a curtain before the picture. */
class Curtain {
  /** @type {Hold | null} */ #hold = null;
  #told = "";
  #was = false;
  #button = addTool({ id: "hold", label: "Mettre en pause", run: () => this.toggle() });
  #title = element("h2", { tabIndex: -1 }, "Entretien en pause");
  #who = element("p", { className: "hold-who" });
  #for = element("p", { className: "hold-for" });
  #resume = element("button", { type: "button", id: "resume", className: "button", onclick: () => this.toggle() }, "Reprendre l'entretien");
  #box = element(
    "section",
    { id: "held", className: "held", hidden: true, "aria-label": "Pause" },
    this.#title,
    element("p", { className: "hold-what" }, "Personne ne vous voit ni ne vous entend."),
    this.#who,
    this.#for,
    this.#resume,
  );

  /** @type {Map<import("./call.js").Call, Hold>} */ holds = new Map();

  constructor() {
    void look("hold.css");
    frame().append(this.#box);
    stage.addEventListener("change", () => this.render());
    setInterval(() => this.#tick(), 1_000);
  }

  /** @param {Side} side */
  add(side) {
    const hold = new Hold(side);
    this.holds.set(side.call, hold);
    hold.addEventListener("change", () => hold.call === stage.call && this.render());
    side.call.addEventListener("closed", () => this.holds.delete(side.call));
  }

  toggle() {
    const hold = this.#hold;
    if (!hold || hold.call.state?.phase !== "admitted") return;
    const on = !hold.mine;
    void hold.set(on);
    (on ? this.#resume : this.#shown(this.#button) ? this.#button : heading()).focus();
  }

  /** @param {HTMLElement} node */
  #shown(node) {
    return node.getClientRects().length > 0;
  }

  render() {
    const hold = (this.#hold = (stage.call && this.holds.get(stage.call)) ?? null);
    const held = hold?.held ?? false;
    const mine = hold?.mine ?? false;
    const within = this.#box.contains(document.activeElement);
    document.body.classList.toggle("on-hold", held);
    this.#box.hidden = !held;
    this.#resume.hidden = !mine;
    this.#button.replaceChildren(
      drawing(mine ? RESUME : PAUSE),
      element("span", null, mine ? "Reprendre l'entretien" : "Mettre en pause"),
    );
    this.#who.textContent = hold && held ? words(hold) : "";
    this.#tick();
    if (within && (!held || (!mine && document.activeElement === document.body))) heading().focus();
    this.#tell(held);
  }

  /** Each turn of it is said once, to who listens. @param {boolean} held */
  #tell(held) {
    const told = held ? `${this.#title.textContent}. ${this.#who.textContent} Personne ne vous voit ni ne vous entend.` : "";
    if (told === this.#told) return;
    this.#told = told;
    if (held) announce(told);
    else if (this.#was) announce("L'entretien reprend. On vous voit et on vous entend de nouveau, si votre caméra et votre micro sont ouverts.");
    this.#was = held;
    if (held) void unfloat();
  }

  #tick() {
    const hold = this.#hold;
    const since = hold?.all[0]?.since;
    const lasts = since ? Math.max(0, Date.now() + (hold?.skew ?? 0) - Date.parse(since)) : 0;
    const text = since ? `Depuis ${formatTime(since)}, ${formatDuration(lasts / 1_000)}.` : "";
    if (this.#for.textContent !== text) this.#for.textContent = text;
  }
}

/** @param {Hold} hold */
function words({ role, all, mine, wanted }) {
  const other = role === "assure" ? "Le médecin" : "L'assuré";
  const theirs = all.some(({ by }) => by !== role);
  if (wanted === false && !theirs) return "Reprise en cours…";
  if (mine && theirs) return `${other} et vous avez mis l'entretien en pause. Il reprend quand chacun a repris.`;
  if (mine) return "Vous avez mis l'entretien en pause.";
  const instead = role === "assure" ? "Vous pouvez quand même quitter." : "Vous pouvez quand même terminer.";
  return `${other} a mis l'entretien en pause, et le reprendra. ${instead}`;
}

/** @returns {HTMLElement} */
const heading = () =>
  /** @type {HTMLElement} */ (document.querySelector('#stage-title, section[data-screen="call"] h1'));

/** @type {Curtain | null} */
let curtain = null;

/** @param {Side} side */
export function hold(side) {
  if (!curtain) {
    curtain = new Curtain();
    if (side.role === "assure") listenToKey();
  }
  curtain.add(side);
}

/** From the console's keyboard. */
export const toggleHold = () => curtain?.toggle();

function listenToKey() {
  document.addEventListener("keydown", (event) => {
    const { key, target, ctrlKey, altKey, metaKey, repeat } = event;
    if (ctrlKey || altKey || metaKey || repeat || document.querySelector("dialog[open]")) return;
    if (target instanceof Element && target.matches("input, select, textarea")) return;
    if (key.toLowerCase() === "p" && byId("shortcuts", HTMLInputElement).checked) toggleHold();
  });
}
