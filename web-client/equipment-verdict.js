// What the parts of an equipment test amount to, and what to do about each: words, without a page.

/**
 * @typedef {import('./api').EquipmentParts} Parts
 * @typedef {{ up_kbps: number | null, down_kbps: number | null, loss_percent: number | null, rtt_ms: number | null }} Figures
 * @typedef {import('./api').EquipmentVerdict['colour']} Colour
 */

/** What a call needs each way, in kbit/s: voice, then a picture that is of use. */
const [VOICE, PICTURE] = [100, 400];
/** Of the packets, in percent: the picture suffers, then the voice. */
const [LOSSY, BROKEN] = [3, 12];
/** There and back, in ms: people begin to talk at the same time. */
const [SLOW, TOO_SLOW] = [300, 1_000];

/** @type {Record<Colour, string>} */
export const TITLES = {
  pret: "Votre appareil est prêt",
  a_surveiller: "Ça passera, mais…",
  echec: "Ça ne marchera pas ainsi",
};

const BLOCKED = "Autorisez-la à côté de l'adresse de la page, puis recommencez le test.";
const CALLS = "Terminez tout appel en cours et fermez les autres applications de vidéo, puis recommencez.";

/** What to do, for each part that did not go well. @type {Record<string, Record<string, string>>} */
export const REMEDIES = {
  navigateur: {
    partiel: "Votre navigateur est ancien, ou intégré à une application. Ouvrez plutôt votre lien dans Chrome, Firefox ou Safari, à jour.",
    incompatible: "Ce navigateur ne sait pas faire d'appel vidéo. Copiez votre lien et ouvrez-le dans Chrome, Firefox, Edge ou Safari.",
  },
  camera: {
    faible: "Votre image avance par à-coups. Fermez les autres applications, ou essayez une autre caméra.",
    refuse: `La caméra est bloquée pour ce site. ${BLOCKED}`,
    introuvable: "Aucune caméra n'a été trouvée. Branchez-en une, ou ouvrez votre lien sur un téléphone.",
    occupe: `La caméra est déjà utilisée. ${CALLS}`,
    panne: "La caméra n'a pas démarré. Redémarrez l'appareil, ou prenez-en un autre.",
  },
  micro: {
    faible: "On ne vous entend pas. Parlez plus près, débranchez vos écouteurs, vérifiez le bouton du micro, ou choisissez un autre micro.",
    refuse: `Le micro est bloqué pour ce site. ${BLOCKED.replace("Autorisez-la", "Autorisez-le")}`,
    introuvable: "Aucun micro n'a été trouvé. Branchez des écouteurs avec micro, ou ouvrez votre lien sur un téléphone.",
    occupe: `Le micro est déjà utilisé. ${CALLS}`,
    panne: "Le micro n'a pas démarré. Redémarrez l'appareil, ou prenez-en un autre.",
  },
  haut_parleur: {
    non_entendu: "Montez le volume, enlevez le mode silencieux, débranchez vos écouteurs ou choisissez un autre haut-parleur, puis jouez le son encore.",
  },
  reseau: {
    faible: "Votre connexion est juste suffisante\u00a0: l'image sera réduite, la voix passera. Rapprochez-vous de la box, ou fermez ce qui télécharge.",
    mauvais: "Votre connexion est trop lente ou trop irrégulière. Passez du Wi-Fi aux données mobiles, ou l'inverse, puis recommencez.",
    aucun: "L'appel vidéo ne passe pas par cette connexion. Essayez un autre réseau (données mobiles, Wi-Fi de la maison), sans VPN.",
  },
  echo: {
    partiel: "Dans l'essai d'appel, l'image ou le son n'est pas revenu. Recommencez\u00a0; si cela continue, changez de réseau.",
    echec: "L'essai d'appel n'a pas abouti. Recommencez dans un instant\u00a0; si cela continue, changez de réseau.",
  },
};

/** Without these nobody can be heard: a call would not be one. */
const NEEDED = new Set(["refuse", "introuvable", "occupe", "panne"]);

/** @param {Parts} parts @returns {Colour} */
export function colour(parts) {
  if (parts.navigateur === "incompatible" || NEEDED.has(parts.micro)) return "echec";
  if (parts.reseau === "aucun" || parts.reseau === "mauvais") return "echec";
  if (parts.echo === "echec" && parts.reseau === "non_teste") return "echec";
  return advice(parts).length ? "a_surveiller" : "pret";
}

/** A sentence for each part that did not go well. @param {Parts} parts @returns {string[]} */
export function advice(parts) {
  return Object.entries(REMEDIES).flatMap(([part, said]) => {
    const sentence = said[String(parts[/** @type {keyof Parts} */ (part)])];
    return sentence ? [sentence] : [];
  });
}

/** What the figures of the network amount to. @param {Figures} figures @returns {Parts['reseau']} */
export function network({ up_kbps, down_kbps, loss_percent, rtt_ms }) {
  const rates = [up_kbps, down_kbps].filter((rate) => rate !== null);
  if (!rates.length && loss_percent === null) return "non_teste";
  const [rate, loss, delay] = [Math.min(Infinity, ...rates), loss_percent ?? 0, rtt_ms ?? 0];
  if (rate < VOICE || loss > BROKEN || delay > TOO_SLOW) return "mauvais";
  return rate < PICTURE || loss > LOSSY || delay > SLOW ? "faible" : "ok";
}

/** The figures in a sentence; empty when there is none. @param {Figures} figures */
export function inWords({ up_kbps, down_kbps, loss_percent, rtt_ms }) {
  return [
    up_kbps !== null && `${rate(up_kbps)} envoyés`,
    down_kbps !== null && `${rate(down_kbps)} reçus`,
    loss_percent !== null && (loss_percent ? `${loss_percent}\u00a0% de pertes` : "aucune perte"),
    rtt_ms !== null && `aller-retour de ${rtt_ms}\u00a0ms`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** @param {number} kbps */
const rate = (kbps) =>
  kbps < 1_000 ? `${kbps}\u00a0kbit/s` : `${(kbps / 1_000).toFixed(1).replace(".", ",")}\u00a0Mbit/s`;
