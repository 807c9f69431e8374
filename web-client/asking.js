// What a page asks of the server: answered, refused, or sent again when the socket is back.

/** @typedef {import("./protocol").Answer} Answer */
/** @typedef {import("./protocol").ClientToServerEvents} Out */
/** @typedef {import("./protocol").ServerToClientEvents} In */
/** @typedef {import("socket.io-client").Socket<In, Out>} RoomSocket */

/** How long to wait for the server's answer to an event, in ms. */
export const ANSWER = 8_000;
const OFFLINE = {
  code: "offline",
  message: "La liaison avec le service est coupée. Réessayez dans un instant.",
};

/** What was asked is not done; `code` is the server's. */
export class CallRefused extends Error {
  /** @param {{ code: string, message: string }} refused */
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }

  static offline() {
    return new CallRefused(OFFLINE);
  }
}

export class Asking {
  /** @type {Map<string, () => Promise<unknown>>} not acknowledged yet: sent again on reconnection */
  #unsure = new Map();
  #over = false;
  /** @type {RoomSocket | null} */ socket = null;

  get online() {
    return this.socket?.connected ?? false;
  }

  /**
   * Ask the server; what it refuses is thrown.
   * @param {keyof Out} event
   * @param {object} payload
   * @returns {Promise<void>}
   */
  async ask(event, payload = {}) {
    await this.#connected();
    const socket = /** @type {import("socket.io-client").Socket} */ (
      /** @type {unknown} */ (this.socket)
    );
    /** @type {Answer} */
    const answer = await socket.timeout(ANSWER).emitWithAck(event, payload);
    if (!answer.ok) throw new CallRefused(answer);
  }

  /** In the room, or soon again; not for ever: what was wanted then may not be wanted any more. */
  async #connected() {
    for (let waited = 0; !this.online; waited += 100) {
      if (this.#over || waited >= ANSWER) throw CallRefused.offline();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /**
   * Send until acknowledged, over reconnections too.
   * @param {"offer" | "answer" | "candidate"} event
   * @param {object} payload
   */
  surely(event, payload) {
    const key = event === "candidate" ? JSON.stringify(payload) : event;
    const send = async () => {
      try {
        if (!this.online) return;
        await this.ask(event, payload);
        this.#unsure.delete(key);
      } catch (wrong) {
        // Refused is an answer too; without one it is sent again on the next snapshot.
        if (wrong instanceof CallRefused && wrong.code !== "offline") this.#unsure.delete(key);
      }
    };
    this.#unsure.set(key, send);
    void send();
  }

  /** The socket is back: what was not acknowledged. */
  again() {
    for (const send of this.#unsure.values()) void send();
  }

  /** A new connection: what belonged to the former one. */
  forget() {
    this.#unsure.clear();
  }

  /** A new socket at once: this one has died without noticing, or waits for its next attempt. */
  reconnect() {
    const { socket } = this;
    if (!socket || this.#over) return;
    // Also one that is being opened: it may hang on a network that is gone.
    if (socket.connected || socket.io._readyState !== "open") socket.disconnect().connect();
  }

  stop() {
    this.#over = true;
  }
}
