// The public page that verifies an attestation: everything is behind « # », nothing is sent.

import { Unable, verify } from "./attestation-token.js";
import { RESERVE, SENTENCES, TITLES, lines } from "./attestation-words.js";
import { all, announce, byId, element, show } from "./page.js";
import "./reading.js";

/** @typedef {import('./attestation-token.js').Attestation} Attestation */

const address = byId("address", HTMLTextAreaElement);

/** @param {Attestation} attestation @param {boolean} here verified by this browser */
function genuine(attestation, here) {
  byId("title").textContent = TITLES[attestation.genre] ?? "";
  byId("sentence").textContent = SENTENCES[attestation.genre] ?? "";
  byId("lines").replaceChildren(
    ...lines(attestation).map(([what, said]) =>
      element("tr", null, element("th", { scope: "row" }, what), element("td", null, said)),
    ),
  );
  byId("reserve").textContent = RESERVE;
  byId("how").textContent = here
    ? "Vérifié par votre navigateur, avec les clés que le service publie. Le contenu n'a pas été envoyé."
    : "Votre navigateur ne sait pas vérifier cette signature\u00a0: le service l'a fait, et n'en garde rien.";
  show("genuine");
  announce("Authentique");
}

async function look() {
  const token = location.hash.slice(1);
  if (!token) return show("ask");
  show("loading");
  try {
    const { reason, attestation, here } = await verify(token);
    if (token !== location.hash.slice(1)) return;
    if (attestation && !reason) return genuine(attestation, Boolean(here));
    byId("reason").textContent = reason;
    show("false");
    announce(`Non vérifiée\u00a0: ${reason}`);
  } catch (error) {
    if (!(error instanceof Unable)) console.error(error);
    show("unable");
  }
}

/** @param {string} text */
function complain(text) {
  byId("error-text").textContent = text;
  byId("errors").hidden = false;
  address.setAttribute("aria-invalid", "true");
  byId("errors").focus();
}

byId("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  // An address that was copied from paper or mail may be cut in lines.
  const [, token] = /#([A-Z2-7]+)$/.exec(address.value.replace(/\s/g, "")) ?? [];
  if (!token) return complain("Il manque la fin de l'adresse, après le signe «\u00a0#\u00a0». Copiez le lien en entier.");
  byId("errors").hidden = true;
  address.removeAttribute("aria-invalid");
  if (location.hash === `#${token}`) void look();
  else location.hash = token;
});

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-action]") : null;
  if (!(button instanceof HTMLElement)) return;
  if (button.dataset.action === "retry") return void look();
  address.value = "";
  location.hash = "";
});

addEventListener("hashchange", () => void look());
for (const node of all("[data-origin]")) node.textContent = `${location.origin}/attestation#`;
void look();
