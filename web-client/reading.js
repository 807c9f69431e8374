// How the assuré's pages are read: larger letters, easier words. Kept for the visit, in this tab.

import { announce, element, look } from "./page.js";

/** @type {Record<"large" | "easy", { label: string, on: string, off: string }>} */
const WAYS = {
  large: { label: "Grand texte", on: "Texte agrandi.", off: "Texte normal." },
  easy: { label: "Facile à lire", on: "Des phrases faciles à lire sont ajoutées.", off: "Les phrases faciles à lire sont enlevées." },
};
/** Which of them this page has. */
const HERE = /** @type {Way[]} */ (document.body.dataset.reading?.split(" ") ?? Object.keys(WAYS));
const STORED = "telecontrole.lecture";

/** @typedef {keyof typeof WAYS} Way */

/** @type {Set<string>} */
const chosen = new Set(kept());
const rows = /** @type {HTMLElement[]} */ ([]);

/** @returns {string[]} */
function kept() {
  try {
    return (sessionStorage.getItem(STORED) ?? "").split(" ").filter((way) => way in WAYS);
  } catch {
    return [];
  }
}

/** @param {Way} way */
function toggle(way) {
  if (!chosen.delete(way)) chosen.add(way);
  try {
    sessionStorage.setItem(STORED, [...chosen].join(" "));
  } catch {
    // Storage may be forbidden: it holds as long as the page.
  }
  apply();
  announce(chosen.has(way) ? WAYS[way].on : WAYS[way].off);
}

function apply() {
  document.documentElement.classList.toggle("large-text", chosen.has("large"));
  for (const row of rows)
    for (const button of row.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(chosen.has(button.dataset.way ?? "")));
  if (HERE.includes("easy")) void ease(chosen.has("easy"));
}

/** The same things in easy words, above the others: nothing is taken away. @param {boolean} on */
async function ease(on) {
  for (const box of document.querySelectorAll(".easy")) box.remove();
  if (!on) return;
  const { EASY } = await import("./reading-easy.js");
  if (!chosen.has("easy") || document.querySelector(".easy")) return;
  for (const [name, sentences] of Object.entries(EASY)) {
    const title = document.querySelector(`section[data-screen="${name}"] h1`);
    const place = title?.closest(".stage-top") ?? title;
    place?.after(
      element(
        "div",
        { className: "easy", role: "note", "aria-label": "Facile à lire" },
        ...sentences.map((text) => element("p", null, text)),
      ),
    );
  }
}

/** @returns {HTMLElement} the two switches */
function switches() {
  const row = element("div", { className: "reading", role: "region", "aria-label": "Lecture" });
  for (const way of HERE) {
    const button = element("button", { type: "button", className: "button quiet", onclick: () => toggle(way) }, WAYS[way].label);
    button.dataset.way = way;
    row.append(button);
  }
  rows.push(row);
  return row;
}

const above = switches();
const within = switches();
apply();
// Their place is kept (assure.css): they come as they are to look.
void look("reading.css").then(() => {
  document.querySelector(".top")?.after(above);
  // The header is not there during the call.
  document.querySelector("#settings-dialog .actions")?.before(within);
});
