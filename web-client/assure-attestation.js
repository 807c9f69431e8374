// The assuré's attestation: in a window over whatever is shown, so that waiting goes on behind it.

import { link } from "./journey.js";
import { ApiError, all, byId, element, post } from "./page.js";

/** Making a PDF takes seconds; many may ask at once, in ms. */
const PATIENCE = 60_000;
/** @type {Record<string, string>} */
const READY = {
  pdf: "L'attestation est téléchargée, en PDF.",
  html: "L'attestation est téléchargée, en page web.",
};

const dialog = byId("attestation-dialog", HTMLDialogElement);
const code = byId("attestation-code", HTMLInputElement);
/** What was asked for, while the code is on its way. */
let wanted = "pdf";
let busy = false;

export function open() {
  ask(false);
  complain("");
  say("");
  dialog.showModal();
  byId("attestation-title").focus();
}

/** @param {boolean} now for the code, instead of what to download */
function ask(now) {
  byId("attestation-code-form").hidden = !now;
  byId("attestation-forms").hidden = now;
}

/** @param {string} text */
function say(text) {
  byId("attestation-news").textContent = text;
}

/** @param {string} text */
function complain(text) {
  const place = byId("attestation-error");
  place.textContent = text;
  place.hidden = !text;
  if (text) place.focus();
  if (text) say("");
}

/** One thing at a time; its refusal is said in the window. @param {() => Promise<void>} action */
async function once(action) {
  if (busy) return;
  busy = true;
  complain("");
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ApiError)) console.error(error);
    complain((error instanceof ApiError ? error : new ApiError({}, 0)).message);
  } finally {
    busy = false;
  }
}

/** The document; without a session of this appointment, first a code. @param {string} form */
async function fetchIt(form) {
  wanted = form;
  say("Nous préparons l'attestation…");
  try {
    await download(form);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    await post("/api/assure/attestation/code", { link });
    ask(true);
    say("");
    code.value = "";
    code.focus();
  }
}

/** @param {string} form */
async function download(form) {
  const answer = await fetch("/api/assure/attestation", {
    method: "POST",
    body: JSON.stringify({ link, form }),
    headers: { "Content-Type": "application/json" },
    cache: "no-store",
    ...("timeout" in AbortSignal && { signal: AbortSignal.timeout(PATIENCE) }),
  }).catch(() => {
    throw new ApiError({ code: "reseau", message: "L'attestation n'est pas arrivée. Vérifiez votre connexion à internet, puis réessayez." }, 0);
  });
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    throw new ApiError(said?.error ?? {}, answer.status);
  }
  const url = URL.createObjectURL(await answer.blob());
  element("a", { href: url, download: `attestation.${form}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say(READY[form] ?? "");
}

async function prove() {
  const digits = code.value.replace(/\D/g, "");
  if (digits.length !== 6) {
    code.setAttribute("aria-invalid", "true");
    return complain("Le code a 6 chiffres. Vérifiez le SMS.");
  }
  code.removeAttribute("aria-invalid");
  await post("/api/assure/attestation/session", { link, code: digits });
  ask(false);
  byId("attestation-title").focus();
  await fetchIt(wanted);
}

byId("attestation-code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void once(prove);
});
for (const button of all("[data-form]"))
  button.addEventListener("click", () => void once(() => fetchIt(button.dataset.form ?? "pdf")));
