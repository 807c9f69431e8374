// One room as one side sees it: its socket, its peer connection, its gate. No page, no DOM.
//
// The room's state comes whole from the server and the highest version is right; this file only
// makes the peer connection follow it. docs/protocol.md tells the protocol.

import { ANSWER, Asking, CallRefused } from "./asking.js";
import { certificate } from "./certificates.js";
import { Claims } from "./claims.js";
import { Credentials } from "./credentials.js";
import { Mending } from "./mending.js";
import { Outgoing } from "./outgoing.js";
import { Peer, mark, on } from "./peer.js";
import { io } from "./socket.io.js";
import { History } from "./spoken-code.js";

/** @typedef {import("./api").RoomAccess} RoomAccess */
/** @typedef {import("./protocol").RoomState} RoomState */
/** @typedef {import("./protocol").Snapshot} Snapshot */
/** @typedef {import("./protocol").Signal} Signal */
/** @typedef {{ socket: import("./asking.js").RoomSocket, access: () => RoomAccess, snapshot?: Snapshot }} Joining `snapshot`: it has come already */
/** @typedef {import("./protocol").Media} Media */
/** @typedef {import("./protocol").ClientToServerEvents} Out */
/** @typedef {import("./peer-code.js").CodeStatus} CodeStatus */
/** @typedef {"none" | "connecting" | "ready" | "flowing" | "lost"} Transport */

/** How long the server may take to confirm what the médecin's page said straight to us, in ms. */
const CONFIRMATION = 4_000;
/** How often we look whether something comes, while it should, in ms. */
const LOOK = 500;
/** Refusals after which coming again with a new token is of no use. */
const FINAL = new Set(["ended", "closed", "session", "token_revoked", "too_early", "too_late", "information", "removed", "full", "replaced"]);

/** @type {CodeStatus} */
const NO_CODE = { state: "waiting", code: "", local: "", remote: "" };

/**
 * Events: `state` (RoomState) · `connection` ("connecting" | "open" | "lost") · `transport`
 * (Transport) · `gate` (boolean: media may flow) · `code` (CodeStatus) · `talking` · `talk` (Talk) ·
 * `flows` (boolean: what flowed still comes) ·
 * `replaced` · `refused` ({code, message}) · `closed` · for thirds.js: `joining` (Joining) · `tracks` · `shape`.
 */
export class Call extends EventTarget {
  /** @type {Snapshot["you"]} */ #role;
  /** @type {Credentials} */ #credentials;
  /** @type {import("./asking.js").RoomSocket | null} */ #socket = null;
  #asking = new Asking();
  /** @type {Peer | null} */ #peer = null;
  /** Which page of the other side the peer connection was made with. */
  #peerOf = "";
  #open = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} open ahead of the server's word */
  #early;
  /** @type {Mending} */ #mending;
  #claims = new Claims((claim) => this.#claim(claim), () => this.#peer);
  #over = false;
  /** @type {Promise<unknown>} signals are applied one after the other */ #queue = Promise.resolve();
  /** @type {import("./protocol").Devices | null} */ #devices = null;
  #history = new History();
  /** @type {Promise<RTCCertificate | null>} of the next connection */ #certificate = certificate();
  /** @type {HTMLVideoElement | null} */ #video = null;
  #pulse = 0;

  /** One per page load: tells a reconnection from a reload. */
  instance = crypto.randomUUID().replaceAll("-", "").slice(0, 24);
  /** @type {RoomState | null} */ state = null;
  /** @type {Transport} */ transport = "none";
  /** The spoken code of the connection in use. */
  code = NO_CODE;
  /** @type {import("./protocol").SpokenCode | null} our last word on it */ saidOfCode = null;
  remoteStream = new MediaStream();
  /** What leaves by this call while its gate is open. */
  outgoing = new Outgoing();

  /**
   * @param {{ role: Snapshot["you"], access: RoomAccess,
   *   renew: () => Promise<RoomAccess> }} options `renew` gives a new token and new ICE servers
   */
  constructor({ role, access, renew }) {
    super();
    this.#role = role;
    this.#credentials = new Credentials(access, renew);
    this.#mending = new Mending({
      offers: role === "medecin_conseil",
      path: () => this.#peer?.path ?? "none",
      online: () => this.#asking.online,
      there: () => this.state?.assure.presence === "present",
      ask: (reason) => this.ask("renegotiate", { reason }),
      offer: (fresh) => this.#enqueueTask(() => this.#again(fresh)),
      // Said again, it changes nothing, and the server answers.
      probe: () => (this.#devices ? this.ask("devices", this.#devices) : Promise.resolve()),
      reconnect: () => this.#asking.reconnect(),
      despair: () => this.#peer?.despair(),
    });
    this.outgoing.addEventListener("change", () => void this.#send());
  }

  /**
   * @param {string} name
   * @param {unknown} [detail]
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // --- the socket -------------------------------------------------------------------------------

  /**
   * Enter the room. Resolves with the first snapshot.
   * @returns {Promise<void>}
   */
  join() {
    const socket = (this.#socket = io("/", {
      path: "/socket.io",
      // Brings both sides of a room to the same process of the service.
      query: this.#credentials.access.salle ? { salle: this.#credentials.access.salle } : {},
      transports: ["websocket"],
      forceNew: true,
      auth: (give) => void this.#authenticate(give),
      // After a restart of the server everybody comes back: spread over some seconds.
      reconnectionDelay: 400,
      reconnectionDelayMax: 5_000,
      randomizationFactor: 0.6,
      timeout: ANSWER,
    }));
    this.#asking.socket = socket;
    this.#tell("connection", "connecting");
    this.#tell("joining", { socket, access: () => this.#credentials.access });
    socket.on("connect", () => mark("socket"));
    socket.on("connect_error", (error) => this.#notConnected(error));
    socket.on("disconnect", (reason) => this.#disconnected(reason));
    socket.on("state", (state) => this.#become(state));
    socket.on("signal", (signal) => this.#enqueue(signal));
    socket.on("renegotiate", ({ reason }) => this.#mending.asked(reason));
    socket.on("replaced", () => this.#refused({ code: "replaced", message: "" }));
    return new Promise((resolve) => {
      socket.on("snapshot", (snapshot) => {
        mark("snapshot");
        this.#rejoined(snapshot);
        resolve();
      });
    });
  }

  /** @param {(auth: object) => void} give */
  async #authenticate(give) {
    try {
      give({ token: await this.#credentials.token(), instance: this.instance });
    } catch (wrong) {
      const { code, message, status = 0 } = /** @type {import("./page.js").ApiError} */ (wrong);
      // A refusal (4xx) is final; a service that is away or in trouble is asked again.
      if (status >= 400 && status < 500) this.#refused({ code, message });
      else this.#socket?.io.engine?.close();
    }
  }

  /** @param {Error & { data?: { code?: string } }} error */
  #notConnected(error) {
    const code = error.data?.code;
    if (code && FINAL.has(code)) this.#refused({ code, message: error.message });
    // A refused CONNECT is not tried again by the library, a failed transport is.
    else if (code) this.#comeBack();
    else this.#mending.unreached();
  }

  #comeBack() {
    setTimeout(() => !this.#over && this.#socket?.connect(), 500 + Math.random() * 1_000);
  }

  /** @param {string} reason */
  #disconnected(reason) {
    if (this.#over) return;
    this.#mending.gone();
    this.#tell("connection", "lost");
    if (reason === "io server disconnect") this.#comeBack();
  }

  /** @param {{ code: string, message: string }} refused */
  #refused(refused) {
    this.#finish();
    this.#tell(refused.code === "replaced" ? "replaced" : "refused", refused);
  }

  /** @param {Snapshot} snapshot */
  #rejoined(snapshot) {
    this.#tell("connection", "open");
    // The snapshot is the truth even if its version were lower (a restored server).
    this.state = null;
    this.#become(snapshot.state);
    for (const signal of snapshot.signals) this.#enqueue(signal);
    this.#asking.again();
    if (this.#devices) this.setDevices(this.#devices);
    if (this.saidOfCode) void this.#tellOfCode(this.saidOfCode).catch(() => undefined);
    this.#claims.again(this.transport);
    this.#mending.back();
  }

  /**
   * Ask the server; what it refuses is thrown.
   * @param {keyof Out} event
   * @param {object} [payload]
   */
  ask(event, payload) {
    return this.#asking.ask(event, payload);
  }

  // --- the room's state -------------------------------------------------------------------------

  /** @param {RoomState} state */
  #become(state) {
    if (this.#over || (this.state && state.version <= this.state.version)) return;
    this.state = state;
    this.outgoing.hold(state.held.length > 0);
    if (state.phase === "admitted") this.#confirmed();
    if (this.#early === undefined) this.#gate(state.phase === "admitted");
    // Handed over to a colleague: what the former one's page says straight to us counts no more.
    if (this.#peer && this.#role === "assure" && state.medecin_conseil.presence === "absent") {
      this.#part();
      this.#carry("none");
    }
    this.#meet();
    this.#mending.follow();
    this.#tell("state", state);
    if (state.phase === "ended") this.#finish();
  }

  #confirmed() {
    if (this.#open) mark("admit-confirmed");
    clearTimeout(this.#early);
    this.#early = undefined;
  }

  /** @param {boolean} open */
  #gate(open) {
    if (open === this.#open) return;
    this.#open = open;
    if (open) mark("admit-received");
    void this.#send();
    if (open) this.#awaitFrame();
    else if (this.transport === "flowing") this.#carry("ready");
    clearInterval(this.#pulse);
    if (open) this.#pulse = setInterval(() => void this.#listen(), LOOK);
    this.#tell("gate", open);
  }

  /** Admit the waiting assuré (médecin-conseil only). */
  async admit() {
    if (!this.#socket?.connected) throw CallRefused.offline();
    mark("admit-sent");
    this.#peer?.say("admit");
    this.#early = setTimeout(() => undefined, 0);
    this.#gate(true);
    try {
      await this.ask("admit");
    } catch (wrong) {
      this.#peer?.say("revoke");
      this.#confirmed();
      this.#gate(this.state?.phase === "admitted");
      throw wrong;
    }
    this.#confirmed();
  }

  /** Back to the waiting room, the connection stays up (médecin-conseil only). */
  async sendBack() {
    this.#peer?.say("revoke");
    this.#gate(false);
    await this.ask("send_back");
  }

  async end() {
    try {
      await this.ask("end");
    } catch (wrong) {
      // The room's last state may close the socket before the answer comes.
      if (this.state?.phase !== "ended") throw wrong;
    }
  }

  /** Leave on purpose; the room remembers the hour. */
  async leave() {
    try {
      await this.ask("leave");
    } finally {
      this.close();
    }
  }

  /** What the médecin's page says straight to us. @param {string} word */
  #heard(word) {
    if (this.#role !== "assure" || this.#over) return;
    if (word === "admit" && !this.#open) {
      // The server decides: without its word the gate closes again.
      this.#early = setTimeout(() => {
        this.#early = undefined;
        this.#gate(this.state?.phase === "admitted");
      }, CONFIRMATION);
      this.#gate(true);
    } else if (word === "revoke") {
      clearTimeout(this.#early);
      this.#early = undefined;
      this.#gate(false);
    }
  }

  // --- the peer connection ----------------------------------------------------------------------

  /** The médecin's side offers as soon as both pages are there and its own devices are settled. */
  #meet() {
    const state = this.state;
    if (this.#role !== "medecin_conseil" || !state || !this.outgoing.settled) return;
    const instance = state.assure.presence === "present" ? state.assure.instance : null;
    if (!instance || state.phase === "ended" || instance === this.#peerOf) return;
    this.#peerOf = instance;
    void this.#enqueueTask(() => this.#offer(true));
  }

  /** @param {boolean} fresh a new RTCPeerConnection, or else an ICE restart of the one we have */
  async #offer(fresh) {
    if (this.#over) return;
    const last = Math.max(this.state?.negotiation ?? 0, this.#peer?.negotiation ?? 0);
    const peer = fresh || !this.#peer ? await this.#newPeer() : this.#peer;
    const sdp = await peer.offer(last + 1, !fresh);
    this.#asking.surely("offer", { sdp, negotiation: last + 1, fresh });
  }

  async #newPeer() {
    const own = await this.#certificate;
    this.#certificate = certificate();
    if (this.#over) throw CallRefused.offline();
    this.#peer?.close();
    this.#asking.forget();
    const peer = new Peer(this.#credentials.access, {
      offers: this.#role === "medecin_conseil",
      remote: this.remoteStream,
      certificate: own,
      history: this.#history,
      picture: this.#picture,
    });
    this.#codeIs(NO_CODE);
    this.#peer = peer;
    on(peer, "candidate", (/** @type {RTCIceCandidate | null} */ one) => this.#trickle(peer, one));
    on(peer, "path", (/** @type {"ready" | "lost"} */ path) => this.#path(path));
    on(peer, "broken", () => this.#mending.broken());
    on(peer, "word", (/** @type {string} */ word) => this.#heard(word));
    on(peer, "talk", (/** @type {import("./peer.js").Talk} */ talk) => this.#tell("talk", talk));
    on(peer, "talking", () => this.#tell("talking"));
    on(peer, "carrying", (channel) => this.#tell("carrying", channel));
    on(peer, "code", (/** @type {CodeStatus} */ code) => this.#codeIs(code));
    this.#carry("connecting");
    if (this.#open) void this.#send();
    if (this.#open) this.#awaitFrame();
    return peer;
  }

  /**
   * @param {Peer} peer
   * @param {RTCIceCandidate | null} candidate null or empty: no more
   */
  #trickle(peer, candidate) {
    if (peer !== this.#peer) return;
    mark("first-candidate");
    this.#asking.surely("candidate", {
      negotiation: peer.negotiation,
      candidate: candidate?.candidate ?? "",
      sdp_mid: candidate?.sdpMid ?? "0",
      sdp_m_line_index: candidate?.sdpMLineIndex ?? 0,
      username_fragment: candidate?.usernameFragment ?? null,
    });
  }

  /** @param {Signal} signal */
  #enqueue(signal) {
    void this.#enqueueTask(() => this.#apply(signal));
  }

  /** @param {() => Promise<unknown>} task */
  #enqueueTask(task) {
    // One signal that cannot be applied (a candidate of a path that is gone) must not stop others.
    this.#queue = this.#queue.then(task).catch(() => undefined);
    return this.#queue;
  }

  /** @param {Signal} signal */
  async #apply(signal) {
    const { description, candidate } = signal;
    if (signal.kind === "offer" && description) await this.#answer(description);
    const current = signal.description ?? candidate;
    if (!this.#peer || !current || current.negotiation !== this.#peer.negotiation) return;
    if (signal.kind === "answer" && description) {
      await this.#peer.take(description.sdp);
      this.#mending.negotiated();
    }
    if (signal.kind === "candidate" && candidate) await this.#peer.add(candidate);
  }

  /** @param {import("./protocol").Description} description */
  async #answer({ sdp, negotiation, fresh }) {
    if (this.#peer && negotiation === this.#peer.negotiation) return;
    if (!fresh && !this.#peer) {
      await this.ask("renegotiate", { reason: "fresh" });
      return;
    }
    this.#mending.answering();
    await this.#credentials.freshen(fresh);
    const peer = fresh || !this.#peer ? await this.#newPeer() : this.#peer;
    peer.refresh(this.#credentials.access.ice_servers);
    const answer = await peer.answer(sdp, negotiation);
    this.#mending.negotiated();
    this.#asking.surely("answer", { sdp: answer, negotiation, fresh });
    // Senders exist only now on this side.
    if (this.#open) await this.#send();
  }

  /** Offer again, to mend the path. @param {boolean} fresh on a new connection */
  async #again(fresh) {
    await this.#credentials.freshen(fresh);
    this.#peer?.refresh(this.#credentials.access.ice_servers);
    await this.#offer(fresh);
  }

  // --- what flows -------------------------------------------------------------------------------

  /**
   * Our camera and microphone; null when there are none. Nothing is sent before admission.
   * @param {MediaStream | null} stream
   */
  setStream(stream) {
    this.outgoing.set(stream);
    if (this.#open) void this.#send();
    this.#meet();
  }

  /**
   * Put another device's track in the place of the one of its kind, without negotiation.
   * @param {MediaStreamTrack} track
   */
  async replaceTrack(track) {
    this.outgoing.swap(track);
    if (this.#open) await this.#send();
  }

  /** Nothing while the gate is closed. */
  async #send() {
    this.#tell("tracks");
    await this.#peer?.send(this.#open ? this.outgoing.stream : null);
  }

  /**
   * Tell the other side what our microphone and camera do.
   * @param {import("./protocol").Devices} devices
   */
  setDevices(devices) {
    this.#devices = devices;
    if (this.#socket?.connected) void this.ask("devices", devices).catch(() => undefined);
  }

  /**
   * Show the other side here. Rejects when the browser refuses to play with sound by itself.
   * @param {HTMLVideoElement} video
   */
  async attach(video) {
    this.#video = video;
    if (video.srcObject !== this.remoteStream) video.srcObject = this.remoteStream;
    if (this.#open) this.#awaitFrame();
    await video.play();
  }

  #awaitFrame() {
    const video = this.#video;
    const peer = this.#peer;
    if (!video?.requestVideoFrameCallback) return;
    video.requestVideoFrameCallback(() => {
      if (!this.#open || peer !== this.#peer) return;
      mark("first-frame");
      this.#carry("flowing");
    });
  }

  /** What a picture does not tell: a call without camera, a path that came back, or went. */
  async #listen() {
    const received = (await this.#peer?.received()) ?? 0;
    // A new connection counts from the beginning.
    const rising = received > 0 && received !== this.#lastReceived;
    this.#lastReceived = received;
    if (!this.#open || this.#peer?.path !== "ready") return;
    if (rising) this.#carry("flowing");
    if (this.transport !== "flowing" || this.state?.held.length) return;
    const flows = this.#mending.flows(rising);
    if (flows === this.#flows) return;
    this.#flows = flows;
    this.#claims.flows(flows);
    this.#tell("flows", flows);
  }
  #lastReceived = 0;
  #flows = true;

  /** Picture or voice of the other comes now, whatever the server knows of them. */
  get flows() {
    return this.transport === "flowing" && this.#flows;
  }

  /** What our picture may take of the network. @param {import("./sending.js").Picture} picture */
  shape(picture) {
    this.#picture = { ...picture, whole: false };
    void this.#peer?.shape(picture);
    this.#tell("shape", picture);
  }
  /** @type {import("./sending.js").Picture | undefined} */ #picture;

  /** There has been a path between the two pages. */
  get reached() {
    return this.#mending.reached;
  }

  /** @returns {Promise<RTCStatsReport | undefined>} for the page's own figures, and the tests */
  async stats() {
    return this.#peer?.stats();
  }

  /** @param {"ready" | "lost" | "none" | "connecting"} path */
  #path(path) {
    if (path === "ready") this.#mending.ready();
    this.#carry(path);
    if (path === "ready" && this.#open) this.#awaitFrame();
  }

  /** @param {Transport} transport */
  #carry(transport) {
    if (transport === this.transport) return;
    this.transport = transport;
    this.#tell("transport", transport);
    this.#claims.became(transport);
  }

  /** @param {Media} claim */
  async #claim(claim) {
    if (this.#over || !this.#socket?.connected) return false;
    // Refused is heard too.
    return this.ask("media", claim).then(() => true, ({ code }) => Boolean(code) && code !== "offline");
  }

  /** Straight to the other page (peer.js). @param {string} topic @param {unknown} content */
  talk(topic, content) {
    return this.#peer?.talk(topic, content) ?? false;
  }

  // --- the spoken code --------------------------------------------------------------------------

  /** @param {CodeStatus} code */
  #codeIs(code) {
    this.code = code;
    this.saidOfCode = null;
    this.#tell("code", code);
    if (code.state !== "waiting") void this.#said(code.state).catch(() => undefined);
  }

  /** What the two people found; `shown` takes it back. @param {"identical" | "different" | "shown"} result */
  compared(result) {
    return this.#said(result);
  }

  /** For the record, as our word: the result, and both certificates. @param {import("./protocol").SpokenCode["result"]} result */
  #said(result) {
    const { local, remote } = this.code;
    return this.#tellOfCode((this.saidOfCode = { result, local, remote }));
  }

  /** @param {import("./protocol").SpokenCode} word */
  async #tellOfCode(word) {
    if (word === this.saidOfCode) await this.ask("spoken_code", word);
  }

  // --- the end ----------------------------------------------------------------------------------

  #part() {
    this.#peer?.close();
    this.#peer = null;
  }

  #finish() {
    if (this.#over) return;
    this.#gate(false);
    this.#over = true;
    this.#asking.stop();
    clearTimeout(this.#early);
    this.#mending.stop();
    clearInterval(this.#pulse);
    this.#part();
    this.#socket?.disconnect();
    this.#tell("closed");
  }

  /** Let go of the socket and the connection without a word: the server sees a loss. */
  close() {
    this.#finish();
  }
}
