// The way of the call, tried by this page with itself: through our relay and back.

import { pause } from "./equipment-media.js";

/** @typedef {import('./api').IceServer} IceServer */
/** @typedef {import('./equipment-verdict.js').Figures} Figures */
/** @typedef {'udp' | 'tcp' | 'tls'} Way */

/** How long a way may take to open, and the whole path; how long it is filled, in ms. */
const [GATHER, CONNECT, FILL] = [7_000, 12_000, 3_000];
/** What is sent: a good picture and a voice, as packets of that size, so often (ms). */
const [TARGET_KBPS, PACKET, EVERY] = [1_500, 940, 20];
/** Packets at each stroke. */
const BURST = Math.round((TARGET_KBPS * EVERY) / 8 / PACKET);
/** More in the line than this: it takes no more for now. */
const FULL = 32_768;

/** @param {string} url @returns {Way} */
const wayOf = (url) => (url.startsWith("turns:") ? "tls" : /transport=tcp/.test(url) ? "tcp" : "udp");

/** The one that relays, if there is one. @param {IceServer[]} servers */
export const relayOf = (servers) => servers.find(({ urls }) => urls.some((url) => url.startsWith("turn")));

/**
 * By which ways our relay is reached; null where it has no such way.
 * @param {IceServer} relay @param {AbortSignal} signal
 * @returns {Promise<Record<Way, boolean | null>>}
 */
export async function ways(relay, signal) {
  const urls = relay.urls.filter((url) => url.startsWith("turn"));
  const tried = urls.map(async (url) => /** @type {const} */ ([wayOf(url), await opens({ ...relay, urls: [url] }, signal)]));
  /** @type {Record<Way, boolean | null>} */
  const found = { udp: null, tcp: null, tls: null };
  for (const [way, works] of await Promise.all(tried)) found[way] ||= works;
  return found;
}

/** @param {IceServer} server @param {AbortSignal} signal @returns {Promise<boolean>} */
async function opens(server, signal) {
  const pc = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  try {
    pc.createDataChannel("way");
    const opened = new Promise((resolve) => {
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate) resolve(true);
        else if (!candidate) resolve(false);
      };
    });
    await pc.setLocalDescription();
    return Boolean(await Promise.race([opened, pause(GATHER, signal)]));
  } finally {
    pc.close();
  }
}

/**
 * Two connections of this page, joined by our relay alone, filled for some seconds.
 * @param {IceServer} relay @param {AbortSignal} signal
 * @returns {Promise<Figures | null>} null: nothing passes
 */
export async function loop(relay, signal) {
  /** @type {RTCConfiguration} */
  const settings = { iceServers: [relay], iceTransportPolicy: "relay" };
  const [near, far] = [new RTCPeerConnection(settings), new RTCPeerConnection(settings)];
  try {
    const unreliable = { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 };
    const [out, back] = [near.createDataChannel("loop", unreliable), far.createDataChannel("loop", unreliable)];
    const open = new Promise((resolve) => (out.onopen = () => resolve(true)));
    await join(near, far);
    if (!(await Promise.race([open, pause(CONNECT, signal)]))) return null;
    return await fill(near, out, back, signal);
  } finally {
    near.close();
    far.close();
  }
}

/** @param {RTCPeerConnection} near @param {RTCPeerConnection} far */
async function join(near, far) {
  for (const [one, other] of [[near, far], [far, near]])
    if (one && other)
      one.onicecandidate = ({ candidate }) => {
        if (candidate) other.addIceCandidate(candidate).catch(() => {});
      };
  const offer = await near.createOffer();
  // Candidates come once each side knows the other.
  await far.setRemoteDescription(offer);
  await near.setLocalDescription(offer);
  const answer = await far.createAnswer();
  await near.setRemoteDescription(answer);
  await far.setLocalDescription(answer);
}

/**
 * @param {RTCPeerConnection} pc @param {RTCDataChannel} out @param {RTCDataChannel} back
 * @param {AbortSignal} signal @returns {Promise<Figures>}
 */
async function fill(pc, out, back, signal) {
  const packet = new Uint8Array(PACKET);
  let [sent, received, last] = [0, 0, 0];
  back.onmessage = () => {
    received += 1;
    last = performance.now();
  };
  const began = performance.now();
  while (performance.now() - began < FILL) {
    // A page's clock is late at times: what is due since is sent now.
    const due = (1 + (performance.now() - began) / EVERY) * BURST;
    while (sent < due && out.bufferedAmount < FULL) {
      out.send(packet);
      sent += 1;
    }
    await pause(EVERY, signal);
  }
  const took = performance.now() - began;
  const left = out.bufferedAmount / PACKET;
  await pause(700, signal);
  const gone = sent - left;
  const rtt = await roundTrip(pc);
  return {
    up_kbps: kbps(gone, took),
    down_kbps: kbps(Math.min(received, gone), Math.max(took, last - began)),
    loss_percent: percent(sent - received, sent),
    // Through the relay and back to this very page: our line is passed twice each way.
    rtt_ms: rtt === null ? null : Math.round(rtt / 2),
  };
}

/** @param {number} packets @param {number} ms */
const kbps = (packets, ms) => Math.round((packets * PACKET * 8) / ms);

/** @param {number} part @param {number} whole */
const percent = (part, whole) => (whole ? Math.max(0, Math.min(100, Math.round((100 * part) / whole))) : 0);

/** In ms. @param {RTCPeerConnection} pc */
async function roundTrip(pc) {
  const report = [...(await pc.getStats()).values()];
  const pair = report.find((one) => one.type === "candidate-pair" && one.nominated && one.responsesReceived);
  return pair ? (1_000 * pair.totalRoundTripTime) / pair.responsesReceived : null;
}
