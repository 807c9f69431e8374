// The spoken code on screen, on both pages: the digits, what to do with them, what was found.

import { byId } from "./page.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {"waiting" | "shown" | "identical" | "different" | "unavailable" | "other"} Found */
/** @typedef {Record<Found | "again", string>} Words */

/** @type {Record<"assure" | "medecin_conseil", Words>} */
const WORDS = {
  medecin_conseil: {
    waiting: "En préparation.",
    shown: "L'assuré lit son code à voix haute. Est-ce le même\u00a0?",
    again: "La liaison a été refaite\u00a0: comparez ce nouveau code.",
    identical: "Codes identiques\u00a0: l'appel est vérifié.",
    different:
      "Codes différents\u00a0: quelqu'un écoute peut-être. L'appel n'est pas vérifié, ne dites rien de confidentiel. Terminez et proposez un rendez-vous en présentiel.",
    unavailable:
      "Code indisponible\u00a0: ne dites rien de confidentiel. Rechargez la page pour réessayer, ou proposez un rendez-vous en présentiel.",
    other:
      "La page de l'assuré n'a pas de code\u00a0: ne dites rien de confidentiel. Rechargez la page pour réessayer, ou proposez un rendez-vous en présentiel.",
  },
  assure: {
    waiting: "En préparation.",
    shown: "Lisez-le à voix haute au médecin.",
    again: "La liaison a été refaite\u00a0: lisez ce nouveau code à voix haute.",
    identical: "Le médecin a noté\u00a0: codes identiques.",
    different:
      "Codes différents\u00a0: quelqu'un écoute peut-être. Ne dites rien de confidentiel. Vous pouvez demander un rendez-vous en présentiel\u00a0: ce n'est pas une absence.",
    unavailable:
      "Code indisponible\u00a0: ne dites rien de confidentiel. Vous pouvez demander un rendez-vous en présentiel\u00a0: ce n'est pas une absence.",
    other:
      "La page du médecin n'a pas de code\u00a0: ne dites rien de confidentiel. Vous pouvez demander un rendez-vous en présentiel\u00a0: ce n'est pas une absence.",
  },
};

export class CodePanel {
  /** @type {Call | null} */ #call = null;
  /** The code that was shown before, of this call: a new one is to be compared anew. */
  #former = "";
  #again = false;

  /**
   * @param {"assure" | "medecin_conseil"} role
   * @param {(error: unknown) => void} fail the record could not be told
   */
  constructor(role, fail) {
    this.role = role;
    this.fail = fail;
    for (const result of /** @type {const} */ (["identical", "different"])) {
      document
        .getElementById(`code-${result}`)
        ?.addEventListener("click", () => this.#compared(result));
    }
  }

  /** @param {Call | null} call @param {boolean} open media may flow */
  render(call, open) {
    if (call !== this.#call) [this.#call, this.#former, this.#again] = [call, "", false];
    const panel = byId("spoken-code");
    panel.hidden = !call || !open;
    if (!call || !open) return;
    const { code } = call.code;
    if (code && code !== this.#former) {
      this.#again = Boolean(this.#former);
      this.#former = code;
    }
    const found = this.#found(call);
    panel.dataset.found = found;
    this.#digits(found === "unavailable" ? "" : code);
    const words = WORDS[this.role];
    const word = found === "shown" && this.#again ? words.again : words[found];
    // Said once by the live region, however often the page is drawn.
    if (byId("code-word").textContent !== word) byId("code-word").textContent = word;
    this.#buttons(found, call.saidOfCode?.result);
  }

  /** Our own word counts first: what the server says of it could be anything. @param {Call} call @returns {Found} */
  #found(call) {
    const { state } = call.code;
    if (state !== "shown") return state;
    const other = this.role === "assure" ? "medecin_conseil" : "assure";
    const theirs = call.state?.[other].code;
    const ours = call.saidOfCode?.result;
    if (ours === "different" || theirs === "different") return "different";
    if (theirs === "unavailable") return "other";
    if (ours === "identical" || theirs === "identical") return "identical";
    return "shown";
  }

  /** Seen as « 48 213 », heard one by one. @param {string} code */
  #digits(code) {
    const digits = byId("code-digits");
    if (digits.dataset.code === code) return;
    digits.dataset.code = code;
    digits.hidden = !code;
    const [seen, heard] = digits.children;
    seen?.replaceChildren(`${code.slice(0, 2)}\u00a0${code.slice(2)}`);
    heard?.replaceChildren([...code].join(", "));
  }

  /** @param {Found} found @param {string | undefined} ours */
  #buttons(found, ours) {
    byId("code-buttons").hidden = found === "waiting" || found === "unavailable";
    for (const result of ["identical", "different"]) {
      document.getElementById(`code-${result}`)?.setAttribute("aria-pressed", String(ours === result));
    }
  }

  /** @param {"identical" | "different"} result */
  #compared(result) {
    const call = this.#call;
    if (!call || call.code.state !== "shown") return;
    // Pressed again, it is taken back.
    const back = call.saidOfCode?.result === result;
    call.compared(back ? "shown" : result).catch(this.fail);
    this.render(call, true);
  }
}
