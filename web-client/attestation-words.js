// The words of an attestation of format 1, as on the document (controle/attestation_mots.py; a test
// holds the two together).

/** @typedef {import('./attestation-token.js').Attestation} Attestation */

/** @type {Record<string, string>} */
export const TITLES = {
  presence: "Attestation de présence",
  incident: "Attestation d'incident technique",
  medecin_absent: "Attestation d'attente : le médecin-conseil n'est pas venu",
};

/** @type {Record<string, string>} */
export const SENTENCES = {
  presence: "Cette personne s'est présentée à son télécontrôle, aux heures ci-dessous.",
  incident:
    "Un incident technique a empêché ou interrompu ce télécontrôle. Un incident technique n'est ni une absence ni un refus : il ne peut pas être reproché à l'assuré.",
  medecin_absent:
    "Cette personne s'est présentée à son télécontrôle et a attendu, sans que le médecin-conseil la reçoive. Cela ne peut pas lui être reproché.",
};

export const RESERVE =
  "Ce document dit des heures, vues par le service. Il ne dit rien de la santé, ni de ce que le médecin-conseil conclut.";

/** @type {Record<string, string>} */
const CAUSES = {
  service: "le service de télécontrôle a été en panne",
  materiel: "la caméra ou le micro de l'assuré n'ont pas pu être ouverts",
  acces: "l'assuré a essayé d'entrer sans y parvenir",
  liaison_assure: "la liaison de l'assuré a été perdue et n'est pas revenue",
  liaison_medecin: "la liaison du médecin-conseil a été perdue la première",
  liaison_commune: "les deux liaisons ont été perdues ensemble",
  inconnu: "la cause n'est pas établie ; le doute profite à l'assuré",
};
/** @type {Record<string, string>} */
const SIDES = { assure: "côté assuré", caisse: "côté caisse", inconnu: "cause inconnue" };

const DAYS = ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"];
const MONTHS = [
  "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
  "novembre", "décembre",
];

/** Every line: what it is about, what it says. @param {Attestation} a @returns {[string, string][]} */
export function lines(a) {
  const at = clock(a.fuseau, a.debut);
  /** @type {[string, string][]} */
  const told = [
    ["Assuré", a.assure],
    ["Caisse", a.caisse],
    ["Rendez-vous", `${at.day(a.debut)} à ${at.minute(a.debut)}, ${a.minutes} min`],
    ["Fuseau horaire", a.fuseau],
    ["Code de la convocation", a.code],
  ];
  if (a.essai) told.push(["Première tentative d'entrée", at.time(a.essai)]);
  told.push(
    ["Arrivée de l'assuré", a.arrivee ? at.time(a.arrivee) : "n'a pas pu entrer"],
    ["Salle d'attente", waiting(a, at)],
    ["Admission", a.admission ? at.time(a.admission) : "n'a pas été admis"],
    ["Temps ensemble, avec image et son", lasting(a.ensemble)],
  );
  if (a.pause) told.push(["Pauses demandées, comptées à part", lasting(a.pause)]);
  told.push(
    [
      "Interruptions",
      a.interruptions ? `${a.interruptions}, ${lasting(a.interruptions_duree)} en tout` : "aucune",
    ],
  );
  a.interruptions_dites.forEach(({ de, a: to, cote }, rank) => {
    const until = to ? `à ${at.time(to)}` : "sans reprise";
    told.push([`Interruption ${rank + 1}`, `de ${at.time(de)} ${until}, ${SIDES[cote]}`]);
  });
  told.push(
    ["Fin du rendez-vous", a.fin ? at.time(a.fin) : "pas de fin enregistrée"],
    ["Médecin-conseil", doctor(a, at)],
  );
  if (a.genre === "incident" && a.cote)
    told.push(["Cause de l'incident", `${CAUSES[a.motif] ?? a.motif} (${SIDES[a.cote]})`]);
  told.push(
    ["Observé jusqu'à", at.time(a.observe)],
    ["Délivrée", `${at.day(a.emise)} à ${at.second(a.emise)}`],
    ["Relevé, ligne", `${a.chaine_seq}, empreinte ${a.chaine_tete}`],
    ["Clé de signature", a.cle],
  );
  return told;
}

/** @typedef {ReturnType<typeof clock>} Clock */

/** @param {Attestation} a @param {Clock} at */
function waiting(a, at) {
  if (!a.attente_de) return "aucune attente";
  const until = a.attente_a ? `à ${at.time(a.attente_a)}` : "encore en attente";
  return `de ${at.time(a.attente_de)} ${until}, ${lasting(a.attente)} en tout`;
}

/** @param {Attestation} a @param {Clock} at */
function doctor(a, at) {
  if (!a.medecin_arrivee) return "n'est pas venu";
  const there = `page ouverte dans la salle à ${at.time(a.medecin_arrivee)}, ${lasting(a.medecin_duree)}`;
  if (a.medecin_retard === null) return `${there} ; n'a pas fait entrer l'assuré`;
  return a.medecin_retard ? `${there} ; ${a.medecin_retard} min de retard` : `${there} ; sans retard`;
}

/** @param {number} seconds */
export function lasting(seconds) {
  const [hours, rest] = [Math.floor(seconds / 3600), seconds % 3600];
  const [minutes, left] = [Math.floor(rest / 60), rest % 60];
  if (hours) return `${hours} h ${two(minutes)} min ${two(left)} s`;
  return minutes ? `${minutes} min ${two(left)} s` : `${left} s`;
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/** Hours in the appointment's zone; the date is said where it is another. @param {string} zone @param {string} start */
function clock(zone, start) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  /** @param {string} at */
  const parts = (at) => {
    const found = Object.fromEntries(format.formatToParts(new Date(at)).map((p) => [p.type, p.value]));
    const { year = "", month = "", day = "", hour = "", minute = "", second = "" } = found;
    return { year, month, day, hour, minute, second };
  };
  /** @param {string} at */
  const date = (at) => {
    const { day, month, year } = parts(at);
    return `${day}/${month}/${year}`;
  };
  /** @param {string} at */
  const second = (at) => {
    const { hour, minute, second: last } = parts(at);
    return `${hour}:${minute}:${last}`;
  };
  return {
    second,
    /** @param {string} at */
    minute: (at) => second(at).slice(0, 5),
    /** @param {string} at */
    time: (at) => (date(at) === date(start) ? second(at) : `${second(at)} le ${date(at)}`),
    /** @param {string} at */
    day: (at) => {
      const { year, month, day } = parts(at);
      const [y, m, d] = [Number(year), Number(month), Number(day)];
      const name = DAYS[new Date(Date.UTC(y, m - 1, d)).getUTCDay()];
      return `${name} ${d} ${MONTHS[m - 1]} ${y}`;
    },
  };
}
