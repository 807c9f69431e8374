// The token of an attestation's QR code: read as strictly as it is written
// (controle/attestation_forme.py), and verified by this browser with the published keys.

import { get, post } from "./page.js";

/**
 * @typedef {{
 *   format: string, genre: string, caisse: string, assure: string, code: string, debut: string,
 *   fuseau: string, minutes: number, essai: string | null, arrivee: string | null,
 *   attente_de: string | null, attente_a: string | null, attente: number,
 *   admission: string | null, ensemble: number, interruptions: number,
 *   interruptions_duree: number,
 *   interruptions_dites: {de: string, a: string | null, cote: string}[], fin: string | null,
 *   medecin_arrivee: string | null, medecin_duree: number, medecin_retard: number | null,
 *   cote: string | null, motif: string, observe: string, chaine_seq: number,
 *   chaine_tete: string, emise: string, cle: string, pause?: number,
 * }} Attestation
 */
/** @typedef {import('./api').TokenVerified} TokenVerified */
/** @typedef {{kid: string, kty: string, crv: string, x: string}} Key */

/** @type {Record<number, string>} by the version that a token begins with */
const FORMATS = { 1: "telecontrole-attestation/1", 2: "telecontrole-attestation/2" };
const SIGNATURE = 64;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const TEXTS = ["genre", "caisse", "assure", "code", "fuseau", "motif", "cle"];
const NUMBERS = ["minutes", "attente", "ensemble", "interruptions", "interruptions_duree", "medecin_duree", "chaine_seq"];
const INSTANTS = ["essai", "arrivee", "attente_de", "attente_a", "admission", "fin", "medecin_arrivee", "observe", "emise"];
/** Every value, in the order of the token; the first version does not say the pauses. */
const FIELDS = [
  "genre", "caisse", "assure", "code", "debut", "fuseau", "minutes", "essai", "arrivee",
  "attente_de", "attente_a", "attente", "admission", "ensemble", "interruptions",
  "interruptions_duree", "interruptions_dites", "fin", "medecin_arrivee", "medecin_duree",
  "medecin_retard", "cote", "motif", "observe", "chaine_seq", "chaine_tete", "emise", "cle", "pause",
];

export const ILLEGIBLE = "Ce n'est pas une attestation, ou elle est incomplète.";
export const UNKNOWN_KEY = "Elle n'est pas signée par une clé que ce service publie.";
export const ALTERED = "Son contenu ne correspond pas à sa signature\u00a0: il a été modifié.";

/** The keys could not be read: nothing can be said either way. */
export class Unable extends Error {}

/**
 * What the token says, once this browser (or, without Ed25519, the server) has verified it.
 * @param {string} token
 * @returns {Promise<{reason: string, attestation?: Attestation, here?: boolean}>} an empty reason: genuine
 */
export async function verify(token) {
  /** @type {ReturnType<typeof read>} */
  let parts;
  try {
    parts = read(token);
  } catch {
    return { reason: ILLEGIBLE };
  }
  const { attestation, signature } = parts;
  const key = (await published()).find(({ kid }) => kid === attestation.cle);
  if (!key) return { reason: UNKNOWN_KEY };
  const said = await judged(key, signature, signed(attestation), token);
  return said.reason ? said : { ...said, attestation };
}

/** @returns {Promise<Key[]>} */
async function published() {
  const { keys } = await get("/.well-known/sceaux.json").catch(() => {
    throw new Unable();
  });
  return keys;
}

/**
 * @param {Key} key @param {Uint8Array<ArrayBuffer>} signature @param {Uint8Array<ArrayBuffer>} message
 * @param {string} token
 */
async function judged({ kty, crv, x }, signature, message, token) {
  try {
    const algorithm = { name: "Ed25519" };
    const imported = await crypto.subtle.importKey("jwk", { kty, crv, x }, algorithm, false, ["verify"]);
    const holds = await crypto.subtle.verify(algorithm, imported, signature, message);
    return { reason: holds ? "" : ALTERED, here: true };
  } catch {
    // No Ed25519 in this browser.
  }
  /** @type {TokenVerified} */
  const { reason } = await post("/api/attestation", { token }).catch(() => {
    throw new Unable();
  });
  return { reason, here: false };
}

/** The bytes that were signed. @param {Attestation} attestation */
const signed = (attestation) => bytes(`${attestation.format}\n${canonical(attestation)}`);

/** JSON with its names in order, without a space. @param {unknown} value @returns {string} */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  const written = names.map(
    (name) => `${JSON.stringify(name)}:${canonical(/** @type {Record<string, unknown>} */ (value)[name])}`,
  );
  return `{${written.join(",")}}`;
}

// --- the token ----------------------------------------------------------------------------------

/** @param {string} token throws what is not one */
export function read(token) {
  const raw = unpack(token);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(raw.slice(0, -SIGNATURE));
  const values = JSON.parse(text);
  const format = Array.isArray(values) ? FORMATS[values[0]] : undefined;
  const fields = values[0] === 1 ? FIELDS.slice(0, -1) : FIELDS;
  const known = format && values.length === fields.length + 1;
  // One content, one writing.
  if (!known || JSON.stringify(values) !== text) throw new Error("token");
  /** @type {Record<string, any>} */
  const said = Object.fromEntries(fields.map((name, at) => [name, values[at + 1]]));
  for (const name of TEXTS) must(typeof said[name] === "string");
  for (const name of NUMBERS) must(Number.isSafeInteger(said[name]));
  must(!fields.includes("pause") || Number.isSafeInteger(said.pause));
  const start = said.debut;
  said.debut = instant(start);
  for (const name of INSTANTS)
    if (said[name] !== null) said[name] = instant(start + said[name]);
  said.interruptions_dites = said.interruptions_dites.map(
    (/** @type {any[]} */ [from, to, cote]) => ({
      de: instant(start + from),
      a: to === null ? null : instant(start + to),
      cote,
    }),
  );
  said.chaine_tete = hex(said.chaine_tete);
  const attestation = /** @type {Attestation} */ ({ format, ...said });
  return { attestation, signature: raw.slice(-SIGNATURE) };
}

/** @param {boolean} so */
function must(so) {
  if (!so) throw new Error("token");
}

/** @param {number} seconds */
function instant(seconds) {
  must(Number.isSafeInteger(seconds));
  return `${new Date(1000 * seconds).toISOString().slice(0, 19)}Z`;
}

/** @param {string} text base64url */
function hex(text) {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return [...raw].map((sign) => sign.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** Base 32 without padding; bits that are left over must be none. @param {string} token */
function unpack(token) {
  must(/^[A-Z2-7]{120,4096}$/.test(token));
  const found = new Uint8Array(Math.floor((token.length * 5) / 8));
  let [bits, held, at] = [0, 0, 0];
  for (const letter of token) {
    held = (held << 5) | LETTERS.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    found[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  must(bits < 5 && held === 0);
  return found;
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
const bytes = (text) => new TextEncoder().encode(text);
