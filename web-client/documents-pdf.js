// Whether a PDF is only paper: cut off, protected, or able to act by itself. As server/assure/pdf.py
// does for a document that is joined before the hour: names are looked for, nothing is parsed.

import { NotTaken } from "./documents-look.js";

const ACTIVE =
  /\/(JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData|GoToE|Rendition)(?![A-Za-z0-9])/;
const PROTECTED = /\/Encrypt(?![A-Za-z0-9])/;
const PACKED = /\/ObjStm(?![A-Za-z0-9])/;
/** Packed otherwise than by Flate alone: it cannot be looked through. */
const STRANGE = /\/(ASCII|LZW|RunLength|Crypt|Predictor)/;
/** What one stream, and all of them, may be inflated to; a page of paper has a few. */
const [STREAM_BYTES, ALL_BYTES, MAX_STREAMS] = [4_000_000, 64_000_000, 2_000];

/** @param {Uint8Array<ArrayBuffer>} bytes throws NotTaken */
export async function onlyPaper(bytes) {
  // One character for each byte: where a name is found is where it is.
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.slice(-1_024).includes("%%EOF")) throw new NotTaken("broken");
  const plain = named(text);
  if (PROTECTED.test(plain)) throw new NotTaken("protected");
  if (ACTIVE.test(plain) || (await actsWithin(bytes, text))) throw new NotTaken("active");
}

/** A name may be written « /J#61vaScript ». @param {string} text */
const named = (text) =>
  text.replace(/#([0-9A-Fa-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));

/** @param {Uint8Array<ArrayBuffer>} bytes @param {string} text */
async function actsWithin(bytes, text) {
  let [total, count] = [0, 0];
  for (const { 0: opening, index } of text.matchAll(/(?<!end)stream\r?\n/g)) {
    const head = named(text.slice(Math.max(0, index - 2_048), index));
    const dictionary = head.slice(head.lastIndexOf(" obj") + 1);
    const from = index + opening.length;
    const to = text.indexOf("endstream", from);
    if (to < 0 || ++count > MAX_STREAMS) return true;
    const { part, whole } = await inflated(bytes.subarray(from, to));
    total += part.length;
    if (ACTIVE.test(named(part)) || total > ALL_BYTES) return true;
    if (PACKED.test(dictionary) && (!whole || STRANGE.test(dictionary))) return true;
  }
  return false;
}

/** The beginning of a stream, and whether that is all of it. @param {Uint8Array<ArrayBuffer>} packed the line's end may follow */
async function inflated(packed) {
  const tail = packed.at(-2) === 13 && packed.at(-1) === 10 ? 2 : 1;
  const short = await inflate(packed.subarray(0, packed.length - tail));
  return short.whole ? short : inflate(packed);
}

/** @param {Uint8Array<ArrayBuffer>} packed */
async function inflate(packed) {
  const decoder = new TextDecoder("latin1");
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let part = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { part, whole: true };
      part += decoder.decode(value);
      if (part.length > STREAM_BYTES) break;
    }
    void reader.cancel().catch(() => undefined);
  } catch {
    // No Flate, or cut off.
  }
  return { part, whole: false };
}
