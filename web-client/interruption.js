// What is said while a call is interrupted: which part of it, and what can be done. Pure.

/**
 * @typedef {object} Cut
 * @property {boolean} socket the service cannot be reached
 * @property {boolean} path no way for picture and sound
 * @property {boolean} flowing the other's picture or voice arrives
 * @property {boolean} reached there has been a way since this page came
 */

const WORDS = {
  assure: {
    never:
      "L'image et le son ne passent pas\u00a0: votre réseau les bloque peut-être. Essayez un autre réseau (4G, autre Wi-Fi), ou appelez le numéro de votre convocation. Restez sur cette page, nous continuons d'essayer.",
    path: "Connexion interrompue, nous la rétablissons… Restez sur cette page.",
    service: "La conversation continue, nous rétablissons le service. Restez sur cette page.",
  },
  medecin_conseil: {
    never:
      "L'image et le son ne passent pas entre vos deux réseaux. Nous continuons d'essayer\u00a0; vous pouvez appeler l'assuré, ou proposer un rendez-vous en présentiel.",
    path: "La liaison est interrompue. Elle se rétablit d'elle-même ; la consultation reste ouverte.",
    service: "La conversation continue, nous rétablissons le service.",
  },
};

/** @param {keyof typeof WORDS} role @param {Cut} cut @returns {string} empty: nothing is interrupted */
export function interruption(role, { socket, path, flowing, reached }) {
  const words = WORDS[role];
  if (path) return reached ? words.path : words.never;
  if (!socket) return "";
  return flowing ? words.service : words.path;
}
