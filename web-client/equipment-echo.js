// Some seconds with our echo: one hears oneself and sees the picture that came back.

import { ApiError } from "./page.js";
import { pause } from "./equipment-media.js";

/** @typedef {import('./api').EchoLine} EchoLine */
/** @typedef {import('./api').EquipmentAccess} EquipmentAccess */
/** @typedef {import('./api').EquipmentParts} Parts */
/** @typedef {import('./equipment-verdict.js').Figures} Figures */
/** @typedef {{ frames: number, sounds: number, sent: number, received: number, lost: number, packets: number, rtt: number | null, path: Parts['chemin'] }} Counts */

/** Gathering stops at the latest after so long; a first picture may take so long, in ms. */
const [GATHER, FIRST] = [2_000, 12_000];

/**
 * @param {object} wanted
 * @param {MediaStream} wanted.stream our own, sent as it is
 * @param {EquipmentAccess} wanted.access
 * @param {string} wanted.link
 * @param {HTMLVideoElement} wanted.video where it comes back
 * @param {(before: number) => void} wanted.waits how many come before
 * @param {(left: number) => void} wanted.lasts seconds that are left
 * @param {AbortSignal} wanted.signal
 * @returns {Promise<{ echo: Parts['echo'], chemin: Parts['chemin'], figures: Figures }>} throws ApiError
 */
export async function echo({ stream, access, link, video, waits, lasts, signal }) {
  const pc = new RTCPeerConnection({ iceServers: access.ice_servers, bundlePolicy: "max-bundle" });
  const back = new MediaStream();
  pc.ontrack = ({ track }) => back.addTrack(track);
  try {
    for (const track of stream.getTracks()) pc.addTransceiver(track, { direction: "sendrecv", streams: [stream] });
    await pc.setLocalDescription();
    await gathered(pc, signal);
    const sdp = pc.localDescription?.sdp ?? "";
    const answer = await ask({ link, access: access.access, sdp }, waits, signal);
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    video.srcObject = back;
    video.play().catch(() => {});
    return await watch(pc, stream, access.echo_seconds, lasts, signal);
  } finally {
    pc.close();
    video.srcObject = null;
  }
}

/** @param {RTCPeerConnection} pc @param {AbortSignal} signal */
async function gathered(pc, signal) {
  const done = new Promise((resolve) => {
    pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve(true);
  });
  if (pc.iceGatheringState !== "complete") await Promise.race([done, pause(GATHER, signal)]);
}

/** Waits in the queue. @param {object} body @param {(before: number) => void} waits @param {AbortSignal} signal @returns {Promise<string>} */
async function ask(body, waits, signal) {
  const response = await fetch("/api/assure/materiel/echo", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
    cache: "no-store",
    signal,
  });
  if (!response.ok || !response.body) {
    const said = await response.json().catch(() => null);
    throw new ApiError(said?.error ?? {}, response.status);
  }
  for await (const line of lines(response.body)) {
    if (line.error) throw new ApiError(line.error, 503);
    if (line.answer) return line.answer;
    waits(line.before ?? 0);
  }
  throw new ApiError({}, 0);
}

/** @param {ReadableStream<Uint8Array>} body @returns {AsyncGenerator<EchoLine>} */
async function* lines(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    for (const line of whole) if (line) yield JSON.parse(line);
    if (done) return;
  }
}

/**
 * @param {RTCPeerConnection} pc @param {MediaStream} stream @param {number} seconds
 * @param {(left: number) => void} lasts @param {AbortSignal} signal
 */
async function watch(pc, stream, seconds, lasts, signal) {
  const began = performance.now();
  /** @type {Counts | null} */
  let first = null;
  let [now, at, from] = [await counts(pc), began, began];
  // A little before the echo hangs up by itself.
  const whole = 1_000 * seconds - 1_500;
  while (at - from < (first ? whole : FIRST) && pc.connectionState !== "failed") {
    await pause(500, signal);
    [now, at] = [await counts(pc), performance.now()];
    if (!first && now.received) [first, from] = [now, at];
    if (first) lasts(Math.max(0, Math.ceil((whole - (at - from)) / 1_000)));
    if (first && pc.connectionState !== "connected") break;
  }
  return judged(stream, first, now, at - from);
}

/** @param {MediaStream} stream @param {Counts | null} first @param {Counts} last @param {number} ms */
function judged(stream, first, last, ms) {
  const sends = (/** @type {string} */ kind) =>
    stream.getTracks().some((track) => track.kind === kind && track.enabled && track.readyState === "live");
  const came = { video: last.frames > 2, audio: last.sounds > 10 };
  const expected = /** @type {const} */ (["video", "audio"]).filter(sends);
  const back = expected.filter((kind) => came[kind]);
  /** @type {Parts['echo']} */
  const echo = !back.length ? "echec" : back.length < expected.length ? "partiel" : "ok";
  const rate = (/** @type {number} */ bytes) => (first && ms > 0 ? Math.round((8 * bytes) / ms) : null);
  return {
    echo: expected.length ? echo : /** @type {const} */ ("non_teste"),
    chemin: last.path,
    figures: {
      up_kbps: rate(last.sent - (first?.sent ?? 0)),
      down_kbps: rate(last.received - (first?.received ?? 0)),
      loss_percent: last.packets ? Math.round((100 * Math.max(0, last.lost)) / last.packets) : null,
      rtt_ms: last.rtt === null ? null : Math.round(1_000 * last.rtt),
    },
  };
}

/** @param {RTCPeerConnection} pc @returns {Promise<Counts>} */
async function counts(pc) {
  const report = await pc.getStats();
  /** @type {Counts} */
  const sum = { frames: 0, sounds: 0, sent: 0, received: 0, lost: 0, packets: 0, rtt: null, path: "inconnu" };
  for (const one of report.values()) {
    if (one.type === "outbound-rtp") sum.sent += one.bytesSent;
    if (one.type === "inbound-rtp") {
      sum.frames += one.framesDecoded ?? 0;
      if (one.kind === "audio") sum.sounds += one.packetsReceived;
      sum.received += one.bytesReceived;
      sum.lost += one.packetsLost;
      sum.packets += one.packetsReceived + one.packetsLost;
    }
    if (one.type === "candidate-pair" && one.nominated && one.state === "succeeded") {
      sum.rtt = one.currentRoundTripTime ?? null;
      const types = [one.localCandidateId, one.remoteCandidateId].map((id) => report.get(id)?.candidateType);
      sum.path = types.includes("relay") ? "relais" : "direct";
    }
  }
  return sum;
}
