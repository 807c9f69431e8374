// Who is at this console: the session, opened by the provider, a login link or the demo's buttons.

import { ApiError, byId, element, get, post } from "./page.js";
import { askCode, closeAt, say, showWay, wantsCode } from "./login.js";

/** @typedef {import('./api').ConsoleSession} ConsoleSession */
/** @typedef {import('./api').LoginOffer} LoginOffer */

const SESSION = "/api/console/session";

/** The secret of a login link, dropped from the address bar as soon as it has served. */
const secret = (/** @type {string} */ hash) => decodeURIComponent(hash.replace(/^#/, ""));

/** The link that brought here, kept while its second factor is asked for. */
let link = "";

/** @returns {Promise<ConsoleSession>} throws ApiError (401: nobody is logged in) */
export const session = () => get(SESSION);

/** @returns {Promise<ConsoleSession | null>} null: the login screen is to be shown, with `problem` */
export async function openSession() {
  const login = secret(location.hash);
  if (login) {
    history.replaceState(null, "", location.pathname);
    link = login;
    return post(SESSION, { login });
  }
  try {
    return await session();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** @returns {Promise<string>} where to go next, when the provider has a session too */
export const closeSession = () => closeAt(SESSION);

/**
 * @param {(opened: ConsoleSession) => void} then
 * @param {unknown} [problem]
 */
export async function showLogin(then, problem) {
  byId("console").hidden = true;
  byId("login").hidden = false;
  if (link && wantsCode(problem)) {
    const login = link;
    say(null);
    askCode((code) => post(SESSION, { login, code }), then);
    return;
  }
  say(problem);
  const provider = await showWay("console");
  /** @type {LoginOffer | null} */
  const offer = provider ? null : await get("/api/console/connexions").catch(() => null);
  byId("login-offer").hidden = !offer;
  byId("login-link").hidden = provider || Boolean(offer);
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
