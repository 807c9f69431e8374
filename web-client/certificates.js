// Which certificates the two ends of a connection really use: the spoken code is made of them.
//
// Never the SDP that came by the server: of several fingerprints in it, a browser checks one and a
// script reads another (docs/decisions/0028-the-spoken-code.md). What cannot be read is null, and
// null is a failure.

import { bytes } from "./spoken-code.js";

const ATTRIBUTE = /^a=fingerprint:(\S+) (\S+)\r?$/gim;

/**
 * @param {RTCCertificate | null} certificate the one that was given to the connection
 * @returns {Uint8Array | null} its SHA-256
 */
export function localFingerprint(certificate) {
  const all = certificate?.getFingerprints?.() ?? [];
  return fingerprint(all.find(({ algorithm }) => algorithm?.toLowerCase() === "sha-256")?.value);
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {ArrayBuffer | string | null} the other end's certificate (DER), or its fingerprint as
 *   the browser keeps it, where it shows no certificate
 */
export function remoteCertificate(pc) {
  const transports = transportsOf(pc);
  const first = transports[0];
  if (!first) return null;
  if (!first.getRemoteCertificates) return remembered(pc);
  const certificates = transports.map((one) => one.getRemoteCertificates()[0] ?? null);
  // One transport carries all; were there two, the code would vouch for one of them.
  return certificates.every((one) => same(one, certificates[0] ?? null))
    ? (certificates[0] ?? null)
    : null;
}

/** @param {ArrayBuffer | string | null} certificate @returns {Promise<Uint8Array | null>} */
export async function remoteFingerprint(certificate) {
  if (!certificate || typeof certificate === "string") return fingerprint(certificate ?? undefined);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
}

/**
 * @param {ArrayBuffer | string | null} one
 * @param {ArrayBuffer | string | null} other
 */
export function same(one, other) {
  if (!one || !other) return false;
  if (typeof one === "string" || typeof other === "string") return one === other;
  const [a, b] = [new Uint8Array(one), new Uint8Array(other)];
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** @param {RTCPeerConnection} pc @returns {RTCDtlsTransport[]} those of sound, picture and channel */
function transportsOf(pc) {
  const ends = pc.getTransceivers().flatMap(({ sender, receiver }) => [sender, receiver]);
  const found = [pc.sctp?.transport, ...ends.map(({ transport }) => transport)];
  if (!found[0]) return [];
  return [...new Set(found)].filter((one) => one !== null && one !== undefined);
}

/** @param {RTCPeerConnection} pc the only fingerprint of the description in force, if it is one */
function remembered(pc) {
  const found = [...(pc.currentRemoteDescription?.sdp ?? "").matchAll(ATTRIBUTE)];
  const values = new Set(found.map(([, name, value]) => `${name} ${value}`.toLowerCase()));
  const [only = ""] = values;
  return values.size === 1 && only.startsWith("sha-256 ") ? only.slice(8) : null;
}

/** @param {string | undefined} value « 0a:1b:… » @returns {Uint8Array | null} */
function fingerprint(value) {
  if (!value || !/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i.test(value)) return null;
  return bytes(value.replaceAll(":", ""));
}

/** Made ahead, so that no connection waits for it; null: this browser makes none to be read. */
export function certificate() {
  const kind = { name: "ECDSA", namedCurve: "P-256" };
  return Promise.resolve(RTCPeerConnection.generateCertificate?.(kind) ?? null).catch(() => null);
}
