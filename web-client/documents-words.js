// How documents are spoken of, on both pages.

import { LARGEST } from "./documents-look.js";
import { MOST } from "./documents-carry.js";

/** @typedef {import("./documents-carry.js").Why} Why */

const MEGABYTE = 1024 * 1024;

/** @param {number} bytes « 1,2 Mo », « 340 ko » */
export function weight(bytes) {
  const [count, unit] = bytes < MEGABYTE ? [bytes / 1024, "ko"] : [bytes / MEGABYTE, "Mo"];
  return `${count.toLocaleString("fr-FR", { maximumFractionDigits: unit === "ko" ? 0 : 1 })}\u00a0${unit}`;
}

/** @param {number} part @param {number} whole */
export const percent = (part, whole) => `${Math.floor((100 * part) / Math.max(1, whole))}\u00a0%`;

/** @param {string} kind */
export const kindLabel = (kind) => (kind === "pdf" ? "PDF" : "Photo");

/** @type {Record<Why, string>} */
const WHY = {
  type: "Ce n'est ni une photo (JPEG, PNG) ni un PDF.",
  heic: "Cette photo est au format HEIC, que beaucoup d'ordinateurs ne lisent pas. Choisissez «\u00a0Prendre une photo\u00a0», ou photographiez l'écran.",
  broken: "Ce fichier est incomplet ou abîmé. Choisissez-en un autre, ou photographiez la page.",
  large: `Ce fichier dépasse ${weight(LARGEST)}. Photographiez la page, ou choisissez-en un plus léger.`,
  pixels: "Cette image est trop grande pour être affichée. Photographiez la page.",
  protected: "Ce PDF est protégé par un mot de passe. Photographiez la page.",
  active: "Ce PDF contient un programme ou d'autres fichiers. Photographiez la page.",
  many: `${MOST} documents au plus à la fois. Retirez-en un.`,
  differs: "Ce document est arrivé différent de ce qui est parti. Retirez-le et recommencez.",
};

/** @param {string} why */
export const because = (why) =>
  Object.hasOwn(WHY, why) ? WHY[/** @type {Why} */ (why)] : "Ce document n'a pas pu être remis.";

/** Marks that turn the direction of words, and what is no letter: of a name, on its owner's page. @param {string} name */
export function tidied(name) {
  const plain = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "").trim();
  return plain.length > 40 ? `${plain.slice(0, 36)}…` : plain || "Document";
}
