"""Ce que la caisse doit avoir fait avant que quelqu'un puisse etre dit absent sans raison.

Rien de ceci ne se presume: chaque pas est un fait de la chaine. Sans convocation remise, sans
rappel parti, sans appel tente, une absence injustifiee ne peut pas etre signee.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from controle.convocation import CONVOQUENT, GenreEnvoi
from controle.presence import Fait, GenreFait, Role
from controle.refus import Refus
from controle.refus_issue import (
    AucunAppel,
    ConvocationNonRemise,
    JustificationEnAttente,
    RappelNonEnvoye,
)
from controle.telecontrole import Telecontrole

_PARTIS = frozenset({GenreFait.MESSAGE_ENVOYE, GenreFait.MESSAGE_REMIS})


#: Ce que chaque pas veut dire, une fois fait.
LIBELLES_PAS: dict[type[Refus], str] = {
    JustificationEnAttente: "Aucune justification en attente d'examen",
    ConvocationNonRemise: "Convocation remise à l'assuré",
    RappelNonEnvoye: "Rappel envoyé la veille",
    AucunAppel: "Appel tenté depuis l'heure du rendez-vous",
}


def exiger_procedure(
    telecontrole: Telecontrole,
    faits: Sequence[Fait],
    *,
    justification_en_attente: bool = False,
) -> None:
    """Leve le refus du premier pas qui manque; le delai de grace se verifie avec l'issue.

    :raises JustificationEnAttente: l'assure a dit pourquoi, personne ne l'a encore lu.
    :raises ConvocationNonRemise: rien ne dit qu'il savait.
    :raises RappelNonEnvoye: la veille, rien n'est parti.
    :raises AucunAppel: personne n'a essaye de l'appeler depuis l'heure du rendez-vous.
    """
    attente = justification_en_attente
    for refus, est_fait in pas(telecontrole, faits, justification_en_attente=attente):
        if not est_fait:
            raise refus


def pas(
    telecontrole: Telecontrole,
    faits: Sequence[Fait],
    *,
    justification_en_attente: bool = False,
) -> list[tuple[type[Refus], bool]]:
    """Chaque pas, dans l'ordre: le refus de ce qui manque, et s'il est fait."""
    dates, debut = _de_cette_date(faits), telecontrole.debut
    return [
        (JustificationEnAttente, not (justification_en_attente or _est_a_examiner(faits))),
        (ConvocationNonRemise, _est_remise(dates, debut)),
        (RappelNonEnvoye, any(_est_rappel(fait) and fait.instant < debut for fait in dates)),
        (AucunAppel, any(_est_appel(fait) and fait.instant >= debut for fait in faits)),
    ]


def _est_a_examiner(faits: Iterable[Fait]) -> bool:
    """Deposee, et pas encore decidee?"""
    genres = [fait.genre for fait in faits]
    deposees = genres.count(GenreFait.JUSTIFICATION_DEPOSEE)
    return deposees > genres.count(GenreFait.JUSTIFICATION_DECIDEE)


def _de_cette_date(faits: Sequence[Fait]) -> list[Fait]:
    """Ce qui vaut pour la date actuelle: apres le dernier deplacement, sans les accuses de
    reception, arrives apres, de messages partis avant."""
    actuels: list[Fait] = []
    partis: set[object] = set()
    anciens: frozenset[object] = frozenset()
    for fait in faits:
        if fait.genre is GenreFait.DEPLACE:
            actuels, anciens = [], frozenset(partis)
        elif fait.genre not in _PARTIS or fait.details.get("envoi") not in anciens:
            actuels.append(fait)
        if fait.genre in _PARTIS and "envoi" in fait.details:
            partis.add(fait.details["envoi"])
    return actuels


def _est_remise(faits: Iterable[Fait], debut: datetime) -> bool:
    """Une convocation est arrivee a temps, et personne n'a dit ensuite qu'elle s'etait trompee
    de destinataire."""
    remise = False
    for fait in faits:
        if fait.genre is GenreFait.MAUVAIS_DESTINATAIRE:
            remise = False
        elif fait.instant < debut and _prouve_la_remise(fait):
            remise = True
    return remise


def _prouve_la_remise(fait: Fait) -> bool:
    """Le canal l'a livree, ou l'assure lui-meme a dit l'avoir recue."""
    if fait.genre is GenreFait.ACCUSE_RECEPTION:
        return fait.role == Role.ASSURE
    return fait.genre is GenreFait.MESSAGE_REMIS and fait.details.get("genre") in CONVOQUENT


def _est_rappel(fait: Fait) -> bool:
    return fait.genre in _PARTIS and fait.details.get("genre") == GenreEnvoi.RAPPEL


def _est_appel(fait: Fait) -> bool:
    return fait.genre is GenreFait.APPEL_TENTE
