// Text that is seen while it is typed (EN 301 549, 6.2; the idea of RFC 4103): one turn of each side.
//
// A batch says how much of what was there stays and what comes after it, under a number: one that
// does not follow the last is not applied, it is asked for whole. So what is lost mixes nothing.

/** Between two batches, in ms: a character is there within 500 (EN 301 549, 6.2.4), ours sooner. */
const BATCH = 250;

/** @typedef {{ page: string, turn: number, seq: number, keep: number, text: string }} Batch */

/** What we type. @param {(batch: Batch) => boolean} send whether it is on its way */
export class OwnText {
  /** Of this page load: another page's turns begin anew. */
  #page = crypto.randomUUID();
  #seq = 0;
  #sent = "";
  #text = "";
  #timer = 0;
  #whole = false;
  turn = 1;

  /** @param {(batch: Batch) => boolean} send */
  constructor(send) {
    this.send = send;
  }

  get page() {
    return this.#page;
  }

  /** @param {string} text all that is in the field now */
  type(text) {
    this.#text = text;
    if (this.#timer) return;
    // The first character goes at once.
    this.#flush();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (this.#text !== this.#sent) this.type(this.#text);
    }, BATCH);
  }

  /** All of it, for another channel or for who lost the thread. */
  again() {
    this.#whole = true;
    if (this.#text || this.#sent) this.#flush();
  }

  /** The line is said: the next one is another turn. @returns {number} the turn that it was */
  finish() {
    clearTimeout(this.#timer);
    this.#timer = this.#seq = 0;
    this.#sent = this.#text = "";
    return this.turn++;
  }

  #flush() {
    const keep = this.#whole ? 0 : common(this.#sent, this.#text);
    const { turn } = this;
    const text = this.#text.slice(keep);
    const gone = this.send({ page: this.#page, turn, seq: this.#seq, keep, text });
    this.#whole = !gone;
    if (!gone) return;
    this.#seq++;
    this.#sent = this.#text;
  }
}

/** How many characters two texts begin with alike. @param {string} one @param {string} other */
function common(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

/** What the other types, as far as it has come. */
export class OtherText {
  #page = "";
  #turn = 0;
  #seq = -1;
  text = "";

  /** @param {number} longest characters of one turn */
  constructor(longest) {
    this.longest = longest;
  }

  /**
   * @param {unknown} content of the other page
   * @returns {"taken" | "gap" | "no"} gap: it is to be asked for whole
   */
  take(content) {
    const batch = read(content);
    if (!batch) return "no";
    const { page, turn, seq, keep, text } = batch;
    if (page !== this.#page) this.#begin(page, 0);
    if (turn < this.#turn || keep + text.length > this.longest) return "no";
    if (turn > this.#turn) this.#begin(page, turn);
    if (seq <= this.#seq) return "no";
    if (keep > 0 && (seq !== this.#seq + 1 || keep > this.text.length)) return "gap";
    this.#seq = seq;
    this.text = this.text.slice(0, keep) + text;
    return "taken";
  }

  /** The line has come whole. @param {string} page @param {number} turn */
  finished(page, turn) {
    if (page !== this.#page || turn >= this.#turn) this.#begin(page, turn + 1);
  }

  clear() {
    this.text = "";
  }

  /** @param {string} page @param {number} turn */
  #begin(page, turn) {
    this.#page = page;
    this.#turn = turn;
    this.#seq = -1;
    this.text = "";
  }
}

const COUNT = (/** @type {unknown} */ one) => Number.isSafeInteger(one) && Number(one) >= 0;

/** @param {unknown} content @returns {Batch | null} */
function read(content) {
  const { page, turn, seq, keep, text } = /** @type {Partial<Batch>} */ (content ?? {});
  const counts = [turn, seq, keep].every(COUNT);
  const words = typeof page === "string" && page.length <= 64 && typeof text === "string";
  return counts && words ? /** @type {Batch} */ (content) : null;
}
