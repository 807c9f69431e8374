// The tools of the console, for each room that it is in.

import { look } from "./page.js";

/** @type {((side: import("./tools.js").Side) => void)[]} */
const TOOLS = [];
/** @type {Promise<unknown> | null} */
let dressed = null;

/** @param {import("./tools.js").Side} side */
export function furnish(side) {
  dressed ??= look("tools.css");
  for (const tool of TOOLS) tool(side);
}
