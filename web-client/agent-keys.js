// The keyboard of the agent's console: one key, never in a field, never with a modifier, off-able.

import { byId, confirmDialog } from "./page.js";
import { preference } from "./console-keys.js";

const STORED = "agent-raccourcis";

/** @param {Record<string, () => boolean | void>} actions by key; false: the key keeps its own meaning */
export function listenToKeys(actions) {
  const dialog = byId("keys", HTMLDialogElement);
  const on = byId("keys-on", HTMLInputElement);
  on.checked = preference.get(STORED, true);
  on.addEventListener("change", () => preference.set(STORED, on.checked));
  const help = () => void confirmDialog(dialog);
  byId("help").addEventListener("click", help);

  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (document.querySelector("dialog[open]") || byId("console").hidden) return;
    const target = /** @type {Element} */ (event.target);
    const typing = target.closest("input, select, textarea, [contenteditable]");
    // Escape and arrows are no characters: they are not what WCAG 2.1.4 asks to switch off.
    const character = event.key.length === 1;
    if (typing || (character && (!on.checked || event.repeat))) return;
    const action = event.key === "?" ? help : actions[event.key.toLowerCase()];
    if (!action || (event.shiftKey && event.key !== "?" && event.key !== "/")) return;
    if (action() !== false) event.preventDefault();
  });
}
