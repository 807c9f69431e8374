// What our senders may send: the voice first, then the picture by steps that keep its rate.
//
// Caps of the senders, not constraints of the capture: one's own picture stays as it is, and nothing
// is negotiated (docs/decisions/0032-sound-before-picture.md). Pure but for `shape`.

/** @typedef {{ bitrate: number, scale: number, active?: boolean, whole?: boolean }} Picture bits/s; each side divided by `scale`; `whole`: beginning by a picture that needs no other */
/** @typedef {"up" | "down" | "pause" | ""} Move */

/** Bits per second of one voice: Opus, one channel, with its own repair of losses. */
export const VOICE = 32_000;
/** Of one picture, from the best down; after the last one comes the pause. @type {readonly Picture[]} */
export const STEPS = [
  { bitrate: 1_500_000, scale: 1 },
  { bitrate: 600_000, scale: 1 },
  { bitrate: 250_000, scale: 2 },
  { bitrate: 120_000, scale: 3 },
];
/** The best step of who saves data, on either side. */
export const SAVING = 2;
/** Headers of IP, UDP, RTP and SRTP of some 80 packets a second, and what else keeps a path up. */
const OVERHEAD = 40_000;

/** Looks in a row before going down, */
const DOWN = 2;
/** before coming up a step, at first: each step that did not hold doubles it, */
const [UP, LONGEST] = [5, 60];
/** and while the picture is paused. */
const RESUME = 10;
/** What the browser believes takes so long to follow what is sent, in looks; and a step up is a
 * trial for twice as long. */
const TRIAL = 8;
/** Under this there is room for the voice alone, in bits/s. */
const FLOOR = 110_000;
/** Share of lost packets that a picture adds to: from there on less is sent. */
const [LOSSY, VERY_LOSSY] = [0.08, 0.2];
/** Round trip that says that a queue is filling, in ms, beyond the best one seen. */
const QUEUE = 400;

/** Mo of data for a call of so many minutes, both ways. @param {number} minutes @param {boolean} saving */
export function volume(minutes, saving) {
  const picture = at(saving ? SAVING : 0).bitrate;
  const bits = 2 * (picture + VOICE + OVERHEAD) * minutes * 60;
  const megabytes = bits / 8 / 1_000_000;
  return Math.round(megabytes / 10) * 10;
}

/** @param {number} step @returns {Picture} */
const at = (step) => STEPS[step] ?? STEPS[STEPS.length - 1] ?? { bitrate: 0, scale: 1 };

/**
 * Which step the picture we send is at. One look a second, while media flow.
 * @typedef {{ available: number | null, loss: number | null, rtt: number | null }} Look bits/s that
 *   the browser believes it can send (Chromium), share lost of what we sent, ms; null: not known
 */
export class Ladder {
  /** The best step allowed. */ #best = 0;
  #step = 0;
  #low = 0;
  #good = 0;
  #patience = UP;
  /** Looks since the last step up, or the beginning. */ #since = 0;
  /** The shortest round trip seen, in ms. */ #shortest = Infinity;
  paused = false;

  get step() {
    return this.#step;
  }

  /** Media begin to flow, again maybe: what the browser believes is old. */
  begin() {
    this.#since = this.#low = this.#good = 0;
  }

  /** @returns {Picture} */
  get picture() {
    return { ...at(this.#step), active: !this.paused };
  }

  /** @param {boolean} saving @returns {boolean} whether the picture changes */
  save(saving) {
    this.#best = saving ? SAVING : 0;
    const before = this.#step;
    this.#step = Math.max(this.#step, this.#best);
    return this.#step !== before;
  }

  /** @param {Look} look @returns {Move} what has just been decided */
  look(look) {
    this.#since++;
    if (look.rtt !== null) this.#shortest = Math.min(this.#shortest, look.rtt);
    if (this.#isShort(look)) return this.#fall(look);
    this.#low = 0;
    if (!this.#isGood(look)) this.#good = 0;
    else if (++this.#good >= this.#wait) return this.#climb();
    // A step that held is no trial any more.
    if (this.#since === 2 * TRIAL) this.#patience = UP;
    return "";
  }

  get #wait() {
    return Math.max(this.paused ? RESUME : 0, this.#patience);
  }

  /** @param {Look} look the network does not carry what is sent */
  #isShort({ available, loss, rtt }) {
    if (this.paused) return false;
    const filling = this.#filling(rtt);
    if ((loss ?? 0) >= VERY_LOSSY || (filling && (loss ?? 0) >= LOSSY)) return true;
    // The browser's belief grows with what is sent: at first only a queue speaks.
    const believed = this.#since > TRIAL ? available : null;
    if (believed === null) return filling;
    const needed = this.#needed(this.#step);
    return believed < (filling ? 2 * needed : needed);
  }

  /** @param {number | null} rtt */
  #filling(rtt) {
    return rtt !== null && rtt > this.#shortest + QUEUE;
  }

  /** What it takes to stay on a step: less than to fill it. @param {number} step */
  #needed(step) {
    const [own, next] = [at(step), STEPS[step + 1]];
    return next ? (next.bitrate + own.bitrate) / 3 : FLOOR;
  }

  /** @param {Look} look nothing speaks against more */
  #isGood({ available, loss, rtt }) {
    if ((loss ?? 0) >= LOSSY || this.#filling(rtt)) return false;
    // What the browser believes stays low while little is sent: a step that is filled is enough.
    return available === null || this.paused || available >= at(this.#step).bitrate * 0.9;
  }

  /** @param {Look} look @returns {Move} */
  #fall({ available }) {
    this.#good = 0;
    if (++this.#low < DOWN) return "";
    this.#low = 0;
    // A trial that failed: longer before the next.
    if (this.#since <= 2 * TRIAL) this.#patience = Math.min(this.#wait * 2, LONGEST);
    // What was believed of more says nothing of less.
    this.#since = 2 * TRIAL;
    const last = STEPS.length - 1;
    while (this.#step < last) {
      this.#step++;
      if (available === null || available >= this.#needed(this.#step)) return "down";
    }
    this.paused = true;
    return "pause";
  }

  /** @returns {Move} */
  #climb() {
    this.#good = 0;
    if (!this.paused && this.#step <= this.#best) return "";
    this.#since = 0;
    if (this.paused) this.paused = false;
    else this.#step--;
    return "up";
  }
}

/**
 * Puts the caps on the senders; the browser does the rest within them.
 * @param {Map<string, RTCRtpSender>} senders by kind
 * @param {Picture} picture
 */
export async function shape(senders, { bitrate, scale, active = true, whole = false }) {
  // A screen (share.js) is read: sharp, and slower when the network is short.
  const read = senders.get("video")?.track?.contentHint === "detail";
  // Paused is `active: false`, not replaceTrack(null): the gate alone takes tracks away.
  await Promise.all([
    put(senders.get("video"), { maxBitrate: bitrate, scaleResolutionDownBy: read ? 1 : scale, active }, "low", whole),
    put(senders.get("audio"), { maxBitrate: VOICE }, "high"),
  ]);
}

/**
 * @param {RTCRtpSender | undefined} sender
 * @param {RTCRtpEncodingParameters} caps
 * @param {RTCPriorityType} priority where the browser has it: of the bits, and of the packets (DSCP)
 * @param {boolean} [whole] where the browser has it (RTCSetParameterOptions, WebRTC Extensions)
 */
async function put(sender, caps, priority, whole = false) {
  for (const plain of [false, true]) {
    const parameters = sender?.getParameters?.();
    if (!sender || !parameters?.encodings?.length) return;
    for (const encoding of parameters.encodings) Object.assign(encoding, caps, plain ? {} : { priority, networkPriority: priority });
    // A face that moves is understood better than a sharp one that jumps (EN 301 549 §6.5.3).
    if ("scaleResolutionDownBy" in caps)
      Object.assign(parameters, { degradationPreference: sender.track?.contentHint === "detail" ? "maintain-resolution" : "maintain-framerate" });
    /** @type {(parameters: RTCRtpSendParameters, options?: object) => Promise<void>} */
    const set = sender.setParameters.bind(sender);
    const options = { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) };
    const done = await (whole && !plain ? set(parameters, options) : set(parameters)).then(() => true, () => false);
    if (done) return;
  }
}
