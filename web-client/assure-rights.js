// The information that was read before entering, to be read again at any moment.

import { visit } from "./assure-visit.js";
import { element } from "./page.js";
import { Panel, addTool } from "./tools.js";

/** @type {Panel | null} */
let panel = null;

export function rights() {
  if (panel) return;
  const shown = (panel = new Panel({ id: "rights", title: "Vos droits" }));
  const button = addTool({
    id: "rights-open", label: "Relire vos droits", on: ["waiting", "call"],
    run: () => shown.toggle(() => {
      const paragraphs = visit?.information.paragraphs ?? [];
      shown.body.replaceChildren(...paragraphs.map((text) => element("p", null, text)));
      shown.open();
    }),
  });
  button.setAttribute("aria-controls", "rights");
  shown.body.className += " rights";
  shown.body.tabIndex = 0;
  shown.body.setAttribute("role", "group");
  shown.body.setAttribute("aria-label", "Le texte de vos droits");
}
