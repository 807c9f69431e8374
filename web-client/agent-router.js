// Where the console is: the view, its filters and the télécontrôle open, all in the address.

/** @typedef {'liste' | 'planifier' | 'envois' | 'importer' | 'absences'} View */

/** @type {View[]} */
const VIEWS = ["liste", "planifier", "envois", "importer", "absences"];

/** Emits `change` after every move, the browser's own « back » included. */
export class Router extends EventTarget {
  constructor() {
    super();
    addEventListener("popstate", () => this.dispatchEvent(new Event("change")));
  }

  /** @returns {View} */
  get view() {
    return VIEWS.find((view) => view === this.get("vue")) ?? "liste";
  }

  /** What is searched for may be a name: kept with the history entry, never in an address. */
  get search() {
    return String(history.state?.q ?? "");
  }

  /** Id of the télécontrôle shown in the panel, or ''. */
  get opened() {
    return this.get("tc");
  }

  /** @param {string} name */
  get(name) {
    return new URLSearchParams(location.search).get(name) ?? "";
  }

  /** @param {string[]} names */
  filters(names) {
    return Object.fromEntries(names.map((name) => [name, this.get(name)]));
  }

  /** The address after these changes; another view starts afresh. @param {Record<string, string>} changes */
  href(changes) {
    const params = new URLSearchParams("vue" in changes ? "" : location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value && !(name === "vue" && value === "liste")) params.set(name, value);
      else params.delete(name);
    }
    const search = params.toString();
    return location.pathname + (search ? `?${search}` : "");
  }

  /**
   * @param {Record<string, string>} changes
   * @param {{ search?: string, replace?: boolean }} [how]
   */
  go(changes, { search = "vue" in changes ? "" : this.search, replace = false } = {}) {
    const href = this.href(changes);
    const here = location.pathname + location.search;
    const move =
      replace || (href === here && search === this.search) ? "replaceState" : "pushState";
    history[move]({ q: search }, "", href);
    this.dispatchEvent(new Event("change"));
  }
}
