// What two people write to each other: who said what, what has arrived, what is typed now. No DOM.
//
// Page to page over `call.talk`, nothing by the server, nothing kept: it goes with the page. What
// has not arrived is sent again with each new channel, under the same name, and taken once.

import { OtherText, OwnText } from "./chat-live.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./peer.js").Talk} Talk */

/** Characters of one message. */
export const LONGEST = 1_000;
/** Messages that are kept on the page; the oldest go. */
const KEPT = 500;
/** Messages of ours that may wait for a channel. */
const WAITING = 50;
/** At once, and then one each second: ours, and what is taken of the other's (who may catch up). */
const [OURS, THEIRS] = [10, WAITING + 20];
/** Batches of typed text that are taken: at once, and each second. */
const [TYPED, TYPED_EACH_SECOND] = [20, 6];

/**
 * @typedef {object} Line
 * @property {string} id
 * @property {boolean} mine
 * @property {string} text
 * @property {number} at ms, by this page's clock
 * @property {"waiting" | "sent" | "delivered"} state of ours: the other page has it once delivered
 */

/** So many at once, then so many each second. */
class Pace {
  #last = Date.now();

  /** @param {number} burst @param {number} [each] */
  constructor(burst, each = 1) {
    this.burst = this.left = burst;
    this.each = each;
  }

  take() {
    const now = Date.now();
    this.left = Math.min(this.burst, this.left + ((now - this.#last) / 1_000) * this.each);
    this.#last = now;
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}

/**
 * Of one Call; lives through ICE restarts and new connections. Events: `line` (Line) · `changed`
 * (Line) · `live` (the other's text) · `mode` (whose text is live) · `over`.
 */
export class Conversation extends EventTarget {
  /** @type {Line[]} */ lines = [];
  /** Our text goes as it is typed, while media may flow. */ live = false;
  /** Theirs does. */ otherLive = false;
  /** How many lines of theirs there were, and how many of these were on screen. */
  #theirLines = 0;
  #read = 0;
  #open = false;
  /** @type {Set<string>} */ #heard = new Set();
  #ours = new Pace(OURS);
  #theirs = new Pace(THEIRS);
  #typed = new Pace(TYPED, TYPED_EACH_SECOND);
  #other = new OtherText(LONGEST);
  /** @type {OwnText} */ #own;

  /** @param {Call} call */
  constructor(call) {
    super();
    this.call = call;
    this.#own = new OwnText((batch) => call.talk("typed", batch));
    this.#on("talk", (/** @type {Talk} */ talk) => this.#hear(talk));
    this.#on("talking", () => this.#again());
    this.#on("transport", (transport) => transport === "lost" && this.#lost());
    this.#on("gate", (/** @type {boolean} */ open) => this.#gate(open));
    this.#on("closed", () => this.#tell("over"));
  }

  get otherText() {
    return this.#other.text;
  }

  get unread() {
    return this.#theirLines - this.#read;
  }

  /** All that there is was on screen. */
  see() {
    this.#read = this.#theirLines;
  }

  /** May what we type be seen now? */
  get flows() {
    return this.live && this.#open;
  }

  /**
   * @param {string} words
   * @returns {"" | "empty" | "long" | "fast" | "full"} why not
   */
  say(words) {
    const text = words.trim();
    if (!text) return "empty";
    if (text.length > LONGEST) return "long";
    if (this.lines.filter((line) => line.mine && line.state !== "delivered").length >= WAITING)
      return "full";
    if (!this.#ours.take()) return "fast";
    const id = crypto.randomUUID();
    /** @type {Line & { page: string, turn: number }} */
    const line = {
      id, mine: true, text, at: Date.now(), state: "waiting",
      page: this.#own.page, turn: this.#own.finish(),
    };
    this.#keep(line);
    this.#send(line);
    return "";
  }

  /** What stands in the field now. @param {string} text */
  type(text) {
    if (this.flows && text.length <= LONGEST) this.#own.type(text);
  }

  /** @param {boolean} on @param {string} text what stands in the field */
  setLive(on, text) {
    if (this.flows && !on) this.#own.type("");
    this.live = on;
    this.call.talk("live", { on });
    if (on && text) this.type(text);
    this.#tell("mode");
  }

  // --- sent -------------------------------------------------------------------------------------

  /** @param {Line} line */
  #send(line) {
    const { id, text } = line;
    const { page, turn } = /** @type {{ page?: string, turn?: number }} */ (line);
    const gone = this.call.talk("message", { id, text, page, turn });
    this.#become(line, gone ? "sent" : "waiting");
  }

  #again() {
    if (this.live) this.call.talk("live", { on: true });
    for (const line of this.lines) if (line.mine && line.state !== "delivered") this.#send(line);
    if (this.flows) this.#own.again();
  }

  #lost() {
    for (const line of this.lines)
      if (line.mine && line.state === "sent") this.#become(line, "waiting");
  }

  /** @param {boolean} open */
  #gate(open) {
    this.#open = open;
    if (open) return this.#tell("mode");
    this.#other.clear();
    this.#tell("live");
    this.#tell("mode");
  }

  // --- heard ------------------------------------------------------------------------------------

  /** @param {Talk} talk */
  #hear({ topic, content }) {
    if (topic === "message") this.#message(content);
    else if (topic === "message_heard") this.#arrived(content);
    else if (topic === "typed") this.#seen(content);
    else if (topic === "typed_again" && this.flows && this.#typed.take()) this.#own.again();
    else if (topic === "live") this.#mode(content);
  }

  /** @param {unknown} content */
  #message(content) {
    const { id, text, page, turn } = /** @type {Record<string, unknown>} */ (content ?? {});
    if (typeof id !== "string" || !/^[\w-]{8,64}$/.test(id)) return;
    if (typeof text !== "string" || !text.trim() || text.length > LONGEST) return;
    if (!this.#heard.has(id)) {
      // Not acknowledged: it is sent again later.
      if (!this.#theirs.take()) return;
      this.#heard.add(id);
      if (typeof page === "string" && Number.isSafeInteger(turn))
        this.#other.finished(page.slice(0, 64), Number(turn));
      this.#tell("live");
      this.#keep({ id, mine: false, text: text.trim(), at: Date.now(), state: "delivered" });
    }
    this.call.talk("message_heard", { id });
  }

  /** @param {unknown} content */
  #arrived(content) {
    const { id } = /** @type {Record<string, unknown>} */ (content ?? {});
    const line = this.lines.find((one) => one.mine && one.id === id);
    if (line) this.#become(line, "delivered");
  }

  /** @param {unknown} content */
  #seen(content) {
    if (!this.#typed.take()) return;
    const found = this.#other.take(content);
    if (found === "gap") this.call.talk("typed_again", {});
    if (found === "taken") this.#tell("live");
  }

  /** @param {unknown} content */
  #mode(content) {
    const { on } = /** @type {Record<string, unknown>} */ (content ?? {});
    if (typeof on !== "boolean" || on === this.otherLive) return;
    this.otherLive = on;
    if (!on) this.#other.clear();
    this.#tell("mode");
    this.#tell("live");
  }

  // --- kept -------------------------------------------------------------------------------------

  /** @param {Line} line */
  #keep(line) {
    this.lines.push(line);
    if (!line.mine) this.#theirLines++;
    if (this.lines.length > KEPT) this.lines.shift();
    this.#tell("line", line);
  }

  /** @param {Line} line @param {Line["state"]} state */
  #become(line, state) {
    if (line.state === state || line.state === "delivered") return;
    line.state = state;
    this.#tell("changed", line);
  }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {string} name @param {(detail: any) => void} listener */
  #on(name, listener) {
    this.call.addEventListener(name, (event) =>
      listener(/** @type {CustomEvent} */ (event).detail),
    );
  }
}

/** @type {WeakMap<Call, Conversation>} */
const known = new WeakMap();

/** The one of this call, from its furnishing on. @param {Call} call */
export function conversationOf(call) {
  const one = known.get(call) ?? new Conversation(call);
  known.set(call, one);
  return one;
}
