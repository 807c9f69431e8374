// What the assuré is shown for the checks of the call: the spoken code, a gesture, a frame.

import { announce, byId } from "./page.js";
import { gesture } from "./gestures.js";
import { CodePanel } from "./spoken-code-panel.js";

/** @typedef {import("./call.js").Call} Call */

const code = new CodePanel("assure", () => {
  // The warning is on this page already; the record is told again with the connection.
});

/** @param {Call | null} call @param {boolean} admitted */
export function renderChecks(call, admitted) {
  code.render(call, admitted);
  const state = admitted ? call?.state : null;
  ask("challenge", gesture(state?.challenge), Boolean(state?.challenge));
  ask("framing", byId("framing").textContent ?? "", Boolean(state?.framing));
  byId("self").classList.toggle("framed", Boolean(state?.framing));
}

/** @param {string} id @param {string} words @param {boolean} asked */
function ask(id, words, asked) {
  const node = byId(id);
  if (asked === !node.hidden && (!asked || node.textContent === words)) return;
  node.hidden = !asked;
  if (!asked) return;
  node.textContent = words;
  announce(words);
}
