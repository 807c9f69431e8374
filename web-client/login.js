// The login of a console: by the identity provider, or by a link and an authenticator's code.

import { ApiError, byId, get, post } from "./page.js";

/** @typedef {import('./api').LoginWay} LoginWay */

const SECOND_FACTOR = new Set(["second_facteur", "code_faux"]);

/**
 * What the login screen shows, beside the demo's own offer.
 * @param {"console" | "agent"} audience
 * @returns {Promise<boolean>} the provider lets in: links and the demo's buttons do not
 */
export async function showWay(audience) {
  /** @type {LoginWay | null} */
  const way = await get(`/api/connexion/${audience}`).catch(() => null);
  const provider = way?.mode === "oidc";
  byId("login-provider").hidden = !provider;
  if (provider) {
    const button = byId("login-enter", HTMLButtonElement);
    button.textContent = way.label;
    button.disabled = false;
    button.onclick = () => void leave(audience, button);
  }
  return provider;
}

/**
 * To the provider. The address is our own server's answer; nothing of this page's address is in it.
 * @param {string} audience
 * @param {HTMLButtonElement} button
 */
async function leave(audience, button) {
  say(null);
  button.disabled = true;
  try {
    const { url } = await post(`/api/connexion/${audience}`, {});
    location.assign(url);
  } catch (error) {
    say(error);
    button.disabled = false;
  }
}

/** @param {unknown} error @returns {boolean} the link is good, a code is asked for */
export const wantsCode = (error) => error instanceof ApiError && SECOND_FACTOR.has(error.code);

/**
 * Asks for the authenticator's code until the link and the code together open a session.
 * @template T
 * @param {(code: string) => Promise<T>} enter
 * @param {(opened: T) => void} then
 */
export function askCode(enter, then) {
  const form = byId("login-code", HTMLFormElement);
  const field = byId("login-code-field", HTMLInputElement);
  const wrong = byId("login-code-error");
  const button = byId("login-code-enter", HTMLButtonElement);
  const refuse = (/** @type {string} */ message) => {
    wrong.textContent = message;
    wrong.hidden = !message;
    field.setAttribute("aria-invalid", String(Boolean(message)));
    if (message) field.focus();
  };
  byId("login-link").hidden = true;
  form.hidden = false;
  field.value = "";
  refuse("");
  field.focus();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const code = field.value.replace(/\s/g, "");
    if (!/^[0-9]{6}$/.test(code)) return refuse("Le code a six chiffres.");
    button.disabled = true;
    try {
      const opened = await enter(code);
      form.hidden = true;
      then(opened);
    } catch (error) {
      if (wantsCode(error) && error instanceof Error) refuse(error.message);
      else {
        form.hidden = true;
        say(error);
      }
    } finally {
      button.disabled = false;
    }
  };
}

/** @param {unknown} problem */
export function say(problem) {
  const banner = byId("login-problem");
  banner.hidden = !problem;
  banner.textContent = problem instanceof Error ? problem.message : "";
}

/**
 * @param {string} session
 * @returns {Promise<string>} where the provider's own session is closed; empty: nowhere
 */
export async function closeAt(session) {
  const answer = await fetch(session, { method: "DELETE", credentials: "same-origin" }).catch(
    () => null,
  );
  if (answer?.status !== 200) return "";
  const left = await answer.json().catch(() => null);
  return typeof left?.next === "string" && left.next.startsWith("https://") ? left.next : "";
}
