// « Qui est dans la pièce »: the words for it, and the form in which one side says it. Roles and
// numbers only: nobody is named.

import { byId } from "./page.js";

/** @typedef {import('./protocol').Company['others'][number]} Companion */

/** @type {Record<Companion, [one: string, many: string]>} */
const ROLES = {
  proche: ["proche", "proches"],
  interprete: ["interprète", "interprètes"],
  soignant: ["soignant", "soignants"],
  autre: ["autre personne", "autres personnes"],
};
const CODES = /** @type {Companion[]} */ (Object.keys(ROLES));

/** « 2 proches, 1 interprète »; nothing said yet is not nobody. @param {Companion[] | null | undefined} company */
export function inWords(company) {
  if (!company) return "non déclaré";
  if (!company.length) return "personne d'autre";
  return CODES.map((code) => ({ code, count: company.filter((one) => one === code).length }))
    .filter(({ count }) => count)
    .map(({ code, count }) => `${count} ${(count > 1 ? ROLES[code][1] : ROLES[code][0])}`)
    .join(", ");
}

export class PeopleForm {
  /** Whom the form was last shown for: another one is asked anew. */
  #of = "";
  /** What is being changed: the form stays though something is declared. */
  #open = false;
  #busy = false;

  /** @param {{ declare: (others: Companion[]) => Promise<unknown>, fail: (error: unknown) => void, done: (words: string) => void }} actions */
  constructor(actions) {
    this.actions = actions;
    byId("people-alone").addEventListener("click", () => void this.#declare([]));
    byId("people-more").addEventListener("click", () => {
      this.#list(true);
      byId(`people-${CODES[0]}`).focus();
    });
    byId("people-change").addEventListener("click", () => {
      this.#open = true;
      this.#show(false);
      byId("people-alone").focus();
    });
    byId("people-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#declare(
        CODES.flatMap((code) =>
          Array.from({ length: Number(byId(`people-${code}`, HTMLSelectElement).value) }, () => code),
        ),
      );
    });
  }

  /** @param {string} of whose room @param {Companion[] | null} mine */
  render(of, mine) {
    if (of !== this.#of) {
      this.#of = of;
      this.#open = false;
      this.#list(false);
    }
    byId("people-mine").textContent = inWords(mine);
    this.#show(Boolean(mine) && !this.#open);
  }

  /** @param {boolean} declared */
  #show(declared) {
    const within = byId("people-form").contains(document.activeElement);
    byId("people-form").hidden = declared;
    byId("people-done").hidden = !declared;
    byId("people").classList.toggle("declared", declared);
    if (within && declared) byId("people-change").focus();
  }

  /** @param {boolean} shown */
  #list(shown) {
    byId("people-list").hidden = !shown;
    byId("people-more").setAttribute("aria-expanded", String(shown));
  }

  /** @param {Companion[]} others */
  async #declare(others) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.actions.declare(others);
      this.#open = false;
      this.#list(false);
      this.actions.done(`Déclaré : ${inWords(others)}`);
    } catch (error) {
      this.actions.fail(error);
    } finally {
      this.#busy = false;
    }
  }
}
