// Calls between the product's own Peer objects in one page, over real DTLS: `call(way)`.
//
// honest: straight to each other. forward, play: through two connections of somebody in the middle,
// who passes the words of the data channel on as they are, or plays the exchange with each side.
import { Peer } from "./peer.js";
import { Exchange, History } from "./spoken-code.js";

const ACCESS = { ice_servers: [], ice_policy: "all" };
const CHANNEL = ["telecontrole", { negotiated: true, id: 0 }];
const certificate = () =>
  RTCPeerConnection.generateCertificate({ name: "ECDSA", namedCurve: "P-256" });

async function side(offers) {
  const peer = new Peer(ACCESS, {
    offers,
    remote: new MediaStream(),
    certificate: await certificate(),
    history: new History(),
  });
  const done = new Promise((resolve) => peer.addEventListener("code", (e) => resolve(e.detail)));
  return { peer, done };
}

/** A raw connection of who stands in the middle. */
async function leg(role) {
  const own = await certificate();
  const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", certificates: [own] });
  const channel = pc.createDataChannel(...CHANNEL);
  const open = new Promise((resolve) => (channel.onopen = resolve));
  let tell;
  const heard = [];
  channel.onmessage = ({ data }) => (tell ? tell(data) : heard.push(data));
  const listen = (then) => {
    tell = then;
    heard.splice(0).forEach(then);
  };
  return { pc, channel, open, listen, role, own };
}

const digest = async (der) => new Uint8Array(await crypto.subtle.digest("SHA-256", der));

async function exchange({ pc, own, role }) {
  const local = own.getFingerprints().find(({ algorithm }) => algorithm === "sha-256").value;
  const remote = await digest(pc.sctp.transport.getRemoteCertificates()[0]);
  const bytes = Uint8Array.from(local.split(":"), (pair) => parseInt(pair, 16));
  return new Exchange({ role, local: bytes, remote });
}

/** Candidates of a Peer to a raw connection or another Peer, and back. */
function trickle(from, to) {
  const add = (one) => to.addIceCandidate(one).catch(() => {});
  if (from instanceof Peer) from.addEventListener("candidate", ({ detail }) => detail && add(detail));
  else from.onicecandidate = ({ candidate }) => candidate && add(candidate);
}

const asPc = (peer) => ({
  addIceCandidate: (one) =>
    peer.add({
      candidate: one.candidate,
      sdp_mid: one.sdpMid,
      sdp_m_line_index: one.sdpMLineIndex,
      username_fragment: one.usernameFragment,
    }),
});

async function honest(doctor, assure) {
  trickle(doctor.peer, asPc(assure.peer));
  trickle(assure.peer, asPc(doctor.peer));
  const offer = await doctor.peer.offer(1, false);
  await doctor.peer.take(await assure.peer.answer(offer, 1));
  return [];
}

async function middled(doctor, assure, way) {
  const [near, far] = [await leg("assure"), await leg("medecin_conseil")];
  trickle(doctor.peer, near.pc);
  trickle(near.pc, asPc(doctor.peer));
  trickle(assure.peer, far.pc);
  trickle(far.pc, asPc(assure.peer));
  const offer = await doctor.peer.offer(1, false);
  await near.pc.setRemoteDescription({ type: "offer", sdp: offer });
  await near.pc.setLocalDescription();
  for (const kind of ["audio", "video"]) far.pc.addTransceiver(kind);
  await far.pc.setLocalDescription();
  const answer = await assure.peer.answer(far.pc.localDescription.sdp, 1);
  await far.pc.setRemoteDescription({ type: "answer", sdp: answer });
  await doctor.peer.take(near.pc.localDescription.sdp);
  await Promise.all([near.open, far.open]);
  if (way === "forward") {
    near.listen((word) => far.channel.send(word));
    far.listen((word) => near.channel.send(word));
  } else {
    for (const one of [near, far]) await play(one);
  }
  return [near.pc, far.pc];
}

async function play(one) {
  const ours = await exchange(one);
  const say = (word) => word && one.channel.send(word);
  let queue = Promise.resolve();
  one.listen((word) => (queue = queue.then(async () => say(await ours.take(word)))));
  say(await ours.begin());
}

/** @returns what the two pages would show: state and code of each. */
export async function call(way) {
  const [doctor, assure] = [await side(true), await side(false)];
  const pcs = await (way === "honest" ? honest(doctor, assure) : middled(doctor, assure, way));
  const seen = await Promise.all([doctor.done, assure.done]);
  doctor.peer.close();
  assure.peer.close();
  for (const pc of pcs) pc.close();
  return seen.map(({ state, code }) => [state, code]);
}
