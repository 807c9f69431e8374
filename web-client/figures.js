// What the browser's statistics say of a call in course, as one small sample a second.

/**
 * @typedef {object} Sample null: this browser does not say, or nothing came to be measured
 * @property {number} at ms, this page's clock
 * @property {number} up bits/s of sound and picture that we send,
 * @property {number} down and that we receive
 * @property {number | null} lossUp share of packets lost, 0 to 1, as the other page reports,
 * @property {number | null} lossDown and as we see
 * @property {number | null} rtt ms, there and back
 * @property {number | null} available bits/s that the browser believes it can send
 * @property {number | null} fps pictures a second that are shown here, and their width in points
 * @property {number | null} width
 * @property {number | null} sentFps what leaves
 * @property {number | null} sentWidth
 * @property {number | null} concealed share of the sound heard here that was made up for want of packets
 * @property {"" | "cpu" | "bandwidth" | "other"} limited what holds our picture back
 * @property {boolean} relayed
 */

/** @typedef {Record<string, any>} Stat */

/** The differences between one look and the next; the first one gives no sample. */
export class Figures {
  /** @type {Map<string, Stat>} */ #last = new Map();
  #at = 0;

  /** @param {RTCStatsReport | ReadonlyMap<string, Stat>} report @param {number} now ms @returns {Sample | null} */
  read(report, now) {
    const all = /** @type {Stat[]} */ ([...report.values()]);
    const last = this.#last;
    const seconds = (now - this.#at) / 1000;
    const first = last.size === 0;
    this.#last = new Map(all.map((one) => [one.id, one]));
    this.#at = now;
    if (first || seconds <= 0) return null;
    const of = (/** @type {string} */ type) => all.filter((one) => one.type === type);
    /** How much more than at the last look. @param {Stat[]} stats @param {string} name */
    const rise = (stats, name) =>
      stats.reduce((sum, one) => {
        const before = last.get(one.id);
        return sum + Math.max(0, (one[name] ?? 0) - (before?.[name] ?? 0));
      }, 0);
    const [sent, received] = [of("outbound-rtp"), of("inbound-rtp")];
    const reports = of("remote-inbound-rtp").filter(
      (one) => last.get(one.id)?.timestamp !== one.timestamp,
    );
    const pair = selected(all);
    const picture = received.find((one) => one.kind === "video");
    const ours = sent.find((one) => one.kind === "video");
    return {
      at: now,
      up: (8 * rise(sent, "bytesSent")) / seconds,
      down: (8 * rise(received, "bytesReceived")) / seconds,
      lossUp: reports.length ? Math.max(...reports.map((one) => one.fractionLost ?? 0)) : null,
      lossDown: share(rise(received, "packetsLost"), rise(received, "packetsReceived")),
      rtt: milliseconds(pair?.currentRoundTripTime, ...reports.map((one) => one.roundTripTime)),
      available: pair?.availableOutgoingBitrate ?? null,
      fps: picture ? rise([picture], "framesDecoded") / seconds : null,
      width: picture?.frameWidth ?? null,
      sentFps: ours ? rise([ours], "framesSent") / seconds : null,
      sentWidth: ours?.frameWidth ?? null,
      concealed: concealed(received, rise),
      limited: limitation(ours),
      relayed: all.some((one) => isEnd(pair, one) && one.candidateType === "relay"),
    };
  }
}

/** @param {Stat[]} all @returns {Stat | undefined} the candidate pair in use */
function selected(all) {
  const named = all.find((one) => one.type === "transport")?.selectedCandidatePairId;
  // Firefox names no pair in the transport's statistics, and marks it instead.
  return all.find((one) => one.type === "candidate-pair" && (named ? one.id === named : one.selected));
}

/** @param {Stat | undefined} pair @param {Stat} one */
const isEnd = (pair, one) =>
  pair !== undefined && (one.id === pair.localCandidateId || one.id === pair.remoteCandidateId);

/** @param {number} lost @param {number} received */
const share = (lost, received) => (lost + received > 0 ? lost / (lost + received) : null);

/** The worst: the pair's own figure is some seconds old. @param {...(number | undefined)} seconds */
function milliseconds(...seconds) {
  const known = seconds.filter((one) => one !== undefined);
  return known.length ? Math.round(1000 * Math.max(...known)) : null;
}

/** @param {Stat[]} received @param {(stats: Stat[], name: string) => number} rise */
function concealed(received, rise) {
  const sound = received.filter((one) => one.kind === "audio");
  const heard = rise(sound, "totalSamplesReceived");
  if (!heard) return null;
  // Made up for want of packets while nobody sent any is silence, not damage.
  return Math.max(0, rise(sound, "concealedSamples") - rise(sound, "silentConcealedSamples")) / heard;
}

/** @param {Stat | undefined} ours @returns {Sample["limited"]} */
function limitation(ours) {
  const why = ours?.qualityLimitationReason;
  return why === "cpu" || why === "bandwidth" || why === "other" ? why : "";
}
