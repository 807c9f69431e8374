// What a document is, by its first bytes, and what of it travels: the picture, never where it was taken.
//
// No page of ours can draw a picture anew (row ID-03: a page that could would be able to keep the
// other's face), so what a JPEG or a PNG says besides is cut out of its bytes.

/** Of one document. */
export const LARGEST = 10 * 1024 * 1024;
/** An A4 page at 300 dpi is 8.7 million; a browser needs four bytes for each. */
const PIXELS = 50_000_000;

/** @typedef {"type" | "heic" | "broken" | "large" | "pixels" | "protected" | "active"} Flaw */
/** @typedef {"jpeg" | "png" | "pdf"} Kind */

/** Why a document is not taken. */
export class NotTaken extends Error {
  /** @param {Flaw} flaw */
  constructor(flaw) {
    super(flaw);
    this.flaw = flaw;
  }
}

/** @type {Record<Kind, string>} */
export const TYPES = { jpeg: "image/jpeg", png: "image/png", pdf: "application/pdf" };

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** @param {Uint8Array} bytes @returns {Kind} throws NotTaken */
export function kindOf(bytes) {
  const starts = (/** @type {number[]} */ magic) => magic.every((byte, at) => bytes[at] === byte);
  if (starts([0xff, 0xd8, 0xff])) return "jpeg";
  if (starts(PNG)) return "png";
  if (letters(bytes, 0, 5) === "%PDF-") return "pdf";
  if (letters(bytes, 4, 8) === "ftyp") throw new NotTaken("heic");
  throw new NotTaken("type");
}

/** @param {Uint8Array} bytes of a JPEG or a PNG @param {Kind} kind @returns {Uint8Array<ArrayBuffer>} the picture alone; throws NotTaken */
export function bare(bytes, kind) {
  const parts = kind === "jpeg" ? jpeg(bytes) : png(bytes);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array} bytes @param {number} from @param {number} to */
function letters(bytes, from, to) {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** @param {number} width @param {number} height */
function fits(width, height) {
  if (!width || !height) throw new NotTaken("broken");
  if (width * height > PIXELS) throw new NotTaken("pixels");
}

// --- JPEG (ITU T.81, annex B) -------------------------------------------------------------------

const [SOI, EOI, SOS, APP0, APP1, APP14, COM] = [0xd8, 0xd9, 0xda, 0xe0, 0xe1, 0xee, 0xfe];
/** What a JFIF file begins with, without a density and without a thumbnail. */
const JFIF = new Uint8Array([0xff, APP0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);

/** @param {Uint8Array} bytes @returns {Uint8Array[]} */
function jpeg(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** @type {Uint8Array[]} */
  const kept = [];
  let [at, upright, jfif, drawn] = [2, 1, false, false];
  while (at + 1 < bytes.length) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) throw new NotTaken("broken");
    if (marker === EOI) break;
    if (marker === 0xff || standsAlone(marker)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const end = at + 2 + (at + 4 <= bytes.length ? view.getUint16(at + 2) : 0);
    if (end < at + 4 || end > bytes.length) throw new NotTaken("broken");
    const segment = bytes.subarray(at, end);
    if (isFrame(marker)) {
      if (segment.length < 9) throw new NotTaken("broken");
      fits(view.getUint16(at + 7), view.getUint16(at + 5));
      drawn = true;
    }
    if (marker === APP0) jfif ||= letters(segment, 4, 8) === "JFIF";
    else if (marker === APP1) upright = orientation(segment) || upright;
    else if (marker === APP14 && letters(segment, 4, 9) === "Adobe") kept.push(adobe(segment));
    else if (marker < APP0 || (marker > 0xef && marker < COM)) kept.push(segment);
    at = end;
    if (marker !== SOS) continue;
    const from = at;
    while (at < bytes.length && !ends(bytes, at)) at++;
    kept.push(bytes.subarray(from, at));
  }
  if (!drawn) throw new NotTaken("broken");
  const first = [new Uint8Array([0xff, SOI]), ...(jfif ? [JFIF] : []), ...(upright > 1 ? [turned(upright)] : [])];
  return [...first, ...kept, new Uint8Array([0xff, EOI])];
}

/** @param {number} marker without a length: TEM, RSTn */
const standsAlone = (marker) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** @param {number} marker SOFn, which holds the size; C4, C8 and CC are something else */
const isFrame = (marker) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** Does the drawn part end here? @param {Uint8Array} bytes @param {number} at */
function ends(bytes, at) {
  if (bytes[at] !== 0xff) return false;
  const next = bytes[at + 1];
  return next !== undefined && next !== 0 && next !== 0xff && !standsAlone(next);
}

/** How the colours are written, and nothing behind. @param {Uint8Array} segment */
function adobe(segment) {
  if (segment.length < 16) throw new NotTaken("broken");
  const short = segment.slice(0, 16);
  short.set([0, 14], 2);
  return short;
}

/** Which way up it was held (Exif 0x0112), 0 when it does not say. @param {Uint8Array} segment */
function orientation(segment) {
  if (letters(segment, 4, 8) !== "Exif" || segment.length < 18) return 0;
  const tiff = segment.subarray(10);
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 0;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2; entry + 12 <= tiff.length && entry < directory + 2 + count * 12; entry += 12) {
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const found = view.getUint16(entry + 8, little);
    return found >= 1 && found <= 8 ? found : 0;
  }
  return 0;
}

/** An Exif that says this and nothing else. @param {number} upright */
function turned(upright) {
  return new Uint8Array([
    0xff, APP1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8,
    0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, upright, 0, 0, 0, 0, 0, 0,
  ]);
}

// --- PNG (ISO/IEC 15948) ------------------------------------------------------------------------

const CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB"]);

/** @param {Uint8Array} bytes @returns {Uint8Array[]} */
function png(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const name = letters(bytes, at + 4, at + 8);
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length || (at === 8) !== (name === "IHDR")) break;
    if (at === 8) fits(view.getUint32(16), view.getUint32(20));
    if (CHUNKS.has(name)) kept.push(bytes.subarray(at, end));
    if (name === "IEND") return kept;
    at = end;
  }
  throw new NotTaken("broken");
}
