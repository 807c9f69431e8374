// What this device knows of its own network and of its own sleep: told to whoever mends a path.

/** How long a change explains a loss, in ms: a path is given up after a while. */
const RECENT = 60_000;
/** A page looks at the clock this often, in ms; */
const BEAT = 5_000;
/** without a beat for so long, it was frozen, and what it believes is old. */
const FROZEN = 60_000;

let changed = -Infinity;

/**
 * `change`: another network, or one again · `seen`: the person looks at the page again ·
 * `thawed`: the page had been stopped for more than a minute.
 */
export const network = new EventTarget();

/** @param {"change" | "seen" | "thawed"} name */
const tell = (name) => network.dispatchEvent(new Event(name));

function note() {
  changed = performance.now();
  if (navigator.onLine) tell("change");
}

/** @type {(EventTarget & {type?: string}) | undefined} */
const connection = /** @type {any} */ (navigator).connection;
let kind = connection?.type;
connection?.addEventListener("change", () => {
  // Also told when only the speed changes.
  if (connection.type === kind) return;
  kind = connection.type;
  note();
});
for (const name of ["offline", "online"]) addEventListener(name, note);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tell("seen");
});

// By the wall's clock: the other one may stand still while a device sleeps.
let beat = Date.now();
setInterval(() => {
  const asleep = Date.now() - beat > FROZEN;
  beat = Date.now();
  if (asleep) tell("thawed");
}, BEAT);

/** @returns {"network" | ""} why a path that is lost was lost, as far as this device knows */
export const lostBecause = () => (performance.now() - changed < RECENT ? "network" : "");
