// What the console's views are made of: sections, fields, the summary of errors, one dialog.

import { ApiError, byId, element } from "./page.js";

/** @typedef {{ code: string, label: string }} Option */
/** A refusal at a field, by the id of its control; null: of the whole. @typedef {[string | null, string]} Wrong */

/** @param {HTMLSelectElement} select @param {Option[]} options @param {string} [empty] the first option's words */
export function fill(select, options, empty) {
  const value = select.value;
  select.replaceChildren(
    ...(empty === undefined ? [] : [element("option", { value: "" }, empty)]),
    ...options.map(({ code, label }) => element("option", { value: code }, label)),
  );
  if (value) select.value = value;
}

/**
 * A titled part of the panel.
 * @param {string} title
 * @param {string} name
 * @param {...(Node | null)} content
 */
export function section(title, name, ...content) {
  const heading = element("h3", { id: `panel-${name}` }, title);
  return element(
    "section",
    { className: `part part-${name}`, "aria-labelledby": heading.id },
    heading,
    ...content.filter((part) => part !== null),
  );
}

/** @param {Record<string, string>} words @returns {Option[]} */
export const options = (words) => Object.entries(words).map(([code, label]) => ({ code, label }));

/** @param {{ id: string, name: string }[]} named @returns {Option[]} */
export const byName = (named) => named.map(({ id, name }) => ({ code: id, label: name }));

/**
 * A labelled control with the place of its error.
 * @param {string} label
 * @param {HTMLInputElement | HTMLSelectElement} control with an id
 * @param {string} [hint]
 */
export function field(label, control, hint) {
  const error = element("p", { className: "field-error", id: `${control.id}-error`, hidden: true });
  /** @type {Node[]} */
  const parts = [element("label", { htmlFor: control.id }, label)];
  const described = [error.id];
  if (hint) {
    parts.push(element("p", { className: "hint", id: `${control.id}-hint` }, hint));
    described.push(`${control.id}-hint`);
  }
  control.setAttribute("aria-describedby", described.join(" "));
  return element("div", { className: "field" }, ...parts, error, control);
}

/**
 * The summary of errors, and each at its field; the focus goes to the summary.
 * @param {HTMLElement} box `<div class="errors" tabindex="-1" role="alert">`
 * @param {string} title
 * @param {Wrong[]} wrong
 * @param {...Node} more what helps out, below
 */
export function complain(box, title, wrong, ...more) {
  const form = /** @type {HTMLElement} */ (box.closest("form") ?? box.parentElement);
  for (const marked of form.querySelectorAll("[aria-invalid]"))
    marked.removeAttribute("aria-invalid");
  for (const error of /** @type {NodeListOf<HTMLElement>} */ (
    form.querySelectorAll(".field-error")
  ))
    error.hidden = true;
  box.hidden = !wrong.length;
  if (!wrong.length) return;
  box.replaceChildren(
    element("h2", null, title),
    element("ul", null, ...wrong.map((one) => element("li", null, item(one)))),
    ...more,
  );
  box.focus();
  box.scrollIntoView({ block: "nearest" });
}

/** @param {Wrong} wrong */
function item([id, words]) {
  const control = id ? document.getElementById(id) : null;
  if (!control) return words;
  control.setAttribute("aria-invalid", "true");
  const error = document.getElementById(`${id}-error`);
  if (error) {
    error.textContent = words;
    error.hidden = false;
  }
  const link = element("a", { href: `#${id}` }, words);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    control.focus();
  });
  return link;
}

/** @param {unknown} error */
export const words = (error) =>
  error instanceof ApiError ? error.message : "L'action n'a pas abouti. Réessayez.";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {(Node | string)[]} content
 * @property {string} confirm the button's words: what will be done
 * @property {string} [dismiss]
 * @property {boolean} [danger]
 * @property {boolean} [wide]
 * @property {() => Promise<unknown>} submit throws what is refused: the dialog stays and says it
 * @property {() => Wrong[]} [missing] what is not filled in yet
 * @property {(error: ApiError) => string | null} [at] the control that a refusal is about
 * @property {(error: ApiError) => Promise<Node[]>} [help] a way out of the refusal
 * @property {HTMLElement} [focus] what has the focus first; the title otherwise
 */

/**
 * Asks in the dialog, and does it there: it closes once done.
 * @param {Question} question
 * @returns {Promise<boolean>} true once done
 */
export function ask(question) {
  const dialog = byId("ask", HTMLDialogElement);
  const form = byId("ask-form", HTMLFormElement);
  const confirm = byId("ask-confirm", HTMLButtonElement);
  const errors = byId("ask-errors");
  const opener = document.activeElement;
  byId("ask-title").textContent = question.title;
  byId("ask-content").replaceChildren(...question.content);
  confirm.textContent = question.confirm;
  confirm.className = question.danger ? "button danger" : "button";
  byId("ask-dismiss").textContent = question.dismiss ?? "Revenir";
  dialog.classList.toggle("wide", Boolean(question.wide));
  errors.hidden = true;

  return new Promise((resolve) => {
    let done = false;
    async function submit() {
      if (confirm.getAttribute("aria-busy") === "true") return;
      const missing = question.missing?.() ?? [];
      if (missing.length) return complain(errors, "Il manque une réponse", missing);
      confirm.setAttribute("aria-busy", "true");
      try {
        await question.submit();
        done = true;
        dialog.close();
      } catch (error) {
        if (!dialog.open) return;
        const refusal = error instanceof ApiError ? error : null;
        const more = refusal && question.help ? await question.help(refusal).catch(() => []) : [];
        complain(
          errors,
          "Ce n'est pas fait",
          [[(refusal && question.at?.(refusal)) || null, words(error)]],
          ...more,
        );
      } finally {
        confirm.removeAttribute("aria-busy");
      }
    }
    form.onsubmit = (event) => {
      event.preventDefault();
      void submit();
    };
    byId("ask-dismiss").onclick = () => dialog.close();
    dialog.onclose = () => {
      byId("ask-content").replaceChildren();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      resolve(done);
    };
    dialog.showModal();
    (question.focus ?? byId("ask-title")).focus();
  });
}
