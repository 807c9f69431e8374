// « Tester mon matériel », before the waiting room and in it: the test itself comes when it is asked for.

import { actions, once } from "./journey.js";
import { addTool } from "./tools.js";

actions.equipment = async () => (await import("./equipment.js")).open();

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
