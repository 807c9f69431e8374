// Third participants on the assuré's page: who is there or asks to be, and the right to object.

import { announce, byId, element, look, screen } from "./page.js";
import { Thirds } from "./thirds.js";
import { Tiles } from "./thirds-tiles.js";
import { KINDS, SOMEBODY, isHere } from "./thirds-words.js";
import { Panel, addTool, stage } from "./tools.js";

/** @typedef {import("./tools.js").Side} Side */
/** @typedef {import("./protocol").Third} Third */

/** @param {Third} third */
function standing({ presence, admitted, objected }) {
  if (objected) return "Vous vous opposez à sa présence. Cette personne ne vous voit pas et ne vous entend pas.";
  if (!isHere(presence)) return "Cette personne est partie.";
  if (admitted) return "Cette personne vous voit et vous entend.";
  return "Cette personne attend que le médecin la fasse entrer. Elle ne vous voit pas et ne vous entend pas.";
}

class ThirdsView {
  /** @type {Side | null} */ #side = null;
  /** @type {Map<string, string>} */ #told = new Map();
  #opener = addTool({
    id: "thirds-open",
    label: "Autres participants",
    on: ["waiting", "call"],
    run: () => this.#panel.toggle(),
  });
  #panel = new Panel({ id: "thirds-panel", title: "Autres participants" });
  #rows = element("ul", { className: "third-rows" });
  #problem = element("p", { className: "field-error", role: "alert", hidden: true });

  constructor() {
    void look("thirds.css");
    this.#rows.setAttribute("role", "list");
    this.#panel.body.append(
      this.#rows,
      this.#problem,
      element("p", { className: "hint" }, "Le médecin fait entrer chaque personne. Vous pouvez refuser sa présence à tout moment, sans vous justifier."),
    );
    stage.addEventListener("change", () => this.#render());
  }

  /** @param {Side} side */
  add(side) {
    const { call } = side;
    const thirds = new Thirds(call);
    const place = /** @type {HTMLElement} */ (document.querySelector('section[data-screen="call"] .stage'));
    const remote = byId("remote", HTMLVideoElement);
    const speaker = () => ("sinkId" in remote ? remote.sinkId : "");
    const shown = () => stage.call === call;
    const tiles = new Tiles({ call, thirds, place, shown, speaker });
    byId("audiooutput").addEventListener("change", () => setTimeout(() => tiles.render(), 500));
    call.addEventListener("state", () => {
      if (!shown()) return;
      this.#side = side;
      this.#render();
    });
  }

  #render() {
    const thirds = stage.call?.state?.thirds ?? [];
    this.#opener.hidden = !thirds.length;
    if (!thirds.length) this.#panel.close();
    for (const third of thirds) this.#tell(third);
    for (const seat of [...this.#told.keys()])
      if (!thirds.some((third) => third.seat === seat)) this.#told.delete(seat);
    const key = JSON.stringify(thirds.map((one) => [one.seat, one.kind, standing(one)]));
    if (this.#rows.dataset.key === key) return;
    this.#rows.dataset.key = key;
    const within = this.#rows.contains(document.activeElement);
    this.#rows.replaceChildren(...thirds.map((third) => this.#row(third)));
    if (within) this.#panel.title.focus();
  }

  /** Who comes in and who goes is said at once, seen and heard. @param {Third} third */
  #tell(third) {
    const now = third.admitted ? "in" : isHere(third.presence) ? "waits" : "gone";
    const before = this.#told.get(third.seat);
    this.#told.set(third.seat, now);
    if (before === now) return;
    const who = SOMEBODY[third.kind];
    if (now === "in") {
      this.#side?.notice(`${who} est entré\u00a0: cette personne vous voit et vous entend. Pour vous y opposer\u00a0: «\u00a0Autres participants\u00a0».`);
    } else if (now === "waits" && before === undefined) {
      announce(`${who} attend que le médecin fasse entrer cette personne.`);
    } else if (before === "in") {
      announce(`${who} est sorti. Cette personne ne vous voit plus et ne vous entend plus.`);
    }
    if (now === "waits" && screen() === "waiting") this.#panel.open({ focus: false });
  }

  /** @param {Third} third */
  #row(third) {
    const name = KINDS[third.kind];
    const row = element("li", null, element("strong", null, name), element("span", null, standing(third)));
    if (isHere(third.presence) || third.objected) {
      row.append(
        element("button", {
          type: "button",
          className: "button secondary",
          "aria-label": `${third.objected ? "Accepter sa présence" : "Refuser sa présence"}\u00a0: ${name}`,
          onclick: () => void this.#object(third),
        }, third.objected ? "Accepter sa présence" : "Refuser sa présence"),
      );
    }
    return row;
  }

  /** @param {Third} third */
  async #object({ seat, objected }) {
    this.#problem.hidden = true;
    try {
      await this.#side?.call.ask("third_object", { seat, objects: !objected });
    } catch (error) {
      this.#problem.textContent = /** @type {Error} */ (error).message;
      this.#problem.hidden = false;
    }
  }
}

/** @type {ThirdsView | null} */
let view = null;

/** @param {Side} side */
export function thirds(side) {
  view ??= new ThirdsView();
  view.add(side);
}
