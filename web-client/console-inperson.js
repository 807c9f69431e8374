// The in-person appointment, given during the call: three hours, one click, both see it.

import { announce, byId, element, formatDate, formatTime, get, post } from "./page.js";

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./api').Detail} Detail */
/** @typedef {import('./api').Place} Place */
/** @typedef {import('./api').InPersonChoices} InPersonChoices */

/** The day is pushed at once: after so long, what it says is right. */
const CONFIRMED_MS = 5000;

export class InPersonView {
  /** @type {Entry | null} */
  #entry = null;
  /** What can be chosen, by télécontrôle. @type {Map<string, InPersonChoices>} */
  #choices = new Map();
  /** Ids of those being asked for. @type {Set<string>} */
  #asking = new Set();
  /** Fixed here a moment ago: shown until the détail, which may be on its way, says so too. @type {Map<string, { place: Place, until: number }>} */
  #fixed = new Map();
  /** Id of the télécontrôle whose date is being changed. */
  #changing = "";
  #shown = "";

  /** @param {{ fail: (error: unknown) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    byId("in-person-site").addEventListener("change", () => this.#address());
    byId("in-person-change").addEventListener("click", () => {
      const id = this.#entry?.id ?? "";
      this.#changing = id;
      this.#choices.delete(id);
      if (this.#entry) this.render(this.#entry, this.detail);
      byId("in-person-title").focus();
    });
  }

  /** @param {Entry} entry @param {Detail} [detail] */
  render(entry, detail) {
    this.#entry = entry;
    this.detail = detail;
    byId("in-person").hidden = !entry.in_person;
    if (!entry.in_person) return;
    const booked = this.#booked(entry.id, detail);
    const choosing = this.#changing === entry.id || (Boolean(detail) && !booked);
    const choices = choosing ? this.#choices.get(entry.id) : undefined;
    if (choosing && !choices) void this.#ask(entry.id);
    this.#show(entry.id, choosing ? null : booked, choices, choosing);
  }

  /** @param {string} id @param {Detail} [detail] */
  #booked(id, detail) {
    const fixed = this.#fixed.get(id);
    if (fixed && (detail?.place?.start === fixed.place.start || Date.now() > fixed.until))
      this.#fixed.delete(id);
    return this.#fixed.get(id)?.place ?? detail?.place ?? null;
  }

  /** @param {string} id @param {Place | null} booked @param {InPersonChoices | undefined} choices @param {boolean} choosing */
  #show(id, booked, choices, choosing) {
    const key = JSON.stringify([id, booked, choices, choosing]);
    if (key === this.#shown) return;
    // A slot that was clicked goes away: the focus goes to what it became.
    const within = byId("in-person-choices").contains(document.activeElement);
    this.#shown = key;
    byId("in-person-booked").hidden = !booked;
    const slots = choices?.sites.length ? choices.slots : [];
    byId("in-person-choices").hidden = !slots.length;
    if (booked) {
      byId("in-person-when").textContent = `${when(booked.start, booked.timezone)} (${booked.zone})`;
      byId("in-person-where").textContent = `${booked.name}, ${booked.address}`;
    }
    if (choices && slots.length) this.#offer(choices);
    byId("in-person-word").textContent = word(booked, choices, choosing);
    if (within) byId(booked ? "in-person-booked" : "in-person-title").focus();
  }

  /** @param {InPersonChoices} choices */
  #offer({ sites, slots, timezone }) {
    const select = byId("in-person-site", HTMLSelectElement);
    const before = select.value;
    select.replaceChildren(...sites.map(({ id, name }) => new Option(name, id)));
    if (sites.some(({ id }) => id === before)) select.value = before;
    byId("in-person-site-line").hidden = sites.length < 2;
    byId("in-person-slots").replaceChildren(
      ...slots.map(({ start, at }) => {
        const button = element(
          "button",
          { type: "button", className: "button secondary" },
          when(at, timezone),
        );
        button.addEventListener("click", () => void this.#book(start));
        return button;
      }),
    );
    this.#address();
  }

  #address() {
    const chosen = byId("in-person-site", HTMLSelectElement).value;
    const sites = this.#choices.get(this.#entry?.id ?? "")?.sites ?? [];
    const site = sites.find(({ id }) => id === chosen);
    const name = sites.length < 2 ? `${site?.name}, ` : "";
    byId("in-person-address").textContent = site ? `${name}${site.address}` : "";
  }

  /** @param {string} id */
  async #ask(id) {
    if (this.#asking.has(id)) return;
    this.#asking.add(id);
    try {
      this.#choices.set(id, await get(`/api/console/telecontroles/${id}/presentiel`));
    } catch (error) {
      this.actions.fail(error);
      // Not again at each tick: another click, or another person, asks anew.
      this.#choices.set(id, { requested: true, timezone: "", booked: null, sites: [], slots: [] });
    } finally {
      this.#asking.delete(id);
    }
    this.#again(id);
  }

  /** @param {string} start */
  async #book(start) {
    const id = this.#entry?.id;
    const panel = byId("in-person");
    if (!id || panel.getAttribute("aria-busy") === "true") return;
    panel.setAttribute("aria-busy", "true");
    const site = byId("in-person-site", HTMLSelectElement).value;
    try {
      /** @type {InPersonChoices} */
      const told = await post(`/api/console/telecontroles/${id}/presentiel`, { site, start });
      this.#changing = "";
      if (told.booked)
        this.#fixed.set(id, { place: told.booked, until: Date.now() + CONFIRMED_MS });
      announce("Rendez-vous en présentiel fixé");
    } catch (error) {
      this.actions.fail(error);
    } finally {
      panel.removeAttribute("aria-busy");
    }
    // Taken meanwhile, or to be changed later: the next time, what is free then.
    this.#choices.delete(id);
    this.#again(id);
  }

  /** @param {string} id */
  #again(id) {
    if (this.#entry?.id === id) this.render(this.#entry, this.detail);
  }
}

/** « Mardi 1er décembre à 9 h 30 ». @param {string} at @param {string} timezone */
function when(at, timezone) {
  const day = formatDate(at, timezone);
  return `${day.charAt(0).toUpperCase()}${day.slice(1)} à ${formatTime(at, timezone)}`;
}

/** @param {Place | null} booked @param {InPersonChoices | undefined} choices @param {boolean} choosing */
function word(booked, choices, choosing) {
  if (booked) return "";
  if (!choices) return choosing ? "Recherche des prochaines dates…" : "";
  if (!choices.sites.length)
    return "Aucun lieu d'accueil n'est enregistré pour votre caisse : un agent fixera la date.";
  if (!choices.slots.length)
    return "Aucune heure libre dans votre agenda : un agent fixera la date.";
  return "Les trois prochaines heures libres de votre agenda. Si vous n'en choisissez aucune, un agent fixera la date.";
}
