// Our word on the media path, for the record: the server keeps it as this page's claim.

import { lostBecause } from "./network.js";

/** @typedef {import("./protocol").Media} Media */
/** @typedef {import("./call.js").Transport} Transport */

export class Claims {
  #say;
  #peer;
  /** The last loss and why, until the server has heard of it. @type {{ cause: Media["cause"] } | null} */
  #untold = null;
  /** What the server heard last. @type {Transport} */
  #heard = "none";
  /** @type {Promise<unknown>} one after the other: a loss is told before what follows it */
  #queue = Promise.resolve();

  /**
   * @param {(claim: Media) => Promise<boolean>} say whether the server has heard it
   * @param {() => { route: Media["path"], cause: Media["cause"] } | null} peer the connection in use
   */
  constructor(say, peer) {
    this.#say = say;
    this.#peer = peer;
  }

  /** @param {Transport} transport what it has just become */
  became(transport) {
    // Our own network is the first to be doubted.
    if (transport === "lost") this.#untold = { cause: lostBecause() || (this.#peer()?.cause ?? "disconnected") };
    this.#tell(() => this.#all(transport));
  }

  /** After a time without the server: has the path held, or not? @param {Transport} transport */
  again(transport) {
    this.#tell(() => this.#all(transport, true));
  }

  /** @param {() => Promise<void>} work */
  #tell(work) {
    this.#queue = this.#queue.then(work);
  }

  /** @param {Transport} transport @param {boolean} [again] */
  async #all(transport, again = false) {
    const untold = this.#untold;
    const held = again && transport === "flowing" && this.#heard === "flowing" && !untold;
    // Said over a socket that was dead, it is said again over the next.
    if (untold && (await this.#claim("lost", untold)) && this.#untold === untold) this.#untold = null;
    if (transport !== "ready" && transport !== "flowing") return;
    await this.#claim(transport, { continuous: held, path: this.#peer()?.route ?? "" });
  }

  /** @param {Media["state"]} state @param {Partial<Media>} more */
  async #claim(state, more) {
    const heard = await this.#say({ state, cause: "", continuous: false, path: "", ...more });
    if (heard) this.#heard = state;
    return heard;
  }
}
