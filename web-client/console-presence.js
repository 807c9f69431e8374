// Who was there and when, in words and as a small timeline; then the facts it was drawn from.

import { byId, element, formatDuration, formatTime } from "./page.js";

/** @typedef {import('./api').Detail} Detail */
/** @typedef {import('./api').Presence} Presence */
/** @typedef {import('./api').Interval} Interval */

const SVG = "http://www.w3.org/2000/svg";

/** @param {Detail} detail @param {number} now @param {string} timezone */
export function renderPresence({ entry, presence }, now, timezone) {
  const none = !presence.assure.length && !presence.doctor.length;
  byId("presence-none").hidden = !none;
  byId("presence-summary").hidden = none;
  byId("timeline").hidden = none;
  if (none) return;
  /** @type {[string, string][]} */
  const lines = [
    [
      "Arrivée de l'assuré",
      entry.arrived_at ? formatTime(entry.arrived_at, timezone) : "non connecté",
    ],
    ["Attente", formatDuration(presence.waiting_seconds)],
    ["Ensemble, image et son", formatDuration(presence.together_seconds)],
    ["Interruptions", String(presence.interruptions)],
  ];
  if (presence.held.length) lines.splice(3, 0, ["En pause, à part", formatDuration(presence.held_seconds)]);
  byId("presence-summary").replaceChildren(
    ...lines.map(([term, value]) =>
      element("div", null, element("dt", null, term), element("dd", null, value)),
    ),
  );
  byId("timeline").replaceChildren(timeline(presence, entry.start, now, timezone));
}

/** @param {Presence} presence @param {string} start @param {number} now @param {string} timezone */
function timeline(presence, start, now, timezone) {
  const everything = [...presence.assure, ...presence.doctor, ...presence.together_with_media];
  const times = everything.flatMap(({ start, end }) => [
    Date.parse(start),
    end ? Date.parse(end) : now,
  ]);
  const from = Math.min(Date.parse(start), ...times);
  const to = Math.max(from + 60_000, ...times);
  /** @param {number} at */
  const place = (at) => (100 * (at - from)) / (to - from);
  /** @type {[string, string, Interval[]][]} */
  const lanes = [
    ["Assuré", "lane-assure", presence.assure],
    ["Médecin", "lane-doctor", presence.doctor],
    ["Ensemble", "lane-media", presence.together_with_media],
  ];
  if (presence.held.length) lanes.push(["Pause", "lane-held", presence.held]);
  const figure = element("figure", { className: "lanes" });
  for (const [label, style, intervals] of lanes) {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("class", `lane ${style}`);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${label} : ${inWords(intervals, timezone)}`);
    for (const { start, end, estimated } of intervals) {
      const [x, until] = [place(Date.parse(start)), place(end ? Date.parse(end) : now)];
      drawing.append(bar(x, Math.max(0.6, until - x), estimated));
    }
    drawing.append(mark(place(Date.parse(start))));
    figure.append(
      element("span", { className: "lane-name", "aria-hidden": "true" }, label),
      drawing,
    );
  }
  const hours = element("p", { className: "lane-hours", "aria-hidden": "true" });
  hours.append(
    element("span", null, formatTime(from, timezone)),
    element("span", null, formatTime(to, timezone)),
  );
  figure.append(hours);
  const guessed = everything.some(({ estimated }) => estimated);
  const caption = `Trait vertical : heure prévue, ${formatTime(start, timezone)}.`;
  figure.append(
    element("figcaption", { className: "hint" }, caption, guessed ? " Hachuré : fin estimée." : ""),
  );
  return figure;
}

/** @param {number} x @param {number} width @param {boolean} estimated */
function bar(x, width, estimated) {
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("x", `${x}%`);
  rect.setAttribute("width", `${width}%`);
  rect.setAttribute("height", "100%");
  rect.setAttribute("rx", "2");
  if (estimated) rect.setAttribute("class", "estimated");
  return rect;
}

/** @param {number} x */
function mark(x) {
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x1: `${x}%`, x2: `${x}%`, y1: "0", y2: "100%" })) {
    line.setAttribute(name, value);
  }
  return line;
}

/** @param {Interval[]} intervals @param {string} timezone */
function inWords(intervals, timezone) {
  if (!intervals.length) return "jamais";
  return intervals
    .map(({ start, end, estimated }) => {
      const from = formatTime(start, timezone);
      if (!end) return `depuis ${from}`;
      return `de ${from} à ${formatTime(end, timezone)}${estimated ? " (fin estimée)" : ""}`;
    })
    .join(", ");
}

/** @param {Detail} detail @param {string} timezone */
export function renderFacts({ facts }, timezone) {
  byId("facts-count").textContent = `(${facts.length})`;
  byId("facts-list").replaceChildren(
    ...facts.map((fact) =>
      element(
        "li",
        { value: fact.seq },
        element("time", { dateTime: fact.at }, seconds(fact.at, timezone)),
        element("span", { className: "fact-label" }, fact.label),
        element("span", { className: "fact-source" }, source(fact.source, fact.role)),
      ),
    ),
  );
}

/** @param {string} of @param {string | null} role */
function source(of, role) {
  if (of !== "declaration") return "vu par le serveur";
  return role === "assure" ? "dit par la page de l'assuré" : "dit par la console";
}

/** « 10:32:07 »: the record counts seconds. @param {string} at @param {string} timezone */
const seconds = (at, timezone) =>
  new Intl.DateTimeFormat("fr-FR", { timeStyle: "medium", timeZone: timezone }).format(
    new Date(at),
  );
