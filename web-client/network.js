// Has this device just changed network? Said with a path that is lost, so that it is not a mystery.

/** How long a change explains a loss, in ms: a path is given up after a while. */
const RECENT = 60_000;

let changed = -Infinity;
const note = () => {
  changed = performance.now();
};

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

/** @returns {"network" | "disconnected"} why a path that is lost was lost, as far as we know */
export const lostBecause = () =>
  performance.now() - changed < RECENT ? "network" : "disconnected";
