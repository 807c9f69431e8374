// Who is at this console: the session, opened by a login link or by the demo's buttons.

import { ApiError, byId, element, get, post } from "./page.js";

/** @typedef {import('./api').ConsoleSession} ConsoleSession */
/** @typedef {import('./api').LoginOffer} LoginOffer */

const SESSION = "/api/console/session";

/** The secret of a login link, dropped from the address bar as soon as it has served. */
const secret = (/** @type {string} */ hash) => decodeURIComponent(hash.replace(/^#/, ""));

/** @returns {Promise<ConsoleSession>} throws ApiError (401: nobody is logged in) */
export const session = () => get(SESSION);

/** @returns {Promise<ConsoleSession | null>} null: the login screen is to be shown, with `problem` */
export async function openSession() {
  const login = secret(location.hash);
  if (login) {
    history.replaceState(null, "", location.pathname);
    return post(SESSION, { login });
  }
  try {
    return await session();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export async function closeSession() {
  await fetch(SESSION, { method: "DELETE", credentials: "same-origin" }).catch(() => {});
}

/**
 * @param {(opened: ConsoleSession) => void} then
 * @param {unknown} [problem]
 */
export async function showLogin(then, problem) {
  byId("console").hidden = true;
  byId("login").hidden = false;
  say(problem);
  /** @type {LoginOffer | null} */
  const offer = await get("/api/console/connexions").catch(() => null);
  byId("login-offer").hidden = !offer;
  byId("login-link").hidden = Boolean(offer);
  if (!offer) return;
  const buttons = offer.doctors.map((doctor, index) => {
    const enter = element(
      "button",
      { type: "button", className: "button secondary doctor" },
      element("strong", null, doctor.name),
      element("span", null, `${doctor.function}, ${doctor.caisse}`),
    );
    enter.addEventListener("click", async () => {
      try {
        const login = secret(new URL(offer.links[index] ?? "", location.href).hash);
        then(await post(SESSION, { login }));
      } catch (error) {
        say(error);
      }
    });
    return element("li", null, enter);
  });
  byId("login-doctors").replaceChildren(...buttons);
}

/** @param {unknown} problem */
function say(problem) {
  const banner = byId("login-problem");
  banner.hidden = !problem;
  banner.textContent = problem instanceof Error ? problem.message : "";
}
