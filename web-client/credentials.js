// What opens the room for this page, and the relays: each token once, TURN credentials kept young.

/** @typedef {import("./api").RoomAccess} RoomAccess */

/** Younger than this they are good for another ICE restart, in ms, */
const YOUNG = 30_000;
/** and for a first path, that somebody waits for. */
const YOUNG_ENOUGH = 600_000;
/** A path that is to be mended waits no longer than this for a slow service, in ms. */
const PATIENCE = 1_500;

export class Credentials {
  #renew;
  /** The token of this access has not been used yet. */
  #unused = true;
  #since = performance.now();
  /** @type {Promise<void> | null} */ #renewing = null;

  /**
   * @param {RoomAccess} access
   * @param {() => Promise<RoomAccess>} renew a new token and new ICE servers
   */
  constructor(access, renew) {
    this.access = access;
    this.#renew = renew;
  }

  /** For one CONNECT. @returns {Promise<string>} throws what renewing throws */
  async token() {
    if (!this.#unused) await this.#renewed();
    this.#unused = false;
    return this.access.token;
  }

  /**
   * Before a path is looked for again: a relay forgets who it knew (docs/architecture.md,
   * « Network »). A service that is slow or away is not waited for: what is known may still do.
   * @param {boolean} fresh for a new connection, not an ICE restart
   */
  async freshen(fresh) {
    const relayed = this.access.ice_servers.some((server) => server.credential);
    if (!relayed || performance.now() - this.#since < (fresh ? YOUNG_ENOUGH : YOUNG)) return;
    const enough = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    await Promise.race([this.#renewed().catch(() => undefined), enough]);
  }

  #renewed() {
    return (this.#renewing ??= this.#fetched().finally(() => (this.#renewing = null)));
  }

  async #fetched() {
    this.access = await this.#renew();
    this.#unused = true;
    this.#since = performance.now();
  }
}
