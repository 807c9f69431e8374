// The assuré says who is with them, before the medical part or at any moment; a reminder until then.

import { complain } from "./journey.js";
import { announce, byId, screen } from "./page.js";
import { PeopleForm, inWords } from "./people.js";

/** @typedef {import("./call.js").Call} Call */

/** @type {Call | null} */
let room = null;
let other = "";

const form = new PeopleForm({
  declare: async (others) => room?.ask("company", { others }),
  fail: () => complain("Votre réponse n'a pas pu être notée. Réessayez."),
  done: announce,
});

// Where there is little room the line goes once the focus has left it (people.css, chat.css): not at
// the press that takes the focus away, or what is pressed would move from under the finger.
const line = byId("people");
const settle = () => line.parentElement?.classList.toggle("in-hand", line.contains(document.activeElement));
line.addEventListener("focusin", settle);
for (const done of ["click", "keyup"]) document.addEventListener(done, settle);

/** @param {Call | null} call */
export function renderPeople(call) {
  room = call;
  const state = call?.state;
  line.hidden = !state;
  if (!state) return;
  // In the waiting room there is space and time; in the call, a line above the picture.
  const place = document.querySelector(`section[data-screen="${screen()}"] .people-place`);
  if (place && !place.contains(line)) {
    line.parentElement?.classList.remove("in-hand");
    place.append(line);
  }
  form.render("me", state.assure.company ?? null);
  const theirs = state.medecin_conseil.company;
  const words = `Avec le médecin : ${inWords(theirs)}.`;
  // In the call every line takes from the picture: that nothing was said yet is not shown there.
  const silent = !theirs && screen() === "call";
  byId("people-other").hidden = silent || state.medecin_conseil.presence === "absent";
  if (words === other) return;
  byId("people-other").textContent = other = words;
  // That nothing was said yet is not news.
  if (theirs && state.phase === "admitted") announce(words);
}
