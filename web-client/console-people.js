// Who is in the room on both sides, as each declares it; a reminder until then, never a barrier.

import { announce, byId } from "./page.js";
import { PeopleForm, inWords } from "./people.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./console-rooms.js').Room} Room */

export class PeopleView {
  /** @type {Room | null} */
  #room = null;
  /** Of whom what was last said aloud. */
  #said = "";

  /** @param {{ fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.form = new PeopleForm({
      declare: async (others) => (await this.#room?.ready)?.ask("company", { others }),
      fail: actions.fail,
      done: announce,
    });
  }

  /** @param {Entry} entry @param {Room | null} room */
  render(entry, room) {
    this.#room = room;
    const seat = room?.state?.assure ?? entry.assure;
    const here = seat.presence === "present" || seat.presence === "lost";
    byId("people").hidden = entry.phase === "ended" || !here;
    if (byId("people").hidden) return;
    const theirs = seat.company ?? null;
    byId("people-other").textContent = inWords(theirs);
    byId("people-other").className = `chip ${!theirs ? "warn" : theirs.length ? "idle" : "ok"}`;
    byId("people-own").hidden = !room?.state;
    this.form.render(entry.id, room?.state?.medecin_conseil.company ?? null);
    const words = `${entry.id} ${inWords(theirs)}`;
    if (theirs && entry.phase === "admitted" && words !== this.#said)
      announce(`Avec l'assuré : ${inWords(theirs)}`);
    this.#said = words;
  }
}
