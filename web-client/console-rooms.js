/** Which rooms this console is in: the consultation in course, and the next one made ready. No DOM. */

import { Call } from "./call.js";
import { byWriting, inCall, nextWarm, waits } from "./console-state.js";
import { furnish } from "./console-tools.js";
import { announce } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./protocol').RoomState} RoomState */
/** @typedef {import('./api').RoomAccess} RoomAccess */

const RETRY_MS = 4000;
/** Direct paths to people who wait, besides that of who is next. */
const ALSO = 3;

/** One room: its call and what is known of it. */
export class Room {
  /** Settles when the room is entered. @type {Promise<Call>} */
  ready = new Promise(() => {});
  /** @type {Call | null} */
  call = null;
  /** @type {RoomState | null} */
  state = null;
  connection = "connecting";
  transport = "none";
  gate = false;
  /** Settles `ready` for the worse. @type {(reason: unknown) => void} */
  refuse = () => {};

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }
}

/** Emits 'change' whenever what it says may have changed. */
export class Rooms extends EventTarget {
  /** Another console of the same médecin-conseil took over: nothing is opened until asked for. */
  replaced = false;
  /** Id of the télécontrôle being admitted, until the server says so. */
  admitting = "";
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  /** @type {Entry[]} */
  #entries = [];
  /** undefined: not known yet, and nothing is offered to the other side. @type {MediaStream | null | undefined} */
  #stream;
  /** @type {import('./protocol').Devices} */
  #devices = { microphone: true, camera: true, missing: "", virtual: false };
  /** Whom this page writes to while they wait, besides who is next. @type {string[]} */
  #also = [];
  /** @type {Map<string, number>} */
  #notBefore = new Map();

  /** @param {(id: string) => Promise<RoomAccess>} access @param {() => number} now */
  constructor(access, now) {
    super();
    this.access = access;
    this.now = now;
  }

  /** @param {string | undefined} id */
  get(id) {
    return (id && this.#rooms.get(id)) || null;
  }

  all() {
    return [...this.#rooms.values()];
  }

  /** Enter and leave rooms so that they are those that the day asks for. @param {Entry[]} entries */
  sync(entries) {
    this.#entries = entries;
    const wanted = new Set();
    if (!this.replaced) {
      const current = inCall(entries);
      const next = nextWarm(entries, this.now());
      if (current) wanted.add(current.id);
      if (this.admitting) wanted.add(this.admitting);
      if (next) wanted.add(next.id);
      for (const one of entries) if (waits(one) && this.#also.includes(one.id)) wanted.add(one.id);
    }
    for (const room of this.#rooms.values()) if (!wanted.has(room.id)) this.#depart(room);
    for (const id of wanted) if ((this.#notBefore.get(id) ?? 0) <= Date.now()) this.#enter(id);
  }

  /** @param {string} id */
  async admit(id) {
    this.replaced = false;
    this.admitting = id;
    this.#notBefore.delete(id);
    this.sync(this.#entries);
    this.#changed();
    try {
      await (await this.#enter(id).ready).admit();
    } finally {
      this.admitting = "";
      this.#changed();
    }
  }

  /** Open the direct path to somebody who is not next, to write to them. @param {string} id */
  reach(id) {
    if (this.#also.includes(id)) return;
    this.#also = [...this.#also, id].slice(-ALSO);
    this.sync(this.#entries);
    this.#changed();
  }

  /** Take the seat back from the other console. */
  takeOver() {
    this.replaced = false;
    this.sync(this.#entries);
    this.#changed();
  }

  /** @param {MediaStream | null | undefined} stream null: there will be none, undefined: not known yet */
  setStream(stream) {
    this.#stream = stream;
    if (stream === undefined) return;
    for (const { call } of this.#rooms.values()) call?.setStream(stream);
  }

  /** @param {MediaStreamTrack} track */
  replaceTrack(track) {
    for (const { call } of this.#rooms.values()) void call?.replaceTrack(track);
  }

  /** @param {import('./protocol').Devices} devices */
  setDevices(devices) {
    this.#devices = devices;
    for (const { call } of this.#rooms.values()) call?.setDevices(devices);
  }

  closeAll() {
    for (const room of this.#rooms.values()) this.#leave(room);
  }

  /** @param {string} id @returns {Room} */
  #enter(id) {
    const known = this.#rooms.get(id);
    if (known) return known;
    const room = new Room(id);
    this.#rooms.set(id, room);
    const refused = new Promise((_, reject) => (room.refuse = reject));
    room.ready = Promise.race([this.#open(room), /** @type {Promise<never>} */ (refused)]);
    room.ready.catch(() => this.#failed(room));
    return room;
  }

  /** @param {Room} room */
  async #open(room) {
    const renew = () => this.access(room.id);
    const call = new Call({ role: "medecin_conseil", access: await renew(), renew });
    if (this.#rooms.get(room.id) !== room) throw new Error("left meanwhile");
    room.call = call;
    this.#listen(room, call);
    const writes = byWriting(this.#entries.find(({ id }) => id === room.id));
    furnish({ role: "medecin_conseil", call, notice: announce, writes });
    if (this.#stream !== undefined) call.setStream(this.#stream);
    call.setDevices(this.#devices);
    this.#changed();
    await call.join();
    return call;
  }

  /** @param {Room} room @param {Call} call */
  #listen(room, call) {
    /** @param {string} type @param {(detail: any) => void} then */
    const on = (type, then) =>
      call.addEventListener(type, (event) => {
        if (this.#rooms.get(room.id) !== room) return;
        then(/** @type {CustomEvent} */ (event).detail);
        this.#changed();
      });
    on("state", (state) => (room.state = state));
    on("connection", (connection) => (room.connection = connection));
    on("transport", (transport) => (room.transport = transport));
    on("gate", (gate) => (room.gate = gate));
    on("code", () => {});
    on("flows", () => {});
    on("replaced", () => {
      this.replaced = true;
      this.closeAll();
    });
    on("refused", (why) => room.refuse(why));
  }

  /** Try again a little later, if it is still wanted then. @param {Room} room */
  #failed(room) {
    if (this.#rooms.get(room.id) !== room) return;
    this.#notBefore.set(room.id, Date.now() + RETRY_MS);
    this.#leave(room);
    this.#changed();
    setTimeout(() => this.sync(this.#entries), RETRY_MS + 50);
  }

  /** Not wanted any more. By a word, or the record would have a connection lost. @param {Room} room */
  #depart(room) {
    const { call, connection } = room;
    const tells = call && connection === "open";
    if (tells) room.call = null;
    this.#leave(room);
    if (tells) void call.leave().catch(() => {});
  }

  /** @param {Room} room */
  #leave(room) {
    this.#rooms.delete(room.id);
    room.call?.close();
    room.refuse({ code: "closed", message: "La salle s'est refermée. Réessayez." });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
