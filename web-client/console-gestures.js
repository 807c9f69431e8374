// What the médecin-conseil asks for during the call: a gesture at random, a document held in view.

import { announce, byId } from "./page.js";
import { gesture } from "./gestures.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-rooms.js').Room} Room */
/** @typedef {import('./protocol').ChallengeResult['result']} Result */

/** @type {Record<Result, string>} */
const NOTED = {
  done: "Noté\u00a0: geste fait.",
  not_done: "Noté\u00a0: geste non fait.",
  not_offered: "Noté\u00a0: geste non proposé.",
};

export class GesturesView {
  /** @type {Room | null} */
  #room = null;
  /** What was noted last, of which télécontrôle. */
  #noted = { id: "", word: "" };
  /** What was asked and is not answered yet. @type {Set<string>} */
  #asking = new Set();

  /** @param {{ fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    byId("gesture-ask").addEventListener("click", () => void this.#ask());
    for (const result of /** @type {const} */ (["done", "not_done", "not_offered"])) {
      byId(`gesture-${result}`).addEventListener("click", () => void this.#note(result));
    }
    byId("framing-ask").addEventListener("click", () => {
      void this.#tell("framing", { on: !this.#room?.state?.framing });
    });
  }

  /** @param {Entry} entry @param {Room | null} room the one of this entry, if this page is in it */
  render(entry, room) {
    this.#room = room;
    const state = room?.state;
    byId("gestures").hidden = entry.phase !== "admitted" || state?.phase !== "admitted";
    if (!state || byId("gestures").hidden) return;
    const asked = gesture(state.challenge);
    if (asked) this.#noted = { id: entry.id, word: "" };
    const noted = this.#noted.id === entry.id ? this.#noted.word : "";
    const word = asked ? `L'assuré lit\u00a0: «\u00a0${asked}\u00a0».` : noted;
    if (byId("gesture-word").textContent !== word) byId("gesture-word").textContent = word;
    byId("gesture-word").hidden = !word;
    const results = byId("gesture-results");
    const within = results.contains(document.activeElement);
    results.hidden = !asked;
    if (within && !asked) byId("gesture-ask").focus();
    byId("gesture-ask").textContent = asked
      ? "Proposer un autre geste"
      : "Proposer un geste au hasard";
    byId("framing-ask").setAttribute("aria-pressed", String(state.framing));
  }

  async #ask() {
    await this.#tell("challenge", {});
  }

  /** @param {Result} result */
  async #note(result) {
    const id = this.#room?.id ?? "";
    if (!(await this.#tell("challenge_result", { result }))) return;
    this.#noted = { id, word: NOTED[result] };
    announce(NOTED[result]);
    byId("gesture-word").textContent = NOTED[result];
    byId("gesture-word").hidden = false;
  }

  /** @param {'challenge' | 'challenge_result' | 'framing'} event @param {object} payload */
  async #tell(event, payload) {
    const call = this.#room?.call;
    // Pressed twice; another button pressed meanwhile is not lost.
    if (!call || this.#asking.has(event)) return false;
    this.#asking.add(event);
    try {
      await call.ask(event, payload);
      return true;
    } catch (error) {
      this.actions.fail(error);
      return false;
    } finally {
      this.#asking.delete(event);
    }
  }
}
