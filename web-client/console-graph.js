// A small graph of the last two minutes: lines over time, and the same in words.

/** @typedef {{ name: string, values: (number | null)[] }} Line null: nothing known at that second */

const SPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [240, 56];

/** @param {string} name @param {Record<string, string | number>} of */
function svg(name, of) {
  const node = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(of)) node.setAttribute(key, String(value));
  return node;
}

/**
 * Pieces of one line: it breaks where nothing is known.
 * @param {(number | null)[]} values the last one is now @param {number} top @param {number} length
 * @returns {string[]} points of polylines
 */
export function pieces(values, top, length) {
  /** @type {string[][]} */
  const found = [[]];
  const step = WIDTH / (length - 1);
  const from = length - values.length;
  values.forEach((value, i) => {
    if (value === null) return found.push([]);
    const y = HEIGHT - 1 - (HEIGHT - 2) * Math.min(1, value / top);
    found.at(-1)?.push(`${((from + i) * step).toFixed(1)},${y.toFixed(1)}`);
  });
  return found.filter((one) => one.length > 1).map((one) => one.join(" "));
}

/** A round figure that the highest value stays under. @param {number} highest @param {number} least */
export function ceiling(highest, least) {
  if (highest <= least) return least;
  const ten = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= highest) ?? highest;
}

export class Graph {
  node = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "graph", role: "img", preserveAspectRatio: "none" });
  #least;
  #length;

  /** @param {number} least the height is never less than this @param {number} length how many seconds */
  constructor(least, length) {
    this.#least = least;
    this.#length = length;
  }

  /** @param {Line[]} lines @param {string} words the same, said @returns {number} what the height stands for */
  draw(lines, words) {
    const known = lines.flatMap(({ values }) => values.filter((one) => one !== null));
    const top = ceiling(Math.max(0, ...known), this.#least);
    const drawn = lines.flatMap(({ name, values }) =>
      pieces(values, top, this.#length).map((points) => svg("polyline", { points, class: `graph-${name}` })),
    );
    this.node.replaceChildren(svg("path", { d: `M0 ${HEIGHT - 0.5}H${WIDTH}`, class: "graph-axis" }), ...drawn);
    this.node.setAttribute("aria-label", words);
    return top;
  }
}
