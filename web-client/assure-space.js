// The assuré's space behind the link: what the appointment is, and what may be said before the
// hour or after it. Nothing that was said is shown again: that it was, alone.

import { complain, go, link, once } from "./journey.js";
import { ApiError, all, announce, byId, element, focusTitle, get, look, post } from "./page.js";
import { about, when, where } from "./when.js";

/** @typedef {import('./api').Choice} Choice */
/** @typedef {import('./api').SpaceChoices} SpaceChoices */
/** @typedef {import('./assure-visit.js').Closed} Closed */

/** A document on a slow line, in ms. */
const UPLOAD = 300_000;
/** Longest side of a photographed page, in pixels: readable, and light to send. */
const SIDE = 2_400;

const PREPARE =
  "Apportez une pièce d'identité et vos documents médicaux. Si vous ne pouvez pas venir, ou s'il vous faut de l'aide pour venir, appelez le numéro en bas de cette page.";

/** @type {Closed} */
let state = { access: "trop_tot" };
/** @type {SpaceChoices | null} */
let choices = null;

/** Once the look is there (or will not come). @type {Promise<unknown>} */
export const styled = look("assure-space.css");

// --- where it stands ----------------------------------------------------------------------------

/** Fills the screen that is to be shown. @param {Closed} told */
export function tell(told) {
  over();
  state = told;
  const { access, start, timezone, zone, minutes, place, said } = told;
  if (start && timezone)
    put("[data-when]", when(
      { start, timezone, zone: zone ?? "", minutes: minutes ?? 0 },
      `${about(minutes ?? 0)}, avec un médecin-conseil de l'Assurance maladie`,
    ));
  put("[data-place]", ...(place ? [where(place), element("p", null, PREPARE), toAgenda()] : []));
  for (const node of all("[data-no-place]")) node.hidden = Boolean(place);
  byId("acknowledge").hidden = Boolean(said?.acknowledged);
  put("[data-said]", ...news(access).map(([kind, text]) => banner(kind, text)));
}

/** What was said, and what became of it. @param {Closed['access']} access @returns {[string, string][]} */
function news(access) {
  const { acknowledged, needs, justification } = state.said ?? {};
  const ahead = access === "trop_tot";
  const stays = ahead ? " Tant qu'elle n'a pas répondu, le rendez-vous est maintenu." : "";
  const noted = [
    acknowledged && ahead && "C'est noté\u00a0: vous serez là.",
    needs && ahead && "Vos besoins sont transmis à votre caisse.",
    justification === "acceptee" && "Votre justificatif est accepté.",
  ].filter(Boolean);
  /** @type {[unknown, string, string][]} */
  const told = [
    [noted.length, "ok", noted.join(" ")],
    [justification === "deposee", "", `Votre caisse examine votre justificatif.${stays}`],
    [
      justification === "refusee" && access !== "presentiel",
      "warn",
      `Votre justificatif n'a pas été accepté. ${ahead ? "Le rendez-vous est maintenu. " : ""}Pour en parler, appelez le numéro en bas de cette page.`,
    ],
  ];
  return told.filter(([holds]) => holds).map(([, kind, text]) => [kind, text]);
}

/** @param {string} selector @param {...Node} content */
function put(selector, ...content) {
  document
    .querySelector(`section[data-screen="${state.access}"] ${selector}`)
    ?.replaceChildren(...content);
}

/** @param {string} kind @param {string} text */
const banner = (kind, text) =>
  element("div", { className: `banner ${kind}` }, element("p", null, text));

const toAgenda = () =>
  element("p", null, button("Ajouter à mon agenda", "agenda", "secondary"));

/** @param {string} text @param {string} action @param {string} [look] */
function button(text, action, look = "") {
  const made = element("button", { type: "button", className: `button ${look}` }, text);
  made.dataset.action = action;
  return made;
}

// --- acknowledge, calendar ----------------------------------------------------------------------

export async function acknowledge() {
  await post("/api/assure/accuse", { link });
  tell({ ...state, said: { needs: false, justification: "", ...state.said, acknowledged: true } });
  announce("C'est noté\u00a0: vous serez là.");
  // The button is gone.
  focusTitle();
}

export async function agenda() {
  const answer = await send("/api/assure/agenda", JSON.stringify({ link }), "application/json");
  const url = URL.createObjectURL(await answer.blob());
  element("a", { href: url, download: "rendez-vous.ics" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  announce("Le rendez-vous est prêt pour votre agenda.");
}

// --- the equipment ------------------------------------------------------------------------------

/** Camera and microphone as on the day, seen by nobody. */
export function rehearse() {
  over();
  document.body.classList.add("rehearsal");
  byId("notices").prepend(
    element(
      "div",
      { id: "rehearsal", className: "banner" },
      element("p", null, "C'est un essai\u00a0: personne ne vous voit ni ne vous entend."),
      button("Revenir à mon rendez-vous", "refresh", "quiet"),
    ),
  );
  const finish = button("C'est bon, j'ai terminé", "refresh", "secondary");
  finish.id = "rehearsed";
  document.querySelector('section[data-screen="check"] .actions')?.append(finish);
  // The test is what one came for.
  document.querySelector('[data-action="equipment"]')?.classList.remove("secondary");
}

/** The try is over. @returns {boolean} whether there was one: its camera is to be let go of */
export function over() {
  const trying = document.body.classList.contains("rehearsal");
  document.body.classList.remove("rehearsal");
  document.querySelector('[data-action="equipment"]')?.classList.add("secondary");
  for (const id of ["rehearsal", "rehearsed"]) document.getElementById(id)?.remove();
  return trying;
}

// --- forms --------------------------------------------------------------------------------------

export async function needs() {
  const { needs: offered } = await offer();
  const boxes = offered.map((one) => option("checkbox", "need", one));
  const again = state.said?.needs ? " Cette liste remplace celle que vous avez déjà envoyée." : "";
  const form = ask(
    "needs",
    "De quoi avez-vous besoin\u00a0?",
    `Cochez ce qui vous aiderait. Votre caisse s'en occupe avant le rendez-vous.${again}`,
    fieldset("Mes besoins", boxes),
    element("p", { className: "hint" }, "Pour un interprète, votre caisse vous demandera dans quelle langue. Ne dites rien ici de votre santé\u00a0: c'est pour le médecin."),
    "Envoyer",
  );
  form.onsubmit = submits("needs", async () => {
    await post("/api/assure/besoins", { link, needs: checked(form, "need") });
    done("C'est transmis", "Votre caisse voit vos besoins et s'organise. Elle peut vous appeler pour les préciser.");
  });
}

export async function justify() {
  const { reasons, document_bytes } = await offer();
  const file = element("input", {
    id: "document",
    type: "file",
    accept: "application/pdf,image/jpeg,image/png",
  });
  file.setAttribute("aria-describedby", "document-hint");
  const form = ask(
    "justify",
    state.access === "trop_tard" ? "Vous n'avez pas pu venir\u00a0?" : "Vous ne pouvez pas venir\u00a0?",
    "Une raison suffit. Une personne de votre caisse l'examine\u00a0: si elle l'accepte, un rendez-vous en présentiel vous est proposé.",
    fieldset("Pourquoi\u00a0?", reasons.map((one) => option("radio", "reason", one))),
    element(
      "div",
      { className: "field" },
      element("label", { htmlFor: "document" }, "Un document (facultatif)"),
      element("p", { className: "hint", id: "document-hint" }, `Une photo ou un PDF, ${Math.floor(document_bytes / 1_000_000)}\u00a0Mo au plus. Il est chiffré. S'il est médical, choisissez «\u00a0Une raison de santé\u00a0»\u00a0: seul le service médical peut alors l'ouvrir.`),
      file,
    ),
    "Envoyer",
  );
  form.onsubmit = submits("justify", async () => {
    const [reason] = checked(form, "reason");
    if (!reason) return refuse("Choisissez une raison dans la liste.", form.querySelector("input"));
    const joined = file.files?.[0] && (await lighter(file.files[0]));
    if (joined && !joined.size) return refuse("Ce document est vide. Choisissez-en un autre.", file);
    if (joined && joined.size > document_bytes)
      return refuse("Ce document est trop lourd. Envoyez une photo d'une seule page.", file);
    await submit(reason, joined);
    done("C'est transmis", "Votre caisse examine votre justificatif. Tant qu'elle n'a pas répondu, rien ne change pour votre rendez-vous. Vous pouvez suivre la réponse sur cette page.");
  });
}

export async function notMe() {
  const form = ask(
    "not-me",
    "Ce message n'est pas pour vous\u00a0?",
    "Dites-le nous\u00a0: la caisse vérifiera le numéro et l'adresse. Nous ne vous demandons ni votre nom ni rien d'autre.",
    "Confirmer\u00a0: ce message n'est pas pour moi",
  );
  form.onsubmit = submits("not-me", async () => {
    await post("/api/assure/erreur", { link });
    done("Merci", "La caisse va vérifier. Vous n'avez rien d'autre à faire\u00a0: supprimez le message, et ne transmettez pas son lien.", false);
  });
}

/** @returns {Promise<SpaceChoices>} */
const offer = async () => (choices ??= await get("/api/assure/choix"));

/**
 * A screen with a form; its last child is what its button says.
 * @param {string} name @param {string} title @param {string} lead @param {...(Node | string)} content
 */
function ask(name, title, lead, ...content) {
  const form = element(
    "form",
    { noValidate: true },
    ...content.slice(0, -1),
    element(
      "div",
      { className: "actions" },
      element("button", { className: "button" }, content.at(-1) ?? ""),
      button("Revenir", "refresh", "quiet"),
    ),
  );
  open(name, title, element("p", null, lead), form);
  return form;
}

/** What was said has arrived. @param {string} title @param {string} text @param {boolean} [back] */
function done(title, text, back = true) {
  const actions = element("div", { className: "actions" }, button("Revenir à mon rendez-vous", "refresh"));
  open("done", title, element("p", { className: "lead" }, text), ...(back ? [actions] : []));
}

/** @param {string} name @param {string} title @param {...Node} content */
function open(name, title, ...content) {
  document.querySelector(`section[data-screen="${name}"]`)?.remove();
  const section = element("section", { hidden: true }, element("h1", { tabIndex: -1 }, title), ...content);
  section.dataset.screen = name;
  document.querySelector("main")?.append(section);
  go(name);
}

/** @param {string} name @param {Node[]} options */
const fieldset = (name, options) =>
  element("fieldset", null, element("legend", null, name), ...options);

/** @param {string} type @param {string} name @param {Choice} choice */
const option = (type, name, { code, label }) =>
  element("label", { className: "check" }, element("input", { type, name, value: code }), label);

/** @param {HTMLFormElement} form @param {string} name */
const checked = (form, name) => new FormData(form).getAll(name).map(String);

/** @param {string} text @param {Element | null} field */
function refuse(text, field) {
  complain(text);
  field?.setAttribute("aria-invalid", "true");
}

/**
 * What a form does, once at a time and with its errors shown.
 * @param {string} name @param {() => Promise<unknown>} action
 * @returns {(event: SubmitEvent) => void}
 */
function submits(name, action) {
  return (event) => {
    event.preventDefault();
    for (const node of all('[aria-invalid="true"]')) node.removeAttribute("aria-invalid");
    void once(`${name}-sent`, action);
  };
}

// --- a document ---------------------------------------------------------------------------------

/**
 * A photo as a page: a tenth of the weight, and nothing of the phone in it. Anything else, or a
 * picture that this browser does not read, as it is.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
async function lighter(file) {
  if (!file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const page = element("canvas", { width: picture.width * scale, height: picture.height * scale });
    page.getContext("2d")?.drawImage(picture, 0, 0, page.width, page.height);
    picture.close();
    const drawn = await new Promise((resolve) => page.toBlob(resolve, "image/jpeg", 0.85));
    return drawn ?? file;
  } catch {
    return file;
  }
}

/** @param {string} reason @param {Blob | undefined} joined */
async function submit(reason, joined) {
  const form = new FormData();
  form.append("link", link);
  form.append("reason", reason);
  if (joined) form.append("document", joined);
  announce(joined ? "Envoi du document…" : "Envoi…");
  await send("/api/assure/justification", form);
}

/**
 * A request whose body or answer is not JSON.
 * @param {string} url @param {string | FormData} body @param {string} [type]
 * @returns {Promise<Response>} throws ApiError
 */
async function send(url, body, type) {
  const signal = AbortSignal.timeout?.(UPLOAD);
  const headers = type ? { "Content-Type": type } : undefined;
  const answer = await fetch(url, { method: "POST", body, headers, signal, cache: "no-store" }).catch(() => {
    throw new ApiError({ code: "reseau", message: "L'envoi n'a pas abouti. Vérifiez votre connexion à internet, puis réessayez." }, 0);
  });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  throw new ApiError(said?.error ?? {}, answer.status);
}
