// What every page asks of the document and of HTTP: elements, screens, words, dialogs, requests.

/** @typedef {import('./api').Failure} Failure */
/** @typedef {import('./api').Problem} Problem */
/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Prop */

const TIMEOUT = 20_000;

/** A request that was refused, or that found no network (code `reseau`, status 0). */
export class ApiError extends Error {
  /**
   * @param {Partial<Problem>} problem
   * @param {number} status
   */
  constructor(problem, status) {
    super(problem.message || "Le service ne répond pas comme prévu. Réessayez dans un instant.");
    this.code = problem.code || "inattendu";
    this.field = problem.field || null;
    this.retry_after = problem.retry_after ?? null;
    this.status = status;
  }
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<any>} the decoded body; throws ApiError
 */
export async function request(url, init) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  try {
    const answer = await fetch(url, {
      ...init,
      signal: abort.signal,
      credentials: "same-origin",
      cache: "no-store",
    });
    const body = await answer.json().catch((error) => {
      if (abort.signal.aborted) throw error;
    });
    if (answer.ok) return body;
    throw new ApiError(body?.error ?? {}, answer.status);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(
      {
        code: "reseau",
        message: "La connexion à internet semble interrompue. Vérifiez-la, puis réessayez.",
      },
      0,
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} url
 * @returns {Promise<any>} the decoded body; throws ApiError
 */
export const get = (url) => request(url, {});

/**
 * @param {string} url
 * @param {object} body
 * @returns {Promise<any>} the decoded body; throws ApiError
 */
export const post = (url, body) =>
  request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

/**
 * A new element; a prop is a property where the element has one, else an attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, Prop> | null} [props]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined) continue;
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * The element of that id; that it exists and is of that type is the page's own promise.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 * @returns {T}
 */
export function byId(id, type) {
  const node = document.getElementById(id);
  if (!node || (type && !(node instanceof type))) throw new Error(`#${id} is not in the page`);
  return /** @type {T} */ (node);
}

/**
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export const all = (selector) => [
  .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector)),
];

/** A page's title may begin with that of its first screen. */
const service = document.title.split(" – ").at(-1) ?? "";

/** @returns {string} the name of the screen shown */
export const screen = () => document.body.dataset.screen ?? "";

/** Once a style sheet that not every screen needs is there, or will not come. @param {string} name @returns {Promise<unknown>} */
export function look(name) {
  const href = new URL(`./${name}`, import.meta.url).href;
  return new Promise((done) => {
    const sheet = element("link", { rel: "stylesheet", href, onload: done, onerror: done });
    document.head.append(sheet);
  });
}

/** Gives the focus to the title of the screen shown. */
export function focusTitle() {
  /** @type {HTMLElement | null} */
  const title = document.querySelector("section[data-screen]:not([hidden]) h1");
  title?.focus({ preventScroll: true });
}

/**
 * Shows one `<section data-screen>` and hides the others; title and focus follow.
 * @param {string} name
 */
export function show(name) {
  if (screen() === name) return;
  for (const section of all("section[data-screen]")) section.hidden = section.dataset.screen !== name;
  document.body.dataset.screen = name;
  const title = document.querySelector(`section[data-screen="${name}"] h1`);
  document.title = `${title?.textContent ?? ""} – ${service}`;
  scrollTo(0, 0);
  focusTitle();
}

/**
 * Says it to who listens to the page (`<p id="status" role="status">`).
 * @param {string} text
 */
export function announce(text) {
  const status = byId("status");
  // A no-break space more makes the same sentence a new one.
  status.textContent = status.textContent === text ? `${text}\u00a0` : text;
}

/**
 * @param {HTMLDialogElement} dialog whose `<form method="dialog">` has a button of value `confirm`
 * @returns {Promise<boolean>} true once confirmed; Escape or any other button is false
 */
export function confirmDialog(dialog) {
  const opener = document.activeElement;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        // The opener may be gone with its screen: the focus is never left to <body>.
        if (opener instanceof HTMLElement && opener !== document.body) opener.focus();
        if (!document.activeElement || document.activeElement === document.body) focusTitle();
        resolve(dialog.returnValue === "confirm");
      },
      { once: true },
    );
  });
}

/**
 * @param {string | number | Date} at
 * @param {string} [timezone] IANA name; the device's own by default
 * @returns {string} « 14 h 32 »
 */
export function formatTime(at, timezone) {
  return new Intl.DateTimeFormat("fr-FR", { hour: "numeric", minute: "2-digit", timeZone: timezone })
    .format(new Date(at))
    .replace(/\D+/, "\u00a0h\u00a0");
}

/**
 * @param {string | number | Date} at
 * @param {string} [timezone] IANA name; the device's own by default
 * @returns {string} « mardi 1er avril »
 */
export function formatDate(at, timezone) {
  return new Intl.DateTimeFormat("fr-FR", {
    weekday: "long",
    day: "numeric",
    month: "long",
    timeZone: timezone,
  })
    .format(new Date(at))
    .replace(/ 1 /, " 1er ");
}

/**
 * @param {number} seconds
 * @returns {string} « 1 h 05 min », « 12 min 30 s » or « 45 s »
 */
export function formatDuration(seconds) {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (h) return `${h}\u00a0h\u00a0${two(m)}\u00a0min`;
  return m ? `${m}\u00a0min\u00a0${two(s)}\u00a0s` : `${s}\u00a0s`;
}
