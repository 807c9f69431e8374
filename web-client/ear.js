// How loud a microphone is. Read when asked; nothing is kept, nothing is sent.

/** Samples of one look: 20 ms for a needle that moves, 0.7 s for what happens between two looks. */
export const [QUICK, WHOLE] = [1024, 32_768];

export class Ear {
  #context = new AudioContext();
  #analyser = this.#context.createAnalyser();

  /** @param {MediaStreamTrack} track */
  constructor(track) {
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
  }

  /**
   * The root mean square of the last samples, 0 to 1.
   * @param {number} size QUICK or WHOLE
   * @returns {number | null} null while it cannot be measured (browsers may ask for a gesture first)
   */
  loudness(size) {
    if (this.#context.state !== "running") {
      this.#context.resume().catch(() => {});
      return null;
    }
    if (this.#analyser.fftSize !== size) this.#analyser.fftSize = size;
    const samples = new Float32Array(size);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / size);
  }

  close() {
    this.#context.close().catch(() => {});
  }
}
