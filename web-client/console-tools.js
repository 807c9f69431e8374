// The tools of the console, for each room that it is in.

import { chat } from "./chat.js";
import { documents } from "./documents-console.js";
import { hold } from "./hold.js";
import { view } from "./view.js";
import { share } from "./share.js";
import { manoeuvres } from "./manoeuvres-console.js";
import { furnishWith } from "./tools.js";
import { thirds } from "./console-thirds.js";

/** Not on the way to the picture: it comes when it comes. @param {import("./tools.js").Side} side */
const quality = (side) => void import("./console-quality.js").then(({ watch }) => watch(side), () => {});

/** @type {((side: import("./tools.js").Side) => void)[]} */
const TOOLS = [chat, documents, hold, thirds, quality, view, share, manoeuvres];

/** @param {import("./tools.js").Side} side */
export const furnish = (side) => furnishWith(TOOLS, side);
