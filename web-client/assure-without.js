// To come without a camera, or without a microphone: offered where one of them cannot be had, and
// said plainly before the room is entered. No one is kept out for a device (EN 301 549).

import { HOPELESS } from "./capture.js";
import { byId, element } from "./page.js";

/** @typedef {import('./capture.js').CaptureProblem} CaptureProblem */
/** @typedef {"" | "camera" | "microphone"} Without */

/** @type {Record<Exclude<Without, "">, string>} */
const OFFERS = {
  camera: "Continuer avec le micro seul",
  microphone: "Continuer avec la caméra seule",
};
/** @type {Record<Exclude<Without, "">, [string, string]>} */
const SAID = {
  camera: [
    "Vous venez sans caméra.",
    "Le médecin vous entendra sans vous voir ; il peut vous proposer un rendez-vous sur place. Une caméra branchée plus tard s'active sans ressortir.",
  ],
  microphone: [
    "Vous venez sans micro.",
    "Le médecin vous verra sans vous entendre. Pour lui répondre, utilisez «\u00a0Écrire\u00a0» pendant l'appel.",
  ],
};

const offer = element("div", { id: "without-offer", className: "choice" });
const words = element("div", { id: "without", className: "banner", hidden: true });

/** @param {Exclude<Without, "">} what */
const button = (what) =>
  element("button", {
    type: "button",
    className: "button secondary",
    "data-action": `without-${what}`,
  }, OFFERS[what]);

/**
 * Under the remedies of the screen shown: the way in with what is there.
 * @param {CaptureProblem} problem
 * @param {{ camera: boolean, microphone: boolean }} found which of them is there, if the device says
 */
export function offerWithout(problem, found) {
  offer.remove();
  if (HOPELESS.includes(problem)) return;
  /** @type {Exclude<Without, "">[]} */
  const ways =
    found.camera === found.microphone ? ["camera", "microphone"] : [found.camera ? "microphone" : "camera"];
  // Neither is there: there is nothing to go on with.
  if (problem === "introuvable" && !found.camera && !found.microphone) return;
  const way = ways.length > 1 ? "L'un des deux fonctionne ?" : "Vous pouvez aussi venir sans.";
  offer.replaceChildren(
    element("p", null, `Rien n'y fait ? ${way} Le médecin en est prévenu.`),
    ...ways.map(button),
  );
  document.querySelector(`section[data-screen="capture-${problem}"]`)?.append(offer);
}

/** Before the room is entered. @param {Without} missing */
export function sayWithout(missing) {
  const part = (/** @type {string} */ which) =>
    document.querySelector(`section[data-screen="check"] ${which}`);
  const sound = part(".sound");
  sound?.toggleAttribute("hidden", missing === "microphone");
  // Nobody is asked to put their face in the middle of nothing.
  for (const which of ["h1 + p", ".self-place"])
    part(which)?.toggleAttribute("hidden", missing === "camera");
  if (missing === "microphone") byId("silent").hidden = true;
  sound?.before(words);
  words.hidden = !missing;
  if (!missing) return;
  const [title, text] = SAID[missing];
  words.replaceChildren(element("p", null, element("strong", null, title), ` ${text}`));
}
