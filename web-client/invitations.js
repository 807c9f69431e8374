// The invitations of third participants to one télécontrôle: made here, told by two different ways.

import { announce, element, get, post, request } from "./page.js";
import { KINDS } from "./thirds-words.js";

/** @typedef {import("./api").ThirdList} ThirdList */
/** @typedef {import("./api").ThirdInvited} ThirdInvited */
/** @typedef {import("./api").ThirdInvitation} ThirdInvitation */

/** Who invites: where they ask, what they are told. */
const BY = {
  medecin_conseil: { under: "/api/console/telecontroles", other: "l'agent", admits: "que vous l'admettiez" },
  agent: { under: "/api/agent/telecontroles", other: "le médecin-conseil", admits: "que le médecin-conseil l'admette" },
};

export class Invitations {
  #room = "";
  /** Somebody has chosen: what was announced is proposed no more. */ #chosen = false;
  /** @type {ThirdList | null} */ #list = null;
  #rows = element("ul", { className: "third-rows" });
  #kind = element(
    "select",
    { id: "third-kind" },
    ...Object.entries(KINDS).map(([kind, name]) => new Option(name, kind)),
  );
  #invite = element("button", { id: "third-invite", className: "button secondary" }, "Inviter");
  #announced = element("p", { className: "hint", hidden: true });
  #full = element("p", { className: "hint", hidden: true });
  #made = element("section", { id: "third-made", className: "third-made", tabIndex: -1, "aria-label": "Invitation à transmettre", hidden: true });
  node = element("div", { className: "third-invite" });

  /** @param {{ by: ThirdInvitation["by"], fail: (error: unknown) => void }} options */
  constructor({ by, fail }) {
    this.by = by;
    this.fail = fail;
    this.#rows.setAttribute("role", "list");
    this.#kind.addEventListener("change", () => (this.#chosen = true));
    const form = element(
      "form",
      { className: "third-form", onsubmit: (/** @type {Event} */ event) => void this.#make(event) },
      element("label", { htmlFor: "third-kind" }, "Inviter"),
      this.#kind,
      this.#invite,
    );
    this.node.append(this.#rows, this.#made, this.#announced, form, this.#full);
  }

  /** Another télécontrôle: nothing of the former one stays on screen. @param {string} room */
  about(room) {
    if (room === this.#room) return;
    this.#room = room;
    this.#list = null;
    this.#chosen = false;
    this.#made.hidden = true;
    this.#made.replaceChildren();
    this.#render();
  }

  get #url() {
    return `${BY[this.by].under}/${this.#room}/tiers`;
  }

  /** @param {string} room */
  async load(room) {
    this.about(room);
    if (!room) return;
    try {
      const list = await get(this.#url);
      if (room === this.#room) this.#list = list;
      this.#render();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {Event} event */
  async #make(event) {
    event.preventDefault();
    if (this.#invite.getAttribute("aria-disabled") === "true") return;
    this.#invite.setAttribute("aria-disabled", "true");
    const room = this.#room;
    try {
      const made = await post(this.#url, { kind: this.#kind.value });
      if (room === this.#room) this.#show(made);
      await this.load(room);
    } catch (error) {
      this.fail(error);
    } finally {
      this.#invite.removeAttribute("aria-disabled");
    }
  }

  /** Shown this once: the service keeps neither. @param {ThirdInvited} made */
  #show({ kind, link, code }) {
    const field = element("input", { id: "third-link", value: link, readOnly: true });
    field.addEventListener("focus", () => field.select());
    const copy = element("button", { type: "button", className: "button secondary" }, "Copier le lien");
    copy.addEventListener("click", async () => {
      field.select();
      await navigator.clipboard.writeText(link).catch(() => document.execCommand("copy"));
      announce("Lien copié");
    });
    this.#made.replaceChildren(
      element("p", null, element("strong", null, `${KINDS[kind]}\u00a0: invitation prête.`), " Elle vaut jusqu'à la fin du rendez-vous. Notez-la\u00a0: elle ne sera plus affichée ensuite."),
      element("p", { className: "third-link" }, element("label", { htmlFor: "third-link" }, "Lien"), field, copy),
      element("p", { className: "third-code" }, "Code à dire de vive voix\u00a0: ", element("strong", { id: "third-code" }, code)),
      element("p", { className: "hint" }, `Transmettez le lien et le code par deux chemins différents. La personne attend ensuite ${BY[this.by].admits}.`),
    );
    this.#made.hidden = false;
    this.#made.focus();
  }

  #render() {
    const list = this.#list;
    const alive = (list?.invitations ?? []).filter(({ revoked }) => !revoked);
    this.#rows.hidden = !alive.length;
    this.#rows.replaceChildren(...alive.map((one) => this.#row(one)));
    const missing = (list?.needs ?? []).filter((kind) => !alive.some((one) => one.kind === kind));
    this.#announced.hidden = !missing.length;
    this.#announced.textContent = `L'assuré a annoncé\u00a0: ${missing.map((kind) => KINDS[kind].toLowerCase()).join(", ")}.`;
    if (missing[0] && !this.#chosen) this.#kind.value = missing[0];
    const full = list !== null && alive.length >= list.most;
    this.#full.hidden = !full;
    this.#full.textContent = `Il y a déjà ${alive.length} invitations, le plus qui soit possible.`;
    this.#invite.hidden = this.#kind.hidden = full;
  }

  /** @param {ThirdInvitation} one */
  #row({ id, kind, by, entered, locked }) {
    const who = by === this.by ? "par vous" : `par ${BY[this.by].other}`;
    const words = locked
      ? "Trop de codes faux\u00a0: annulez cette invitation et faites-en une autre"
      : entered
        ? "Entré avec son code"
        : "Pas encore venu";
    return element(
      "li",
      null,
      element("strong", null, KINDS[kind]),
      element("span", { className: "hint" }, `Invité ${who}. ${words}.`),
      element("button", {
        type: "button",
        className: "button quiet",
        "aria-label": `Annuler l'invitation\u00a0: ${KINDS[kind]}`,
        onclick: () => void this.#cancel(id),
      }, "Annuler l'invitation"),
    );
  }

  /** @param {string} id */
  async #cancel(id) {
    try {
      await request(`${this.#url}/${id}`, { method: "DELETE" });
      this.#made.hidden = true;
      announce("Invitation annulée");
      await this.load(this.#room);
      this.#kind.focus();
    } catch (error) {
      this.fail(error);
    }
  }
}
