// The appointment that the assuré's link leads to, and what is open of it.

import { all, byId, post } from "./page.js";
import { fill, know, link, time } from "./journey.js";

/** @typedef {import('./api').LinkState} LinkState */
/** @typedef {import('./api').Visit} Visit */
/** How it stands when it is not open. @typedef {Pick<LinkState, 'access'> & Partial<LinkState>} Closed */

/** Once the code was right. @type {Visit | null} */
export let visit = null;

/** Where the link leads now. @returns {Promise<LinkState>} throws ApiError */
export async function ask() {
  /** @type {LinkState} */
  const state = await post("/api/assure/lien", { link });
  know(state);
  if (state.visit) meet(state.visit);
  attest(state.attestation);
  return state;
}

/** @param {Visit} opened */
export function meet(opened) {
  visit = opened;
  const { appointment } = visit;
  know(appointment);
  byId("caisse").textContent = appointment.caisse;
  fill("[data-doctor]", appointment.doctor_name);
  fill("[data-function]", appointment.doctor_function);
  fill("[data-start]", time(appointment.start));
  for (const node of all(".record")) node.hidden = false;
}

/** Whether there is something to attest: the link knows. @returns {Promise<LinkState | null>} */
export async function attestable() {
  /** @type {LinkState | null} */
  const state = await post("/api/assure/lien", { link }).catch(() => null);
  attest(state?.attestation);
  return state;
}

/** @param {boolean} [offered] */
function attest(offered) {
  for (const node of all(".attest")) node.hidden = !offered;
}
