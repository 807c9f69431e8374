// Going on with another device: the same link, drawn as a QR code for its camera. Nothing else passes:
// the other device asks for the code by SMS as the first one did, and then takes the seat.

import { element } from "./page.js";
import { qr } from "./qr.js";
import { Panel, addTool } from "./tools.js";

const NAME = "Continuer sur un autre appareil";
/** Modules of white around the code (ISO/IEC 18004). */
const MARGIN = 4;

/** @param {boolean[][]} rows @returns {SVGSVGElement} */
function drawn(rows) {
  const space = "http://www.w3.org/2000/svg";
  const [svg, path] = [document.createElementNS(space, "svg"), document.createElementNS(space, "path")];
  const size = rows.length + 2 * MARGIN;
  svg.setAttribute("class", "qr");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code du lien de votre rendez-vous");
  const dots = rows.flatMap((row, y) =>
    row.flatMap((dark, x) => (dark ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : [])),
  );
  path.setAttribute("d", dots.join(""));
  svg.append(path);
  return svg;
}

let furnished = false;

/** Once for all calls of the page. */
export function elsewhere() {
  const rows = qr(location.href);
  // A link too long for a code: the message of the convocation has it too.
  if (furnished || !rows) return;
  furnished = true;
  const panel = new Panel({ id: "elsewhere-panel", title: NAME });
  panel.body.append(
    element("p", null, "Visez ce dessin avec l'appareil photo de l'autre appareil, ou ouvrez-y le message de votre convocation."),
    drawn(rows),
    element("p", { className: "hint" }, "Un nouveau code vous est envoyé par SMS. Quand vous entrez là-bas, cette page-ci s'arrête et votre place est gardée."),
  );
  const tool = addTool({ id: "elsewhere", label: NAME, on: ["waiting", "call"], run: () => panel.open() });
  tool.setAttribute("aria-controls", "elsewhere-panel");
}
