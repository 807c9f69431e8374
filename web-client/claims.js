// Our word on the media path, for the record: the server keeps it as this page's claim.

import { lostBecause } from "./network.js";

/** @typedef {import("./protocol").Media} Media */
/** @typedef {import("./call.js").Transport} Transport */

/** Silence of a path that is thought good is put on record after so long, in ms: it may be mended
 * before the browser says that it was lost. */
const SILENCE = 1_500;

export class Claims {
  #say;
  #peer;
  /** The last loss and why, until the server has heard of it. @type {{ cause: Media["cause"] } | null} */
  #untold = null;
  /** What the server heard last. @type {Transport} */
  #heard = "none";
  #lost = false;
  #silence = 0;
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
    clearTimeout(this.#silence);
    const anew = transport === "lost" && !this.#lost;
    if (transport !== "connecting" && transport !== "none") this.#lost = transport === "lost";
    // Our own network is the first to be doubted.
    if (anew) this.#untold = { cause: lostBecause() || (this.#peer()?.cause ?? "disconnected") };
    this.#tell(() => this.#all(transport));
  }

  /** What flowed comes no more, or again. @param {boolean} flows */
  flows(flows) {
    clearTimeout(this.#silence);
    if (!flows) this.#silence = setTimeout(() => this.became("lost"), SILENCE);
    else if (this.#lost) this.became("flowing");
  }

  /** After a time without the server: has the path held, or not? @param {Transport} transport */
  again(transport) {
    this.#tell(() => this.#all(this.#lost ? "lost" : transport, true));
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
