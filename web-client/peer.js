// The peer connection of one pair of pages: warm while waiting, media only while its gate is open.
//
// ICE and DTLS come up with no track at all (docs/decisions/0003-warm-transport.md): opening is
// `replaceTrack`, which needs no negotiation, and closing is `replaceTrack(null)`. Sound and picture
// go in streams of their own: in one stream, each pause made the receiver hold the picture back
// some 0.2 s more (docs/decisions/0012-a-stream-for-each-track.md).

import { PeerCode } from "./peer-code.js";
import { STEPS, shape } from "./sending.js";

/** @typedef {import("./api").RoomAccess} RoomAccess */
/** @typedef {"none" | "connecting" | "ready" | "lost"} Path */
/** @typedef {{ topic: string, content: unknown }} Talk from the other page: check its content */

const KINDS = /** @type {const} */ (["audio", "video"]);
/** A path that says « disconnected » often comes back by itself within this time, in ms. */
const PATIENCE = 1_000;
/** Characters of one message that are looked at; ours are far shorter. */
const MAX_WORD = 256;
/** Characters of one thing said on the second channel; more is refused here, and not heard there. */
const MAX_TALK = 16_000;

/**
 * Events: `candidate` (RTCIceCandidate | null), `path` (Path), `broken` ("disconnected" | "failed"),
 * `word` (a message of the other page over the data channel), `code` (CodeStatus: the spoken code),
 * `talking` (one may `talk` now), `talk`
 * (Talk: what the people and their pages tell each other besides; never trusted for the gate),
 * `carrying` (RTCDataChannel of the documents, open: documents-carry.js).
 */
export class Peer extends EventTarget {
  /** @type {RTCPeerConnection} */ #pc;
  /** @type {RTCDataChannel} */ #channel;
  /** @type {RTCDataChannel} */ #talk;
  /** @type {PeerCode} */ #code;
  /** @type {import("./sending.js").Picture} */ #picture;
  /** @type {Map<string, RTCRtpSender>} */ #senders = new Map();
  /** @type {Promise<void>} */ #switching = Promise.resolve();
  /** @type {Promise<void>} */ #shaping = Promise.resolve();
  #timer = 0;
  #hint = "";
  /** @type {"disconnected" | "failed"} why the path was last lost */ cause = "disconnected";
  /** @type {Path} */ path = "connecting";
  /** @type {"" | "direct" | "relayed"} by a TURN server or not; empty: not known (yet) */ route = "";
  /** The number of the last description that was offered or taken. */
  negotiation = 0;

  /**
   * @param {RoomAccess} access
   * @param {{ offers: boolean, remote: MediaStream, certificate: RTCCertificate | null,
   *   history: import("./spoken-code.js").History, picture?: import("./sending.js").Picture }} options
   *   `remote` gets the other's tracks; without a certificate of ours there is no spoken code
   */
  constructor(access, { offers, remote, certificate, history, picture = STEPS[0] ?? { bitrate: 0, scale: 1 } }) {
    super();
    this.#picture = picture;
    this.#pc = new RTCPeerConnection({
      certificates: certificate ? [certificate] : [],
      iceServers: access.ice_servers,
      iceTransportPolicy: access.ice_policy,
      bundlePolicy: "max-bundle",
      rtcpMuxPolicy: "require",
    });
    const negotiated = { negotiated: true, id: 0 };
    this.#channel = this.#pc.createDataChannel("telecontrole", negotiated);
    const role = offers ? "medecin_conseil" : "assure";
    const say = (/** @type {string} */ word) => this.say(word);
    this.#code = new PeerCode(this.#pc, { role, certificate, history, say });
    this.#code.addEventListener("change", () => this.#tell("code", this.#code.status));
    this.#channel.onopen = () => this.#code.opened();
    this.#channel.onmessage = (event) => this.#hear(String(event.data).slice(0, MAX_WORD));
    this.#talk = this.#pc.createDataChannel("conversation", { negotiated: true, id: 1 });
    this.#talk.onopen = () => this.#tell("talking", null);
    this.#talk.onmessage = (event) => this.#listen(event.data);
    const documents = this.#pc.createDataChannel("documents", { negotiated: true, id: 2 });
    documents.onopen = () => this.#tell("carrying", documents);
    for (const track of remote.getTracks()) remote.removeTrack(track);
    this.#pc.ontrack = ({ track }) => remote.addTrack(track);
    this.#pc.onicecandidate = ({ candidate }) => this.#tell("candidate", candidate);
    this.#pc.onconnectionstatechange = () => this.#look();
    // Chromium: one of the two may stay behind the other, so both are watched.
    this.#pc.oniceconnectionstatechange = () => this.#look();
    if (offers) {
      for (const kind of KINDS) {
        const streams = [new MediaStream()];
        this.#keep(this.#pc.addTransceiver(kind, { direction: "sendrecv", streams }));
      }
    }
  }

  /** @param {RTCRtpTransceiver} transceiver */
  #keep(transceiver) {
    this.#senders.set(transceiver.receiver.track.kind, transceiver.sender);
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {string} word */
  #hear(word) {
    if (PeerCode.concerns(word)) this.#code.heard(word);
    else this.#tell("word", word);
  }

  /** @param {unknown} data */
  #listen(data) {
    if (typeof data !== "string" || data.length > MAX_TALK) return;
    try {
      const { topic, content } = JSON.parse(data);
      if (typeof topic === "string") this.#tell("talk", { topic, content });
    } catch {
      // Not ours: another version of the page, or nobody's.
    }
  }

  #look() {
    this.#code.look();
    const { connectionState, iceConnectionState } = this.#pc;
    if (connectionState === "closed") return;
    const failed = connectionState === "failed" || iceConnectionState === "failed";
    const shaken = connectionState === "disconnected" || iceConnectionState === "disconnected";
    if (iceConnectionState === "connected" || iceConnectionState === "completed") {
      mark("ice");
    }
    clearTimeout(this.#timer);
    if (failed) this.#broke("failed");
    else if (shaken) this.#timer = setTimeout(() => this.#broke("disconnected"), PATIENCE);
    else if (connectionState === "connected") {
      mark("dtls");
      // While nobody waits for a picture: at admission it would cost time.
      this.shape(this.#picture);
      void this.#follow();
      this.#become("ready");
    }
  }

  /** @param {"disconnected" | "failed"} cause */
  #broke(cause) {
    this.cause = cause;
    this.#become("lost");
    this.#tell("broken", cause);
  }

  /** No path has come: it is lost, whatever the browser still hopes for. */
  despair() {
    if (this.path === "connecting") this.#broke("failed");
  }

  /** @param {Path} path */
  #become(path) {
    if (this.path === path) return;
    this.path = path;
    this.#code.path(path === "ready");
    this.#tell("path", path);
  }

  /**
   * @param {number} negotiation
   * @param {boolean} restart ICE restart on the same connection (RFC 8445 §9)
   * @returns {Promise<string>} the SDP to send
   */
  async offer(negotiation, restart) {
    this.negotiation = negotiation;
    await this.#pc.setLocalDescription(await this.#pc.createOffer({ iceRestart: restart }));
    mark("local-description");
    return this.#pc.localDescription?.sdp ?? "";
  }

  /**
   * @param {string} sdp
   * @param {number} negotiation
   * @returns {Promise<string>} the answer's SDP
   */
  async answer(sdp, negotiation) {
    this.negotiation = negotiation;
    await this.#pc.setRemoteDescription({ type: "offer", sdp });
    for (const transceiver of this.#pc.getTransceivers()) {
      transceiver.direction = "sendrecv";
      const fresh = !this.#senders.has(transceiver.receiver.track.kind);
      if (fresh) transceiver.sender.setStreams?.(new MediaStream());
      this.#keep(transceiver);
    }
    await this.#pc.setLocalDescription();
    mark("local-description");
    return this.#pc.localDescription?.sdp ?? "";
  }

  /** @param {string} sdp */
  async take(sdp) {
    if (this.#pc.signalingState === "have-local-offer") {
      await this.#pc.setRemoteDescription({ type: "answer", sdp });
    }
  }

  /** @param {import("./protocol").Candidate} candidate */
  async add(candidate) {
    await this.#pc.addIceCandidate({
      candidate: candidate.candidate,
      sdpMid: candidate.sdp_mid,
      sdpMLineIndex: candidate.sdp_m_line_index,
      usernameFragment: candidate.username_fragment,
    });
  }

  /**
   * What is sent from now on; null sends nothing. One switch at a time, the last one wins.
   * @param {MediaStream | null} stream
   */
  send(stream) {
    const tracks = KINDS.map((kind) => stream?.getTracks().find((one) => one.kind === kind));
    this.#switching = this.#switching.then(async () => {
      await Promise.all(
        KINDS.map((kind, i) => this.#senders.get(kind)?.replaceTrack(tracks[i] ?? null)),
      ).catch(() => undefined); // a closed connection has nothing to send any more
      // A screen is not sent as a face is (sending.js).
      const hint = tracks[1]?.contentHint ?? "";
      if (tracks[1] && hint !== this.#hint) void this.shape(this.#picture);
      this.#hint = tracks[1] ? hint : this.#hint;
    });
    return this.#switching;
  }

  /** By which way do we reach the other? One relayed end makes it relayed. */
  async #follow() {
    const report = await this.#pc.getStats().catch(() => null);
    const stats = report ? [...report.values()] : [];
    const selected = stats.find((one) => one.type === "transport")?.selectedCandidatePairId;
    // Firefox names no pair in the transport's statistics, and marks it instead.
    const pair = report?.get(selected) ?? stats.find((one) => one.selected);
    const ends = [report?.get(pair?.localCandidateId), report?.get(pair?.remoteCandidateId)];
    if (!ends[0] || !ends[1]) return;
    this.route = ends.some((end) => end.candidateType === "relay") ? "relayed" : "direct";
  }

  /** What our picture may take; on this connection, from now on. @param {import("./sending.js").Picture} picture */
  shape({ whole = false, ...picture }) {
    this.#picture = picture;
    // One at a time: the browser refuses parameters that others have overtaken.
    this.#shaping = this.#shaping.then(() => shape(this.#senders, { ...this.#picture, whole })).catch(() => undefined);
    return this.#shaping;
  }

  /**
   * Say something straight to the other page.
   * @param {string} word
   */
  say(word) {
    if (this.#channel.readyState === "open") this.#channel.send(word);
  }

  /**
   * Tell the other page something: end to end, nothing of it passes by the server.
   * @param {string} topic
   * @param {unknown} content as JSON
   * @returns {boolean} whether it is on its way: false while there is no connection
   */
  talk(topic, content) {
    const text = JSON.stringify({ topic, content });
    if (this.#talk.readyState !== "open" || text.length > MAX_TALK) return false;
    this.#talk.send(text);
    return true;
  }

  /** @param {RTCIceServer[]} iceServers fresh TURN credentials, before an ICE restart */
  refresh(iceServers) {
    this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
  }

  /** @returns {Promise<RTCStatsReport>} */
  stats() {
    return this.#pc.getStats();
  }

  /** Bytes of sound and picture that have come until now. */
  async received() {
    let bytes = 0;
    (await this.stats()).forEach((stat) => {
      if (stat.type === "inbound-rtp") bytes += stat.bytesReceived ?? 0;
    });
    return bytes;
  }

  close() {
    clearTimeout(this.#timer);
    this.#code.close();
    this.#pc.close();
  }
}

/**
 * A step of the way to the picture, for tests/browser/test_admission_steps.py; only the first
 * of each name counts there.
 * @param {string} step
 */
export function mark(step) {
  performance.mark(`tc:${step}`);
}

/**
 * @template T
 * @param {EventTarget} target
 * @param {string} name
 * @param {(detail: T) => void} listener
 */
export function on(target, name, listener) {
  target.addEventListener(name, (event) => listener(/** @type {CustomEvent<T>} */ (event).detail));
}
