// « Facile à lire et à comprendre » (FALC): the screens of the assuré in short sentences.
//
// A model to be validated by each caisse, with people who use it, as the FALC method asks
// (docs/decisions/0036-hold-share-guide.md). It stands beside the full words and replaces none.

/** @type {Record<string, string[]>} by screen */
export const EASY = {
  welcome: [
    "Vous avez un rendez-vous par vidéo.",
    "Un médecin de l'Assurance maladie veut vous parler.",
    "Vous pouvez dire non à la vidéo. Vous irez alors dans un bureau.",
    "Pour commencer, appuyez sur « Continuer ».",
  ],
  code: [
    "Nous avons envoyé un message sur votre téléphone.",
    "Dans ce message, il y a 6 chiffres.",
    "Écrivez ces 6 chiffres ici.",
  ],
  information: [
    "Le médecin garde le secret. Votre caisse ne sait pas ce que vous dites.",
    "Personne n'enregistre la vidéo. Vous non plus.",
    "Nous notons l'heure où vous arrivez et l'heure où vous partez.",
    "Vous pouvez arrêter quand vous voulez. Vous n'avez pas besoin de dire pourquoi.",
    "Une personne peut rester avec vous pour vous aider. Dites-le au médecin.",
    "Le texte complet est en dessous.",
  ],
  devices: [
    "Le médecin doit vous voir et vous entendre.",
    "Appuyez sur le bouton. Puis répondez « Autoriser ».",
  ],
  check: [
    "Vous vous voyez sur l'écran. Le médecin ne vous voit pas encore.",
    "Parlez. La barre doit bouger.",
    "Si tout va bien, entrez dans la salle d'attente.",
  ],
  waiting: [
    "Vous êtes arrivé. Le médecin le sait.",
    "Attendez ici. Ne fermez pas la page.",
    "Le médecin ne vous voit pas et ne vous entend pas.",
  ],
  call: ["Le médecin vous voit et vous entend. Parlez-lui."],
  left: ["Vous êtes sorti. Le médecin ne vous voit plus.", "Pour revenir, appuyez sur « Revenir »."],
  termine: [
    "Le rendez-vous est fini.",
    "Votre caméra et votre micro sont éteints.",
    "Vous recevrez une lettre. Elle vous dira la suite.",
  ],
  presentiel: [
    "Vous irez dans un bureau pour voir le médecin.",
    "Vous recevrez une lettre avec la date.",
    "Vous n'avez rien fait de mal. Ce n'est pas une absence.",
  ],
  refuse: [
    "Vous avez dit non à la vidéo. C'est votre droit.",
    "Vous irez dans un bureau pour voir le médecin.",
    "Vous recevrez une lettre avec la date.",
  ],
  annule: ["Ce rendez-vous n'a plus lieu.", "Vous n'avez rien à faire."],
  reporte: ["La date du rendez-vous a changé.", "Vous avez reçu un nouveau message. Lisez-le."],
  trop_tot: ["Ce n'est pas encore l'heure.", "Revenez à l'heure écrite ici."],
  trop_tard: ["L'heure du rendez-vous est passée.", "Vous pouvez dire pourquoi vous n'êtes pas venu.", "Vous pouvez aussi téléphoner."],
  inconnu: ["Ce lien ne marche pas.", "Reprenez le message de votre caisse. Appuyez sur le lien."],
  offline: ["Internet ne marche pas en ce moment.", "Attendez un peu. Puis appuyez sur « Réessayer »."],
};
