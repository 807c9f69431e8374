// The tools of the assuré's room. They come once the room is entered: the first screen is quick.

import { rights } from "./assure-rights.js";
import { chat } from "./chat.js";
import { documents } from "./documents-assure.js";
import { equipment } from "./equipment-tool.js";
import { hold } from "./hold.js";
import { view } from "./view.js";
import { share } from "./share.js";
import { manoeuvres } from "./manoeuvres-assure.js";
import { furnishWith } from "./tools.js";
import { thirds } from "./assure-thirds.js";

/** Not on the way to the picture: it comes when it comes. @param {import("./tools.js").Side} side */
const quality = (side) => void import("./assure-quality.js").then(({ watch }) => watch(side), () => {});

const another = () => void import("./elsewhere.js").then(({ elsewhere }) => elsewhere(), () => {});

/** @type {((side: import("./tools.js").Side) => void)[]} */
const TOOLS = [chat, documents, rights, hold, thirds, quality, view, share, manoeuvres, equipment, another];

/** @param {import("./tools.js").Side} side */
export const furnish = (side) => furnishWith(TOOLS, side);
