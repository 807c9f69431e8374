// The assuré's page: how good the call is, and saving data.

import { announce, byId, element, look } from "./page.js";
import { QualityView } from "./quality-view.js";
import { saver } from "./saver.js";
import { volume } from "./sending.js";
import { addTool, stage } from "./tools.js";
import { Watching } from "./watching.js";

/** What is announced is of a call of so many minutes. */
const MINUTES = 20;

void look("quality.css");

// --- saving data --------------------------------------------------------------------------------

const box = element("input", { type: "checkbox", id: "saver" });
const estimate = element("span", { className: "hint", id: "saver-volume" });
box.setAttribute("aria-describedby", "saver-volume");

/** Before the room: what it will cost, and the choice. */
function offer() {
  const place = document.querySelector('section[data-screen="check"] .actions');
  const label = element("label", { htmlFor: "saver" }, "Économiser mes données");
  place?.before(element("div", { className: "saver" }, box, element("p", null, label, estimate)));
  box.addEventListener("change", () => saver.set(box.checked));
}

/** After the other commands: it comes later than they do. @type {HTMLButtonElement | null} */
let tool = null;

function command() {
  return addTool({
    id: "tool-saver",
    label: "Économiser mes données",
    icon: "save",
    on: ["waiting", "call"],
    run() {
      saver.set(!saver.on);
      const cost = `${volume(MINUTES, saver.on)}\u00a0Mo pour ${MINUTES} minutes`;
      announce(
        saver.on
          ? `Données économisées\u00a0: environ ${cost}. L'image est plus petite.`
          : `Données non économisées\u00a0: jusqu'à ${cost}.`,
      );
    },
  });
}

function reflect() {
  box.checked = saver.on;
  tool?.setAttribute("aria-pressed", String(saver.on));
  estimate.textContent =
    `Environ ${volume(MINUTES, true)}\u00a0Mo pour ${MINUTES} minutes, au lieu de ${volume(MINUTES, false)}\u00a0Mo au plus. ` +
    "L'image est plus petite, la voix reste la même.";
  for (const one of watched.values()) one.save(saver.on);
}

// --- the call -----------------------------------------------------------------------------------

/** @type {Map<import("./call.js").Call, Watching>} */
const watched = new Map();
const view = new QualityView();

function dress() {
  const title = document.querySelector('section[data-screen="call"] .stage-top p');
  const picture = document.querySelector('section[data-screen="call"] .stage');
  title?.append(view.chip);
  picture?.before(view.advice);
  byId("no-picture").after(view.cover);
}

function render() {
  const call = stage.call;
  const watching = (call && watched.get(call)) || null;
  view.render(watching, {
    flowing: call?.transport === "flowing",
    camera: call?.state?.medecin_conseil.camera ?? false,
  });
}

/** @param {import("./tools.js").Side} side */
export function watch({ call }) {
  tool ??= command();
  const watching = new Watching(call);
  watched.set(call, watching);
  reflect();
  for (const name of ["transport", "state"]) call.addEventListener(name, render);
  call.addEventListener("closed", () => watched.delete(call));
  watching.addEventListener("change", render);
  render();
}

stage.addEventListener("change", render);
saver.addEventListener("change", reflect);
offer();
dress();
reflect();
