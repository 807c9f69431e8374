// The gestures that may be asked for, in the words that both people read (row ID-04).

/** @typedef {import("./protocol").Challenge} Challenge */

/** @type {Record<Challenge["kind"], (number: string) => string>} */
const GESTURES = {
  digits: (number) => `Lisez à voix haute\u00a0: ${[...number].join("\u00a0")}`,
  fingers: (number) =>
    number === "1" ? "Montrez un doigt devant vous" : `Montrez ${number} doigts devant vous`,
  hand: () => "Passez lentement la main devant votre visage",
  turn_left: () => "Tournez lentement la tête vers votre gauche",
  turn_right: () => "Tournez lentement la tête vers votre droite",
};

/** @param {Challenge | null | undefined} challenge @returns {string} empty: nothing is asked for */
export function gesture(challenge) {
  return challenge ? GESTURES[challenge.kind](challenge.number) : "";
}
