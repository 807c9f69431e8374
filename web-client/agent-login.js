// Who is at the agent's console: the session, by the provider, a login link or the demo's buttons.

import { ApiError, byId, element } from "./page.js";
import { askCode, say, showWay, wantsCode } from "./login.js";
import * as api from "./agent-api.js";

/** @typedef {import('./api').AgentSession} AgentSession */

/** @param {string} hash */
const secret = (hash) => decodeURIComponent(hash.replace(/^#/, ""));

/** The link that brought here, kept while its second factor is asked for. */
let link = "";

/** @returns {Promise<AgentSession | null>} null: nobody is logged in */
export async function enter() {
  const login = secret(location.hash);
  if (login) {
    // The secret leaves the address bar as soon as it has served.
    history.replaceState(history.state, "", location.pathname + location.search);
    link = login;
    return api.openSession(login);
  }
  try {
    return await api.session();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/**
 * @param {(opened: AgentSession) => void} then
 * @param {unknown} [problem]
 */
export async function showLogin(then, problem) {
  byId("console").hidden = true;
  byId("login").hidden = false;
  if (link && wantsCode(problem)) {
    const login = link;
    say(null);
    askCode((code) => api.openSession(login, code), then);
    return;
  }
  say(problem);
  byId("login-title").focus();
  const provider = await showWay("agent");
  const offer = provider ? null : await api.logins();
  byId("login-offer").hidden = !offer;
  byId("login-link").hidden = provider || Boolean(offer);
  if (!offer) return;
  byId("login-agents").replaceChildren(
    ...offer.doctors.map((agent, index) => {
      const button = element(
        "button",
        { type: "button", className: "button secondary doctor" },
        element("strong", null, agent.name),
        element("span", null, [agent.function, agent.caisse].filter(Boolean).join(", ")),
      );
      button.addEventListener("click", async () => {
        try {
          const login = secret(new URL(offer.links[index] ?? "", location.href).hash);
          then(await api.openSession(login));
        } catch (error) {
          say(error);
        }
      });
      return element("li", null, button);
    }),
  );
}
