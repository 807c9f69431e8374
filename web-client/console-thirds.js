// Third participants at the console: who waits, who is in, whom to invite. The médecin-conseil lets
// in each of them, one by one; nobody enters by a link alone.

import { announce, byId, element, look } from "./page.js";
import { Invitations } from "./invitations.js";
import { Thirds } from "./thirds.js";
import { Tiles } from "./thirds-tiles.js";
import { KINDS, SOMEBODY, isHere } from "./thirds-words.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./tools.js").Call} Call */
/** @typedef {import("./protocol").Third} Third */

/** @param {Third} third @returns {[words: string, tone: string]} */
function standing({ presence, admitted, objected }) {
  if (objected) return ["L'assuré s'oppose à sa présence", "danger"];
  if (presence === "lost") return ["Connexion perdue", "warn"];
  if (!isHere(presence)) return ["Parti", "idle"];
  return admitted ? ["Dans la consultation", "ok"] : ["Attend d'être admis", "warn"];
}

class ThirdsView {
  /** @type {Map<Call, Thirds>} */ #meshes = new Map();
  /** What was said of whom last. @type {Map<string, string>} */ #told = new Map();
  #opener = addTool({ id: "thirds-open", label: "Autres participants", run: () => this.#panel.toggle(() => this.#open()) });
  #panel = new Panel({ id: "thirds-panel", title: "Autres participants" });
  #rows = element("ul", { className: "third-rows" });
  #problem = element("p", { className: "field-error", role: "alert", hidden: true });
  #invitations = new Invitations({ by: "medecin_conseil", fail: (error) => this.#fail(error) });

  constructor() {
    void look("thirds.css");
    this.#rows.setAttribute("role", "list");
    this.#panel.body.append(this.#rows, this.#problem, this.#invitations.node);
    stage.addEventListener("change", () => {
      this.#invitations.about(this.#mesh?.room ?? "");
      if (!stage.call) this.#panel.close();
      this.#render();
    });
  }

  get #mesh() {
    return (stage.call && this.#meshes.get(stage.call)) ?? null;
  }

  /** @param {Side} side */
  add({ call }) {
    const thirds = new Thirds(call);
    this.#meshes.set(call, thirds);
    const shown = () => stage.call === call;
    const tiles = new Tiles({ call, thirds, place: byId("screen"), shown });
    stage.addEventListener("change", () => tiles.render());
    call.addEventListener("state", () => shown() && this.#render());
    call.addEventListener("closed", () => this.#meshes.delete(call));
  }

  /** @param {{ focus?: boolean }} [how] */
  #open(how) {
    void this.#invitations.load(this.#mesh?.room ?? "");
    this.#panel.open(how);
  }

  /** How many are there and not admitted. @param {string} [besides] a seat that is not counted */
  #waiting(besides) {
    const thirds = stage.call?.state?.thirds ?? [];
    return thirds.filter(
      ({ seat, presence, admitted }) => seat !== besides && isHere(presence) && !admitted,
    ).length;
  }

  #render() {
    const thirds = stage.call?.state?.thirds ?? [];
    const waiting = this.#waiting();
    const label = this.#opener.querySelector("span");
    const words = waiting ? `Autres participants (${waiting} en attente)` : "Autres participants";
    if (label && label.textContent !== words) label.textContent = words;
    this.#opener.classList.toggle("calls", waiting > 0);
    for (const third of thirds) this.#tell(third);
    for (const seat of [...this.#told.keys()])
      if (!thirds.some((third) => third.seat === seat)) this.#told.delete(seat);
    this.#renderRows(thirds);
  }

  /** Once for each turn of it, to who listens; and the panel opens for who waits. @param {Third} third */
  #tell(third) {
    const [words] = standing(third);
    const before = this.#told.get(third.seat);
    this.#told.set(third.seat, words);
    if (before === words) return;
    announce(`${SOMEBODY[third.kind]}\u00a0: ${words.toLowerCase()}`);
    if (isHere(third.presence) && !third.admitted) this.#open({ focus: false });
  }

  /** @param {Third[]} thirds */
  #renderRows(thirds) {
    const key = JSON.stringify(thirds.map((one) => [one.seat, one.kind, ...standing(one)]));
    if (this.#rows.dataset.key === key) return;
    this.#rows.dataset.key = key;
    const within = this.#rows.contains(document.activeElement);
    this.#rows.replaceChildren(...thirds.map((third) => this.#row(third)));
    this.#rows.hidden = !thirds.length;
    if (within) this.#panel.title.focus();
  }

  /** @param {Third} third */
  #row(third) {
    const [words, tone] = standing(third);
    const name = KINDS[third.kind];
    const row = element(
      "li",
      null,
      element("strong", null, name),
      element("span", { className: `chip ${tone}` }, words),
    );
    /** @param {string} verb @param {"third_admit" | "third_remove"} event @param {string} look */
    const button = (verb, event, look) =>
      row.append(
        element("button", {
          type: "button",
          className: `button ${look}`,
          "aria-label": `${verb}\u00a0: ${name}`,
          onclick: () => void this.#ask(event, third),
        }, verb),
      );
    if (isHere(third.presence) && !third.admitted && !third.objected) button("Admettre", "third_admit", "");
    if (isHere(third.presence)) button(third.admitted ? "Faire sortir" : "Refuser", "third_remove", "secondary");
    return row;
  }

  /** @param {"third_admit" | "third_remove"} event @param {Third} third */
  async #ask(event, { seat }) {
    this.#problem.hidden = true;
    try {
      await stage.call?.ask(event, { seat });
      if (event === "third_remove") void this.#invitations.load(this.#mesh?.room ?? "");
      // Nobody waits any more: the pictures take the room again.
      else if (!this.#waiting(seat)) this.#panel.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    const { message } = /** @type {{ message?: string }} */ (error ?? {});
    this.#problem.textContent = message || "L'action n'a pas abouti. Réessayez.";
    this.#problem.hidden = false;
  }
}

/** @type {ThirdsView | null} */
let view = null;

/** @param {Side} side */
export function thirds(side) {
  view ??= new ThirdsView();
  view.add(side);
}
