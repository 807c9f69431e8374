// « Tester mon matériel » in the waiting room; before it the page has a button of its own.

import { actions, once } from "./journey.js";
import { addTool } from "./tools.js";

let there = false;

/** The command of the waiting room, once. */
export function equipment() {
  if (there) return;
  there = true;
  addTool({
    id: "equipment-open",
    label: "Tester mon matériel",
    on: ["waiting"],
    run: () => void once("equipment", actions.equipment ?? (() => {})),
  });
}
