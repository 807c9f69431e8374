"""Confier l'assure a un confrere du meme service: pour quel motif, et quand c'est possible."""

from enum import StrEnum

from controle.etats import AVANT_ENTREE
from controle.refus import Refus
from controle.telecontrole import Etat, Telecontrole, TransitionImpossible


class MotifTransfert(StrEnum):
    """Aucun n'est medical, aucun n'est dit par l'assure."""

    RETARD = "retard"
    ABSENCE = "absence"
    DEPORT = "deport"
    COMPETENCE = "competence"
    TECHNIQUE = "technique"


LIBELLES_TRANSFERT: dict[MotifTransfert, str] = {
    MotifTransfert.RETARD: "Je suis retenu par un autre rendez-vous",
    MotifTransfert.ABSENCE: "Je dois m'absenter",
    MotifTransfert.DEPORT: "Je me déporte : je connais l'assuré ou ses proches",
    MotifTransfert.COMPETENCE: "Un confrère est mieux placé pour ce contrôle",
    MotifTransfert.TECHNIQUE: "Mon matériel ou ma liaison ne fonctionne pas",
}

#: L'assure attend deja: il ne change pas d'attente, il change de medecin-conseil.
TRANSFERABLES = AVANT_ENTREE | {Etat.EN_ATTENTE}


class TransfertEnEntretien(Refus):
    """On ne change pas de medecin-conseil au milieu d'une phrase."""

    code = "transfert_en_entretien"
    phrase = "Remettez d'abord l'assuré en salle d'attente."


class ConfrereAbsent(Refus):
    """L'assure attendrait sans que personne ne le voie."""

    code = "confrere_absent"
    phrase = "Ce confrère n'a pas de console ouverte : l'assuré attendrait sans être reçu."
    champ = "doctor"


class MemeMedecin(Refus):
    """Il n'y a rien a confier."""

    code = "meme_medecin"
    phrase = "Choisissez un confrère : ce rendez-vous est déjà le vôtre."
    champ = "doctor"


def transferer(un: Telecontrole, vers: str, *, en_ligne: bool) -> str:
    """Le controle est a `vers`; rend celui a qui il etait. L'attente de l'assure continue.

    `en_ligne`: `vers` a une console ouverte; il le faut des que l'assure attend.
    """
    avant = un.medecin_conseil
    if un.etat is Etat.EN_COURS:
        raise TransfertEnEntretien
    if un.etat not in TRANSFERABLES:
        raise TransitionImpossible(un.etat, un.etat)
    if vers == avant:
        raise MemeMedecin
    if un.etat is Etat.EN_ATTENTE and not en_ligne:
        raise ConfrereAbsent
    un.medecin_conseil = vers
    return avant
