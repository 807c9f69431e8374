"""Ce que la table de decision regarde, tire de l'etat, des presences et des faits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controle.chronologie import situer
from controle.intervalles import Intervalle, Presences
from controle.periodes import croiser, retrancher, total
from controle.presence import Fait, GenreFait, Role, finit_l_admission
from controle.sejours import ARRIVEES
from controle.telecontrole import Etat, Fenetre, OriginePresentiel, Telecontrole


@dataclass(frozen=True)
class Constats:
    """Ce que la table regarde, et rien d'autre."""

    refus: bool = False
    interruption: bool = False
    venu: bool = False
    en_retard: bool = False
    encore_la: bool = False
    tentative: bool = False
    #: La page de l'assure n'a pas pu ouvrir sa camera ou son micro.
    obstacle: bool = False
    delai_ecoule: bool = False
    medecin_venu: bool = False
    medecin_tardif: bool = False
    attente_depassee: bool = False
    admis: bool = False
    media: bool = False
    panne_serveur: bool = False
    #: Ce qui manquait encore a la fin, selon qui a ete perdu le premier, ou les deux a la fois.
    coupure_assure: bool = False
    coupure_medecin: bool = False
    coupure_commune: bool = False
    coupure_media: bool = False


TENTATIVES = frozenset(
    {
        GenreFait.SECOND_FACTEUR_REUSSI,
        GenreFait.SECOND_FACTEUR_ECHOUE,
        GenreFait.INFORMATION_ACCEPTEE,
    }
)
_RETABLIT = frozenset(
    {
        GenreFait.ENTREE,
        GenreFait.RETOUR,
        GenreFait.REPRISE,
        GenreFait.MEDIA_PRET,
        GenreFait.MEDIA_ETABLI,
        GenreFait.MEDIA_MAINTENU,
    }
)


def constater(
    telecontrole: Telecontrole,
    presences: Presences,
    faits: Sequence[Fait],
    maintenant: datetime,
    fenetre: Fenetre,
) -> Constats:
    """Ce que la table regarde, tire de l'etat, des presences et des faits."""
    arrivee = presences.assure.premiere_arrivee
    medecin = presences.medecin_conseil.premiere_arrivee
    grace = telecontrole.debut + fenetre.grace_absence
    genres = {fait.genre for fait in faits}
    coupure = _coupure(faits)
    return Constats(
        refus=telecontrole.etat is Etat.REFUSE,
        interruption=_est_demande_par_assure(telecontrole),
        venu=arrivee is not None,
        en_retard=arrivee is not None and arrivee > telecontrole.debut + fenetre.tolerance_retard,
        encore_la=any(i.fin is None or i.fin == presences.fin for i in _assure(presences)),
        tentative=bool(genres & TENTATIVES),
        obstacle=GenreFait.OBSTACLE_TECHNIQUE in genres,
        delai_ecoule=maintenant >= grace,
        medecin_venu=medecin is not None,
        medecin_tardif=medecin is not None and medecin > grace,
        attente_depassee=attente_depuis_l_heure(presences, telecontrole.debut)
        >= fenetre.grace_absence.total_seconds(),
        admis=presences.admis_a is not None,
        media=bool(presences.ensemble_avec_media),
        panne_serveur=GenreFait.REDEMARRAGE_SERVEUR in genres,
        coupure_assure=coupure is Coupure.ASSURE,
        coupure_medecin=coupure is Coupure.MEDECIN,
        coupure_commune=coupure is Coupure.COMMUNE,
        coupure_media=_est_media_perdu(faits),
    )


def _assure(presences: Presences) -> Sequence[Intervalle]:
    return presences.assure.intervalles


def _est_demande_par_assure(telecontrole: Telecontrole) -> bool:
    demande = telecontrole.presentiel
    return (
        telecontrole.etat is Etat.CONVERTI_PRESENTIEL
        and demande is not None
        and demande.origine is OriginePresentiel.DEMANDE_ASSURE
    )


def attente_depuis_l_heure(presences: Presences, debut: datetime) -> float:
    """L'attente, en secondes, sans celle d'avant l'heure: venir en avance n'est pas attendre."""
    if presences.jusqua is None:
        return 0.0
    attendus = retrancher(presences.assure.intervalles, presences.admissions)
    depuis = croiser(attendus, (Intervalle(debut, None),))
    return total(depuis, presences.jusqua)


class Coupure(StrEnum):
    """De qui la liaison manquait encore a la fin."""

    ASSURE = "assure"
    MEDECIN = "medecin"
    COMMUNE = "commune"


#: Une connexion morte ne se decouvre qu'au battement suivant: deux pertes plus proches que cela
#: ont pu avoir lieu au meme instant, et l'ordre n'en dit rien.
ENSEMBLE = timedelta(seconds=30)
_COTES = {Role.ASSURE: Coupure.ASSURE, Role.MEDECIN_CONSEIL: Coupure.MEDECIN}


def _coupure(faits: Sequence[Fait]) -> Coupure | None:
    """De ceux dont la liaison manquait encore a la fin, celui qui a ete perdu le premier.

    Un media perdu pendant que l'appareil changeait de reseau compte comme une connexion perdue:
    la page le dit elle-meme. Les heures sont celles de la ligne de temps, pas du mur. Une fois
    l'assure sorti de lui-meme, plus rien ne peut lui manquer.
    """
    perdus: dict[Role, datetime] = {}
    sorti = False
    for situe in situer(faits):
        fait = situe.fait
        if fait.genre is GenreFait.FIN:
            break
        role = Role(fait.role) if fait.role in _COTES else None
        sorti = _est_sorti(fait, sorti)
        if role is not None and est_perte(fait) and not sorti:
            perdus.setdefault(role, situe.instant)
        elif role is not None and fait.genre in _RETABLIT:
            perdus.pop(role, None)
    if not perdus:
        return None
    if len(perdus) == len(Role) and max(perdus.values()) - min(perdus.values()) <= ENSEMBLE:
        return Coupure.COMMUNE
    return _COTES[min(perdus, key=lambda role: perdus[role])]


def _est_sorti(fait: Fait, avant: bool) -> bool:  # noqa: FBT001
    """L'assure est-il sorti de lui-meme, apres ce fait?"""
    if fait.role != Role.ASSURE or fait.genre not in ARRIVEES | {GenreFait.SORTIE}:
        return avant
    return fait.genre is GenreFait.SORTIE


def _est_media_perdu_par(fait: Fait) -> bool:
    return fait.genre is GenreFait.MEDIA_PERDU and fait.details.get("cause") != "closed"


def est_perte(fait: Fait) -> bool:
    reseau = fait.genre is GenreFait.MEDIA_PERDU and fait.details.get("cause") == "network"
    return fait.genre is GenreFait.PERTE or reseau


def _est_media_perdu(faits: Sequence[Fait]) -> bool:
    """L'image et le son manquaient-ils encore d'un cote a la fin?

    Ce qui s'est perdu pendant une pause ne manque qu'une fois l'entretien repris; ce qui se perd
    une fois l'assure sorti de lui-meme ne manque pas.
    """
    sorti = False
    perdus: set[str | None] = set()
    en_pause: set[str | None] = set()
    pendant: set[str | None] = set()
    for fait in faits:
        if fait.genre is GenreFait.FIN:
            break
        sorti = _est_sorti(fait, sorti)
        if _est_media_perdu_par(fait) and not sorti:
            (pendant if en_pause else perdus).add(fait.role)
        elif fait.genre in {GenreFait.MEDIA_ETABLI, GenreFait.MEDIA_MAINTENU}:
            perdus.discard(fait.role)
            pendant.discard(fait.role)
        elif fait.genre is GenreFait.PAUSE:
            en_pause.add(fait.role)
        elif fait.genre is GenreFait.REPRISE_ENTRETIEN:
            en_pause.discard(fait.role)
        elif finit_l_admission(fait):
            en_pause.clear()
            pendant.clear()
        if fait.genre is GenreFait.REMISE_EN_ATTENTE:
            perdus.clear()
        if not en_pause:
            perdus |= pendant
            pendant.clear()
    return bool(perdus)
