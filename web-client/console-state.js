/** What the day says, without DOM: order, who waits, who is next, what each row reads. */

/** @typedef {import('./protocol').Entry} Entry */
/** @typedef {import('./protocol').Day} Day */
/** @typedef {'expected' | 'late' | 'waiting' | 'lost' | 'left' | 'call' | 'call-lost' | 'todo' | 'done' | 'off'} Kind */

/** A person who vanished keeps camera and connection warm this long: a phone that slept. */
const KEPT_WARM_MS = 5 * 60_000;

/** @type {Record<string, string>} */
const CONTEXTS = {
  arret_maladie: "Arrêt maladie",
  maladie_autre: "Risque maladie",
  at_mp: "AT/MP",
  invalidite: "Invalidité",
};

/** Nothing more is to be done about these. @type {Record<string, string>} */
const VOID = {
  annule_service: "Annulé par le service",
  reporte: "Reporté",
};

/** Nobody is expected any more, and the outcome is to be recorded. @type {Record<string, string>} */
const OVER = {
  refuse: "visio refusée",
  converti_presentiel: "présentiel demandé",
  identite_non_confirmee: "identité non confirmée",
  absence_justifiee: "absence justifiée",
  absence_injustifiee: "absence",
  non_connecte: "non connecté",
  incident_technique: "incident technique",
};

/** What the assuré asked for, in a word. @type {Record<string, string>} */
const NEEDS = {
  lsf: "Interprète LSF",
  interprete: "Interprète",
  fauteuil: "Accès fauteuil",
  vue: "Aide à l'écran",
  accompagnant: "Accompagnant",
  sous_titres: "Sous-titres",
  ecrit: "Par écrit",
};

/** The last equipment test. */
const TESTED = {
  pret: "Matériel prêt",
  a_surveiller: "Matériel à surveiller",
  echec: "Test du matériel non réussi",
};

/** What to know of somebody before they come: words and whether they ask for an act. @param {Entry} entry @returns {{ words: string, todo: boolean }[]} */
export function tags({ needs, justification, undelivered, assure, phase, equipment }) {
  const found = needs.map((need) => ({ words: NEEDS[need] ?? need, todo: false }));
  if (phase === "waiting" && assure.presence === "present" && assure.missing)
    found.push({ words: assure.missing === "camera" ? "Sans vidéo" : "Sans micro", todo: false });
  if (justification === "deposee") found.push({ words: "Justification déposée", todo: true });
  if (undelivered) found.push({ words: "Convocation non remise", todo: true });
  if (phase === "waiting" && equipment)
    found.push({ words: TESTED[equipment], todo: equipment === "echec" });
  return found;
}

/** Whether they said that they write or read, in the place of speaking or hearing. @param {Entry | undefined} entry */
export const byWriting = (entry) =>
  Boolean(entry?.needs.some((need) => ["ecrit", "lsf", "sous_titres"].includes(need)));

/** @param {string} context */
export const contextLabel = (context) => CONTEXTS[context] ?? context;

/** @param {string | null | undefined} iso */
export const instant = (iso) => (iso ? Date.parse(iso) : NaN);

/** By scheduled time, then by arrival; those who never came last. @param {Entry[]} entries */
export function inOrder(entries) {
  /** @param {Entry} entry */
  const arrival = (entry) => instant(entry.arrived_at) || Infinity;
  return [...entries].sort(
    (a, b) =>
      instant(a.start) - instant(b.start) ||
      (arrival(a) === arrival(b) ? 0 : arrival(a) - arrival(b)) ||
      a.id.localeCompare(b.id),
  );
}

/** @param {Entry} entry */
export const waits = (entry) => entry.phase === "waiting" && entry.assure.presence === "present";

/** @param {Entry} entry @param {number} now */
const mayReturn = (entry, now) =>
  entry.phase === "waiting" &&
  entry.assure.presence === "lost" &&
  now - instant(entry.assure.since) < KEPT_WARM_MS;

/** The consultation in course, if any. @param {Entry[]} entries */
export const inCall = (entries) =>
  entries
    .filter((entry) => entry.phase === "admitted")
    .sort((a, b) => instant(b.admitted_at) - instant(a.admitted_at))[0] ?? null;

/** Who is admitted by the key A. @param {Entry[]} entries */
export const nextWaiting = (entries) => inOrder(entries).find(waits) ?? null;

/** Whose transport is made ready ahead: present first, else just lost. @param {Entry[]} entries @param {number} now */
export const nextWarm = (entries, now) =>
  nextWaiting(entries) ?? inOrder(entries).find((entry) => mayReturn(entry, now)) ?? null;

/** Who is still to come. @param {Entry[]} entries @param {number} now */
export const nextExpected = (entries, now) =>
  inOrder(entries).find(
    (entry) => entry.phase === "waiting" && !isOver(entry, now) && !VOID[entry.status],
  ) ?? null;

/** Whether the appointment belongs to the past, held or not. @param {Entry} entry @param {number} now */
export const isOver = (entry, now) =>
  entry.phase === "ended" ||
  Boolean(OVER[entry.status]) ||
  Boolean(entry.ended_at) ||
  entry.outcome_version > 0 ||
  (entry.phase === "waiting" && !waits(entry) && now > instant(entry.closes));

/** Over, and no outcome sealed yet. @param {Entry} entry @param {number} now */
export const isToRecord = (entry, now) => describe(entry, now).kind === "todo";

/** « 40 s », « 4 min », « 1 h 05 ». @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** « 3:07 », for the clock of a call. @param {number} ms */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(m).padStart(h ? 2 : 1, "0")}:${String(s).padStart(2, "0")}`;
  return h ? `${h}:${tail}` : tail;
}

/** « vu il y a 40 s », by tens of seconds: it ticks, it does not flicker. @param {string | null} since @param {number} now */
function lastSeen(since, now) {
  const ms = now - instant(since);
  if (Number.isNaN(ms)) return "";
  return `vu il y a ${ms < 60_000 ? `${Math.max(10, Math.round(ms / 10_000) * 10)} s` : duration(ms)}`;
}

/**
 * What one row reads now: its state in a word, and the time that goes with it.
 * @param {Entry} entry
 * @param {number} now
 * @returns {{ kind: Kind, chip: string, note: string, long: boolean }}
 */
export function describe(entry, now) {
  const { presence, since } = entry.assure;
  /** @param {Kind} kind @param {string} chip @param {string} [note] */
  const says = (kind, chip, note = "") => ({ kind, chip, note, long: false });
  if (entry.outcome_version > 0)
    return says("done", "Issue scellée", entry.in_person ? "présentiel demandé" : "");
  if (entry.phase === "admitted") {
    if (presence === "lost") return says("call-lost", "Connexion perdue", lastSeen(since, now));
    if (presence === "left") return says("call-lost", "A quitté la consultation");
    return says("call", "En consultation", `depuis ${duration(now - instant(entry.admitted_at))}`);
  }
  if (VOID[entry.status]) return says("off", VOID[entry.status] ?? "");
  if (entry.phase === "ended" || OVER[entry.status]) {
    const why = OVER[entry.status] ?? (entry.in_person ? "présentiel demandé" : "");
    return says("todo", "Issue à enregistrer", why);
  }
  if (presence === "present") {
    const waited = now - (instant(entry.arrived_at) || instant(since));
    return {
      kind: "waiting",
      chip: "En attente",
      note: waited < 60_000 ? "vient d'arriver" : `attend depuis ${duration(waited)}`,
      long: waited > 600_000,
    };
  }
  if (now > instant(entry.closes))
    return says("todo", "Issue à enregistrer", presence === "absent" ? "non connecté" : "");
  if (presence === "lost") return says("lost", "Connexion perdue", lastSeen(since, now));
  if (presence === "left") return says("left", "A quitté la salle d'attente");
  const late = now - instant(entry.start);
  if (late > 60_000) return says("late", "Pas encore connecté", `attendu depuis ${duration(late)}`);
  return says("expected", "Attendu");
}
