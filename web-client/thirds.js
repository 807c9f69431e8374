// The other pairs of a room: those of a third participant (an interpreter, a colleague, somebody
// close), each with a connection of its own. No page, no DOM.
//
// The médecin-conseil and the assuré have theirs in call.js, which this never touches: they stay in
// their call whatever a third one's network does. As there, each page withholds its own tracks:
// until the room and the third are admitted, and on hold (docs/protocol.md).

import { on } from "./peer.js";
import { Pair } from "./thirds-pair.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Joining} Joining */
/** @typedef {import("./protocol").RoomState} RoomState */
/** @typedef {import("./protocol").Snapshot["you"]} SeatName */
/** @typedef {import("./protocol").Third} Third */
/** @typedef {import("./protocol").ThirdSignal} ThirdSignal */
/** @typedef {import("./protocol").ThirdRenegotiation} ThirdRenegotiation */
/** @typedef {{ presence: string, instance?: string | null }} Somebody */

/** Whoever stands before offers to those after, so that offers never cross. @type {readonly SeatName[]} */
const RANKS = ["medecin_conseil", "assure", "tiers1", "tiers2"];

/** @typedef {import("./sending.js").Picture} Picture */
/**
 * What one picture may take: a mesh multiplies it by the number of pairs. When the network does not
 * carry the call's own picture, these make room for it first, and pause before it does.
 */
const SMALL = {
  plenty: { bitrate: 350_000, scale: 2 },
  little: { bitrate: 120_000, scale: 3 },
  none: { bitrate: 120_000, scale: 3, active: false },
};
/**
 * Signs are read from hands and faces: the whole picture, on each leg of an interpreter's, at its
 * full rate (sending.js: degradationPreference). It grows less sharp, and is never paused.
 */
const SIGNED = {
  plenty: { bitrate: 900_000, scale: 1 },
  little: { bitrate: 500_000, scale: 1 },
  none: { bitrate: 250_000, scale: 2 },
};

/** What is left for others beside the call's own picture. @param {Picture} picture @returns {"plenty" | "little" | "none"} */
function spare({ bitrate, active = true }) {
  if (!active || bitrate < 200_000) return "none";
  return bitrate < 1_000_000 ? "little" : "plenty";
}

/** @param {SeatName} seat @returns {seat is "tiers1" | "tiers2"} */
export const isThird = (seat) => seat === "tiers1" || seat === "tiers2";

/** @param {RoomState | null} state @param {SeatName} seat @returns {Third | null} */
export const thirdAt = (state, seat) => state?.thirds.find((one) => one.seat === seat) ?? null;

/** @param {RoomState} state @param {SeatName} seat */
const isIn = (state, seat) => !isThird(seat) || Boolean(thirdAt(state, seat)?.admitted);

/** @param {RoomState} state @param {SeatName} seat @returns {Somebody | null} */
const somebody = (state, seat) => (isThird(seat) ? thirdAt(state, seat) : state[seat]);

/** @param {Somebody | null} other */
const isAway = (other) => !other || other.presence === "left" || other.presence === "absent";

/** Event `change`: a pair came or went, or its path or gate changed. */
export class Thirds extends EventTarget {
  /** @type {Call} */ #call;
  /** Ours, once the room has said it. @type {SeatName | null} */
  seat = null;
  /** @type {Joining["access"] | null} */ #access = null;
  #gate = false;
  /** @type {"plenty" | "little" | "none"} */ #spare = "plenty";
  #online = false;
  #over = false;
  /** @type {Map<SeatName, Pair>} */ pairs = new Map();

  /** @param {Call} call that has not been entered yet */
  constructor(call) {
    super();
    this.#call = call;
    on(call, "joining", (/** @type {Joining} */ joining) => this.#joining(joining));
    on(call, "state", () => this.#follow());
    on(call, "tracks", () => this.#follow());
    // A pause, at once; a screen in the camera's place.
    on(call.outgoing, "change", () => this.#follow());
    on(call, "gate", (/** @type {boolean} */ open) => {
      this.#gate = open;
      this.#follow();
    });
    on(call, "connection", (/** @type {string} */ now) => {
      this.#online = now === "open";
      if (this.#online) for (const pair of this.pairs.values()) pair.again();
    });
    on(call, "shape", (/** @type {Picture} */ picture) => {
      this.#spare = spare(picture);
      for (const [seat, pair] of this.pairs) pair.shape(this.#picture(seat));
    });
    on(call, "closed", () => this.close());
  }

  /** The télécontrôle's id, once the room is being entered. */
  get room() {
    return this.#access?.().room ?? "";
  }

  /** @param {Joining} joining */
  #joining({ socket, access, snapshot }) {
    this.#access = access;
    socket.on("third_signal", (signal) => this.#take(signal));
    socket.on("third_renegotiate", ({ source, reason }) => this.pairs.get(source)?.asked(reason));
    socket.on("snapshot", (now) => this.#entered(now));
    if (snapshot) this.#entered(snapshot);
  }

  /** @param {import("./protocol").Snapshot} snapshot */
  #entered({ you, third_signals }) {
    this.seat = you;
    // Once the call has taken the state that comes with them.
    queueMicrotask(() => third_signals.forEach((signal) => this.#take(signal)));
  }

  /** May our picture and voice go to that seat now? @param {SeatName} seat */
  open(seat) {
    const { state } = this.#call;
    if (this.#over || !this.#gate || state?.phase !== "admitted") return false;
    return this.#belong(state, seat);
  }

  /** Are they joined at all, admitted or not any more? @param {RoomState} state @param {SeatName} seat */
  #belong(state, seat) {
    const own = this.seat;
    if (!own || seat === own || (!isThird(seat) && !isThird(own))) return false;
    return state.phase !== "ended" && isIn(state, seat) && isIn(state, own);
  }

  /** The connections become what the room says. */
  #follow() {
    const { state } = this.#call;
    if (!state || this.#over) return;
    for (const seat of RANKS) {
      const other = somebody(state, seat);
      if (!this.#belong(state, seat) || isAway(other)) this.#part(seat);
      else if (this.open(seat) && this.#call.outgoing.settled) this.#meet(seat, other);
      this.pairs.get(seat)?.send(this.open(seat) ? this.#call.outgoing.stream : null);
    }
    this.#changed();
  }

  /** @param {SeatName} seat @param {Somebody | null} other */
  #meet(seat, other) {
    const pair = this.pairs.get(seat) ?? this.#begin(seat);
    if (other?.presence === "present" && other.instance) pair?.meet(other.instance);
  }

  /** @param {SeatName} seat @returns {Pair | null} */
  #begin(seat) {
    const [access, own] = [this.#access, this.seat];
    if (!access || !own) return null;
    const pair = new Pair({
      to: seat,
      offers: RANKS.indexOf(own) < RANKS.indexOf(seat),
      picture: this.#picture(seat),
      access,
      last: () => this.#last(seat),
      online: () => this.#online && this.open(seat),
      ask: (event, payload) => this.#call.ask(event, payload),
      changed: () => this.#changed(),
    });
    this.pairs.set(seat, pair);
    return pair;
  }

  /** The most that our picture may take on the way to that seat. @param {SeatName} seat @returns {Picture} */
  #picture(seat) {
    const { state } = this.#call;
    const signs = [seat, this.seat].some((one) => one && thirdAt(state, one)?.kind === "interprete_lsf");
    return (signs ? SIGNED : SMALL)[this.#spare];
  }

  /** The number of the last offer between them and us. @param {SeatName} seat */
  #last(seat) {
    const pairs = this.#call.state?.pairs ?? [];
    const both = [seat, this.seat];
    const known = pairs.find(({ offers, answers }) => both.includes(offers) && both.includes(answers));
    return known?.negotiation ?? 0;
  }

  /** @param {SeatName} seat */
  #part(seat) {
    const pair = this.pairs.get(seat);
    this.pairs.delete(seat);
    pair?.close();
  }

  /** The state that admits them came before what they signal. @param {ThirdSignal} signal */
  #take(signal) {
    if (!this.open(signal.source)) return;
    const pair = this.pairs.get(signal.source) ?? this.#begin(signal.source);
    pair?.send(this.#call.outgoing.stream);
    pair?.take(signal);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  close() {
    if (this.#over) return;
    this.#over = true;
    for (const seat of [...this.pairs.keys()]) this.#part(seat);
    this.#changed();
  }
}
