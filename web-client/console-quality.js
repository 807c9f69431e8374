// The console: how good the consultation is, in a word, and the last two minutes as graphs.

import { Graph } from "./console-graph.js";
import { byId, element, look } from "./page.js";
import { QualityView } from "./quality-view.js";
import { WORDS } from "./quality.js";
import { Panel, addTool, stage } from "./tools.js";
import { Watching } from "./watching.js";

/** @typedef {import("./figures.js").Sample} Sample */

const SECONDS = 120;

for (const sheet of ["quality.css", "console-quality.css"]) void look(sheet);

/** @type {Map<import("./call.js").Call, Watching>} */
const watched = new Map();
const view = new QualityView();
const panel = new Panel({ id: "quality-panel", title: "Qualité de la liaison" });
const tool = addTool({
  id: "tool-quality",
  label: "Qualité de la liaison",
  icon: "pulse",
  run: () => panel.toggle(open),
});

// --- the graphs ---------------------------------------------------------------------------------

const number = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 0 });
const UNKNOWN = "inconnu";

const ms = (/** @type {number | null} */ value) => (value === null ? UNKNOWN : `${whole.format(value)}\u00a0ms`);
const percent = (/** @type {number | null} */ value) => (value === null ? UNKNOWN : `${number.format(100 * value)}\u00a0%`);
/** @param {number} value bits/s */
const rate = (value) =>
  value >= 1_000_000 ? `${number.format(value / 1_000_000)}\u00a0Mbit/s` : `${whole.format(value / 1_000)}\u00a0kbit/s`;

/**
 * One graph: its title, what it says now, its lines.
 * @typedef {{ title: string, lines: { name: "up" | "down", of: (sample: Sample) => number | null }[],
 *   format: (value: any) => string, least: number }} Kind
 */
/** @type {Kind[]} */
const KINDS = [
  { title: "Aller-retour", lines: [{ name: "up", of: (s) => s.rtt }], format: ms, least: 200 },
  {
    title: "Pertes",
    lines: [
      { name: "up", of: (s) => s.lossUp },
      { name: "down", of: (s) => s.lossDown },
    ],
    format: percent,
    least: 0.1,
  },
  {
    title: "Débit",
    lines: [
      { name: "up", of: (s) => s.up },
      { name: "down", of: (s) => s.down },
    ],
    format: rate,
    least: 200_000,
  },
];
const NAMES = { up: "envoi", down: "réception" };

const shown = KINDS.map((kind) => {
  const graph = new Graph(kind.least, SECONDS);
  const [value, top] = [element("span", { className: "graph-value" }), element("span", { className: "graph-top" })];
  const title = element("figcaption", null, element("strong", null, kind.title), value, top);
  const figure = element("figure", { className: "graph-figure" }, title);
  figure.append(graph.node);
  return { kind, graph, value, top, figure };
});
const facts = element("dl", { className: "facts quality-facts" });
const empty = element("p", { className: "hint" }, "Les mesures commencent avec l'image et le son.");
const key = element(
  "p",
  { className: "hint graph-key" },
  element("span", { className: "graph-sign up" }, "trait plein\u00a0: envoi"),
  element("span", { className: "graph-sign down" }, "pointillé\u00a0: réception"),
  element("span", null, "2 dernières minutes"),
);
panel.body.append(empty, key, element("div", { className: "graphs" }, ...shown.map((one) => one.figure)), facts);

/** The latest figure that is known: some are measured less often than we look. @param {(number | null)[]} values */
const latest = (values) => values.slice(-10).reverse().find((one) => one !== null) ?? null;

/** @param {Sample[]} samples */
function draw(samples) {
  for (const { kind, graph, value, top } of shown) {
    const lines = kind.lines.map(({ name, of }) => ({ name, values: held(samples.map(of)) }));
    const said = lines.map(({ name, values }) => {
      const now = kind.format(latest(values));
      return lines.length > 1 ? `${NAMES[name]} ${now}` : now;
    });
    value.textContent = said.join(", ");
    const highest = graph.draw(lines, `${kind.title}, 2 dernières minutes. ${lines.map((one) => range(kind, one)).join(" ")}`);
    top.textContent = `haut\u00a0: ${kind.format(highest)}`;
  }
}

/** A report comes less often than a look: its figure holds until the next. @param {(number | null)[]} values */
function held(values) {
  let age = Infinity;
  /** @type {number | null} */ let last = null;
  return values.map((value) => {
    age = value === null ? age + 1 : 0;
    last = value ?? last;
    return age <= 5 ? last : null;
  });
}

/** @param {Kind} kind @param {{ name: "up" | "down", values: (number | null)[] }} line */
function range({ lines, format }, { name, values }) {
  const known = /** @type {number[]} */ (values.filter((one) => one !== null));
  const who = lines.length > 1 ? `${NAMES[name]}\u00a0: ` : "";
  if (!known.length) return `${who}${UNKNOWN}.`;
  return `${who}de ${format(Math.min(...known))} à ${format(Math.max(...known))}, maintenant ${format(latest(values))}.`;
}

/** @param {Watching} watching @param {Sample} sample */
function tell(watching, sample) {
  const rows = [
    ["Liaison", WORDS[watching.verdict.level]],
    ["Chemin", sample.relayed ? "par un relais" : "direct"],
    ["Image reçue", picture(sample.width, sample.fps, watching.theirs.paused)],
    ["Image envoyée", picture(sample.sentWidth, sample.sentFps, watching.paused)],
    ["Voix reconstituée", percent(sample.concealed)],
    ["Données économisées", watching.theirs.saving ? "oui, à la demande de l'assuré" : "non"],
  ];
  const nodes = rows.map(([name = "", value = ""]) =>
    element("div", null, element("dt", null, name), element("dd", null, value)),
  );
  facts.replaceChildren(...nodes);
}

/** @param {number | null} width @param {number | null} fps @param {boolean} paused */
function picture(width, fps, paused) {
  if (paused) return "suspendue pour garder la voix";
  if (!fps || !width) return "aucune";
  return `${width} points de large, ${whole.format(fps)} par seconde`;
}

// --- on the page --------------------------------------------------------------------------------

function current() {
  return (stage.call && watched.get(stage.call)) || null;
}

function open() {
  measure();
  panel.open();
}

function measure() {
  const watching = current();
  const last = watching?.samples.at(-1);
  empty.hidden = Boolean(last);
  key.hidden = facts.hidden = !last;
  for (const { figure } of shown) figure.hidden = !last;
  if (!watching || !last) return;
  draw(watching.samples);
  tell(watching, last);
}

function render() {
  const call = stage.call;
  view.render(current(), {
    flowing: call?.transport === "flowing",
    camera: call?.state?.assure.camera ?? false,
  });
  // The chip of the header: a state like those beside it.
  if (chip.hidden !== view.chip.hidden) chip.hidden = view.chip.hidden;
  if (panel.isOpen) measure();
}

const chip = element("li", { hidden: true }, view.chip);
document.querySelector("#call .call-states")?.append(chip);
byId("call-problem").after(view.advice);
byId("screen-word").after(view.cover);
tool.setAttribute("aria-controls", "quality-panel");
stage.addEventListener("change", render);

/** @param {import("./tools.js").Side} side */
export function watch({ call }) {
  const watching = new Watching(call);
  watched.set(call, watching);
  for (const name of ["transport", "state"]) call.addEventListener(name, render);
  call.addEventListener("closed", () => watched.delete(call));
  watching.addEventListener("change", render);
  watching.addEventListener("sample", () => panel.isOpen && watching === current() && measure());
  render();
}
