// What leaves by a call: our camera and microphone, or what is shown in place of the camera, or on
// hold nothing at all. No page, no DOM.

/** Event `change`: what is sent became another by itself, not by a device. */
export class Outgoing extends EventTarget {
  /** @type {MediaStream | null | undefined} undefined: not known yet */ #own;
  /** @type {MediaStreamTrack | null} */ #shown = null;
  #held = false;
  #pausing = false;

  /** Whether it is known with which devices we are there. */
  get settled() {
    return this.#own !== undefined;
  }

  /** What is sent while the gate is open; null: nothing. @returns {MediaStream | null} */
  get stream() {
    if (this.#held || this.#pausing) return null;
    const own = this.#own ?? null;
    if (!this.#shown) return own;
    return new MediaStream([...(own?.getAudioTracks() ?? []), this.#shown]);
  }

  /** Our camera and microphone; null: there will be none. @param {MediaStream | null} stream */
  set(stream) {
    this.#own = stream;
  }

  /** Another device's track in the place of the one of its kind. @param {MediaStreamTrack} track */
  swap(track) {
    const own = this.#own;
    if (own && !own.getTracks().includes(track)) {
      for (const old of own.getTracks()) if (old.kind === track.kind) own.removeTrack(old);
      own.addTrack(track);
    }
  }

  /** A screen, in place of the camera; null: the camera again. @param {MediaStreamTrack | null} track */
  show(track) {
    if (this.#shown === track) return;
    this.#shown = track;
    this.#changed();
  }

  /** By the room's word: somebody paused. @param {boolean} held */
  hold(held) {
    this.#withhold(held, this.#pausing);
  }

  /** By our own person, at once and whatever becomes of the server. @param {boolean} pausing */
  pause(pausing) {
    this.#withhold(this.#held, pausing);
  }

  /** @param {boolean} held @param {boolean} pausing */
  #withhold(held, pausing) {
    const before = this.#held || this.#pausing;
    this.#held = held;
    this.#pausing = pausing;
    if (before !== (held || pausing)) this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
