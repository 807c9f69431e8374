// Messages as a table, in the panel of one télécontrôle and in the list of all that was sent.

import { byId, confirmDialog, element } from "./page.js";
import * as api from "./agent-api.js";
import { words } from "./agent-form.js";
import { messageChip, reasonLabel, sayShort, sayTo } from "./agent-words.js";

/** @typedef {import('./api').Message} Message */

/**
 * @param {Message[]} messages
 * @param {string} timezone
 * @param {{ caption: string, open?: (telecontrole: string) => string }} how `open`: address of its télécontrôle
 */
export function messageTable(messages, timezone, { caption, open }) {
  const heads = [...(open ? ["Assuré"] : []), "Message", "État", "Dates", "Texte"];
  return element(
    "table",
    { className: open ? "table messages all" : "table messages" },
    element("caption", { className: "unseen" }, caption),
    element(
      "thead",
      null,
      element("tr", null, ...heads.map((head) => element("th", { scope: "col" }, head))),
    ),
    element("tbody", null, ...messages.map((message) => row(message, timezone, open))),
  );
}

/** @param {Message} message @param {string} timezone @param {((telecontrole: string) => string)} [open] */
function row(message, timezone, open) {
  const what = [
    element("strong", null, message.kind_label),
    element(
      "span",
      { className: "soft" },
      [message.channel_label, sayTo(message.to)].filter(Boolean).join(" : "),
    ),
  ];
  const state = [messageChip(message)];
  if (message.reason)
    state.push(element("span", { className: "reason" }, reasonLabel(message.reason)));
  const cells = [
    open ? element("td", null, ...what) : element("th", { scope: "row" }, ...what),
    element("td", { className: "c-state" }, ...state),
    element("td", { className: "c-dates" }, ...dates(message, timezone)),
    element("td", { className: "c-text" }, textButton(message)),
  ];
  if (open) {
    const link = element("a", { href: open(message.telecontrole) }, message.assure);
    link.dataset.tc = message.telecontrole;
    cells.unshift(element("th", { scope: "row", className: "c-who" }, link));
  }
  const node = element("tr", null, ...cells);
  node.dataset.message = message.id;
  node.dataset.state = message.state;
  return node;
}

/** @param {Message} message @param {string} timezone */
function dates({ due, until, sent, delivered, tries, state }, timezone) {
  /** @type {[string, string | null][]} */
  const all = [
    ["Remis", delivered],
    ["Envoyé", sent],
    ["Prévu", sent ? null : due],
    ["Au plus tard", sent || state === "retire" ? null : until],
  ];
  const lines = all
    .filter(([, at]) => at)
    .map(([label, at]) =>
      element("span", { className: "line" }, `${label} ${sayShort(at ?? "", timezone)}`),
    );
  if (tries > 1) lines.push(element("span", { className: "line soft" }, `${tries} essais`));
  return lines;
}

/** @param {Message} message */
function textButton(message) {
  const button = element(
    "button",
    {
      type: "button",
      className: "button quiet",
      id: `text-${message.id}`,
      "aria-haspopup": "dialog",
      "aria-label": `Voir le texte\u00a0: ${message.kind_label}, ${message.channel_label}, ${message.assure}`,
    },
    "Voir le texte",
  );
  button.addEventListener("click", () => void showText(message));
  return button;
}

/** The exact words that left. @param {Message} message */
async function showText(message) {
  const dialog = byId("text", HTMLDialogElement);
  byId("text-title").textContent = `${message.kind_label}, ${message.channel_label}`;
  byId("text-facts").textContent = `À ${sayTo(message.to) || message.assure}`;
  byId("text-subject").textContent = "";
  byId("text-body").textContent = "Chargement…";
  const print = byId("text-print");
  print.hidden = true;
  print.onclick = () => window.print();
  void confirmDialog(dialog);
  byId("text-title").focus();
  try {
    const { subject, text, version } = await api.text(message.telecontrole, message.id);
    byId("text-subject").textContent = subject;
    byId("text-body").textContent = text || "Sans objet : ce message ne partira pas.";
    byId("text-facts").textContent = [
      `À ${sayTo(message.to) || message.assure}.`,
      message.sent ? "Tel qu'il est parti." : "Tel qu'il partirait maintenant.",
      version ? `Modèle ${version}.` : "",
    ].join(" ");
    print.hidden = message.channel !== "courrier" || !text;
  } catch (error) {
    byId("text-body").textContent = words(error);
  }
}
