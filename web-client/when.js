// An appointment, said large: the day, the hour with its zone, how long and where.

import { element, formatDate, formatTime } from "./page.js";

/** @typedef {import('./api').Place} Place */

/**
 * @param {{start: string, timezone: string, zone: string, minutes: number}} at
 * @param {...string} more lines under the hour
 */
export function when(at, ...more) {
  const year = new Date(at.start).getFullYear();
  const other = year === new Date().getFullYear() ? "" : ` ${year}`;
  return element(
    "div",
    { className: "when" },
    element("p", { className: "when-day" }, formatDate(at.start, at.timezone) + other),
    element("p", { className: "when-hour" }, `à ${formatTime(at.start, at.timezone)}`, " ",
      element("span", null, at.zone)),
    ...more.map((line) => element("p", null, line)),
  );
}

/** @param {number} minutes */
export const about = (minutes) => `${minutes}\u00a0minutes environ`;

/** @param {Place} place */
export function where(place) {
  /** @type {[string, string][]} */
  const rows = [
    ["Lieu", place.name],
    ["Adresse", place.address],
    ["Accès", place.access],
    ["Ouvert", place.hours],
  ];
  return element(
    "div",
    null,
    when(place, `${about(place.minutes)}, sur place`),
    element(
      "dl",
      { className: "facts" },
      ...rows
        .filter(([, said]) => said)
        .flatMap(([label, said]) => [element("dt", null, label), element("dd", null, said)]),
    ),
  );
}
