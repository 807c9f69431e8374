// The page of a third participant: from the invitation's link to the information, and every way it
// may be closed. What needs the camera is in tiers-room.js, fetched while the person reads.

import { ApiError, byId, element, post } from "./page.js";
import { actions, fill, go, journey, know, link, onCode, time } from "./journey.js";
import "./reading.js";
import { KINDS } from "./thirds-words.js";

/** @typedef {import("./api").ThirdLink} ThirdLink */
/** @typedef {import("./api").ThirdVisit} ThirdVisit */

/** Once the code was right. @type {ThirdVisit | null} */
let visit = null;

/** @param {{ kind: "" | keyof typeof KINDS, start: string | null, timezone: string, helpline: string }} known */
function tell(known) {
  know(known);
  if (known.kind) fill("[data-kind]", KINDS[known.kind].toLowerCase().replace("médecin assistant", "médecin qui assiste l'assuré"));
  if (known.start) fill("[data-start]", time(known.start));
  byId("check-lsf").hidden = known.kind !== "interprete_lsf";
}

/** @param {ThirdVisit} opened */
function meet(opened) {
  visit = opened;
  tell(opened);
  fill("[data-doctor]", opened.doctor_name);
}

/** Asks where the link leads, and goes there. */
async function refresh() {
  if (!/^[\w-]{16,128}$/.test(link)) return go("inconnu");
  try {
    /** @type {ThirdLink} */
    const state = await post("/api/tiers/lien", { link });
    tell(state);
    visit = null;
    if (state.visit) meet(state.visit);
    if (state.access === "inconnu" || state.access === "trop_tot") return go(state.access);
    if (state.access !== "ouvert") return go("closed");
    await next();
  } catch (error) {
    const { code, status, message } = error instanceof ApiError ? error : new ApiError({}, 0);
    if (status === 404 || status === 410) return go("inconnu");
    byId("failure").textContent = message;
    if (code !== "reseau") console.error(error);
    go("offline");
  }
}

/** The first screen that is not done yet. */
async function next() {
  if (!visit) return go("welcome");
  const { information } = visit;
  if (information.accepted) return (await import("./tiers-room.js")).ready(visit);
  byId("information").replaceChildren(...information.paragraphs.map((text) => element("p", null, text)));
  go("information");
}

onCode(async (code) => meet(await post("/api/tiers/session", { link, code })), next);

Object.assign(actions, {
  code: () => go("code"),
  async accept() {
    if (!visit) return refresh();
    meet(await post("/api/tiers/information", { version: visit.information.version }));
    await next();
  },
  refresh,
});

journey.addEventListener("expired", () => void refresh());
void refresh();
