// The keyboard's shortcuts: one letter, never in a field, never with a modifier, and off-able.

import { byId, confirmDialog } from "./page.js";

const STORED = "console-raccourcis";

/** What is kept on this computer between two visits: preferences, nothing about persons. */
export const preference = {
  /** @param {string} name @param {boolean} otherwise */
  get(name, otherwise) {
    try {
      const value = localStorage.getItem(name);
      return value === null ? otherwise : value === "1";
    } catch {
      return otherwise;
    }
  },
  /** @param {string} name @param {boolean} value */
  set(name, value) {
    try {
      localStorage.setItem(name, value ? "1" : "0");
    } catch {
      // Private browsing: the preference lasts as long as the page.
    }
  },
};

/** @param {Record<string, () => void>} actions by letter; what can't be done now does nothing */
export function listenToKeys(actions) {
  const dialog = byId("keys", HTMLDialogElement);
  const on = byId("keys-on", HTMLInputElement);
  on.checked = preference.get(STORED, true);
  on.addEventListener("change", () => preference.set(STORED, on.checked));
  const help = () => void confirmDialog(dialog);
  byId("help").addEventListener("click", help);

  addEventListener("keydown", (event) => {
    if (!on.checked || event.defaultPrevented || event.repeat) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest("input, select, textarea, [contenteditable], dialog")) return;
    if (document.querySelector("dialog[open]") || byId("console").hidden) return;
    const action =
      event.key === "?" ? help : event.shiftKey ? undefined : actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
