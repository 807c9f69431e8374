// « Économiser mes données »: this person's choice, kept for the visit. No page, no DOM.

const KEPT = "telecontrole.economie";

/** Event `change`. */
class Saver extends EventTarget {
  /** What the system asks for, until the person says otherwise. */
  on = kept() ?? /** @type {any} */ (navigator).connection?.saveData === true;

  /** @param {boolean} on */
  set(on) {
    if (on === this.on) return;
    this.on = on;
    try {
      sessionStorage.setItem(KEPT, on ? "oui" : "non");
    } catch {
      // Storage may be forbidden: then a reload asks the system again.
    }
    this.dispatchEvent(new Event("change"));
  }
}

/** @returns {boolean | null} null: nothing was chosen */
function kept() {
  try {
    const said = sessionStorage.getItem(KEPT);
    return said === null ? null : said === "oui";
  } catch {
    return null;
  }
}

export const saver = new Saver();
