// What a third participant is called: what they are there for, never who they are.

/** @typedef {import("./protocol").Third} Third */

/** @type {Record<Third["kind"], string>} */
export const KINDS = {
  interprete: "Interprète",
  interprete_lsf: "Interprète en langue des signes",
  medecin_assistant: "Médecin assistant",
  proche: "Proche",
};

/** On a picture, where there is little room. @param {Third["kind"]} kind */
export const short = (kind) => (kind === "interprete_lsf" ? "Interprète LSF" : KINDS[kind]);

/** @type {Record<Third["kind"], string>} */
export const SOMEBODY = {
  interprete: "Un interprète",
  interprete_lsf: "Un interprète en langue des signes",
  medecin_assistant: "Un médecin assistant",
  proche: "Un proche",
};

/** @param {Third["presence"]} presence */
export const isHere = (presence) => presence === "present" || presence === "lost";
