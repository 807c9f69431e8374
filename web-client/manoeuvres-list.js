// The movements that a médecin-conseil may guide: plain words, our own drawings, nothing measured.

/**
 * @typedef {object} Manoeuvre
 * @property {string} id what crosses between the pages, and nothing else
 * @property {string} title
 * @property {string} distance where to stand
 * @property {"avant" | "arriere"} camera which one shows it best
 * @property {string} drawing pen strokes in a square of 48
 * @property {string[]} steps what the assuré reads, one at a time
 */

const HEAD = "M24 5a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9Z";
const LEGS = "M24 30l-6 13M24 30l6 13";
const BACK_TWO = "Reculez jusqu'à ce qu'on vous voie en entier (environ deux mètres)";
const BACK_ONE = "Reculez un peu, on doit voir vos deux bras (environ un mètre)";
const NEAR = "Près de la caméra (environ trente centimètres)";

/** @type {readonly Manoeuvre[]} */
export const MANOEUVRES = [
  {
    id: "bras",
    title: "Lever les bras",
    distance: BACK_ONE,
    camera: "avant",
    drawing: `${HEAD}M24 14v16${LEGS}M24 18 13 8M24 18 35 8`,
    steps: [
      "Mettez-vous face à la caméra, les bras le long du corps.",
      "Levez les deux bras devant vous, doucement.",
      "Montez-les aussi haut que vous voulez, sans forcer.",
      "Redescendez les bras doucement.",
    ],
  },
  {
    id: "coude",
    title: "Plier et tendre le bras",
    distance: BACK_ONE,
    camera: "avant",
    drawing: `${HEAD}M24 14v16${LEGS}M24 18l-9 9M24 18l11 5V11`,
    steps: [
      "Mettez-vous face à la caméra.",
      "Pliez le bras que le médecin vous indique.",
      "Tendez le bras, sans forcer.",
      "Faites la même chose avec l'autre bras.",
    ],
  },
  {
    id: "montrer_main",
    title: "Montrer la main",
    distance: NEAR,
    camera: "arriere",
    drawing: "M16 34V26l-6-7M16 26V12M21.500 25V7M27 25V8M32 27V12M32 27v8a9 9 0 0 1-9 9c-4 0-7-3-7-10",
    steps: [
      "Placez votre main devant la caméra, paume vers elle.",
      "Écartez les doigts, sans forcer.",
      "Tournez la main pour montrer le dessus.",
    ],
  },
  {
    id: "ouvrir_main",
    title: "Ouvrir et fermer la main",
    distance: NEAR,
    camera: "arriere",
    drawing: "M6 30V20M10.500 28V13M15 28V14M19.500 30V18M6 30c0 5 2 10 7 10s6.500-4 6.500-10M24 24h6M28 21l3 3-3 3M34 21h9v10c0 6-9 6-9 0Z",
    steps: [
      "Placez votre main devant la caméra.",
      "Ouvrez la main.",
      "Fermez la main.",
      "Recommencez quand le médecin vous le dit.",
    ],
  },
  {
    id: "tete",
    title: "Tourner la tête",
    distance: NEAR,
    camera: "avant",
    drawing: "M24 10a9 9 0 1 1 0 18 9 9 0 0 1 0-18ZM11 43c2-10 24-10 26 0M9 15l-4 4 4 4M39 15l4 4-4 4",
    steps: [
      "Regardez la caméra, le dos droit.",
      "Tournez la tête d'un côté, doucement.",
      "Revenez au milieu.",
      "Tournez la tête de l'autre côté, doucement.",
    ],
  },
  {
    id: "tourner",
    title: "Se tourner",
    distance: BACK_TWO,
    camera: "avant",
    drawing: `${HEAD}M24 14v15M24 29l-4 11M24 29l4 11M24 18l-7 8M24 18l7 8M9 36c3 9 27 9 30 0M40 42l-1-6-6 1`,
    steps: [
      "Mettez-vous face à la caméra, près d'une chaise ou d'un mur.",
      "Tournez-vous de côté, doucement.",
      "Tournez-vous dos à la caméra.",
      "Revenez face à la caméra.",
    ],
  },
  {
    id: "pencher",
    title: "Se pencher en avant",
    distance: BACK_TWO,
    camera: "avant",
    drawing: "M36 12a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM33 18l-14 8M19 26v17M19 26l6 8-1 9M29 20v11",
    steps: [
      "Mettez-vous de côté, près d'une chaise ou d'un mur.",
      "Penchez-vous en avant, doucement, jusqu'où vous voulez.",
      "Redressez-vous doucement.",
    ],
  },
  {
    id: "lever",
    title: "Se lever d'une chaise",
    distance: BACK_TWO,
    camera: "avant",
    drawing: "M19 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM19 16v13h12v13M10 22v20M10 32h15v10M38 30V16M34 20l4-4 4 4",
    steps: [
      "Asseyez-vous sur une chaise stable, de côté par rapport à la caméra.",
      "Levez-vous, en vous aidant de vos mains si vous voulez.",
      "Restez debout un instant.",
      "Asseyez-vous doucement.",
    ],
  },
  {
    id: "genou",
    title: "Plier le genou",
    distance: BACK_TWO,
    camera: "avant",
    drawing: "M17 6a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM17 14v14h15v15M32 28l10 9M9 20v23M9 32h14v11M40 28c3 2 4 4 4 6",
    steps: [
      "Asseyez-vous sur une chaise stable, de côté par rapport à la caméra.",
      "Tendez la jambe que le médecin vous indique, sans forcer.",
      "Pliez le genou et reposez le pied.",
      "Faites la même chose avec l'autre jambe.",
    ],
  },
  {
    id: "marcher",
    title: "Marcher vers la caméra",
    distance: "Le plus loin que vous pouvez, en restant dans l'image",
    camera: "avant",
    drawing: `${HEAD}M24 14v14M24 28l-8 14M24 28l5 7 1 8M24 18l-8 6M24 18l8 6M40 22v16M36 34l4 4 4-4`,
    steps: [
      "Posez l'appareil pour avoir les mains libres. Dégagez le passage.",
      "Reculez, face à la caméra.",
      "Marchez vers la caméra, à votre pas, avec votre canne si vous en avez une.",
      "Arrêtez-vous devant la caméra.",
    ],
  },
  {
    id: "pied",
    title: "Montrer le pied ou la cheville",
    distance: NEAR,
    camera: "arriere",
    drawing: "M17 5v20c0 6-7 7-7 14h28c0-6-9-6-11-12V5M10 43h28",
    steps: [
      "Asseyez-vous. Enlevez la chaussure et la chaussette si vous voulez bien.",
      "Montrez le dessus du pied à la caméra.",
      "Bougez le pied vers le haut, puis vers le bas, sans forcer.",
    ],
  },
];

/** @param {unknown} id @returns {Manoeuvre | null} */
export const manoeuvre = (id) => MANOEUVRES.find((one) => one.id === id) ?? null;
