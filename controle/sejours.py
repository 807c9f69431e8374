"""Les sejours: de l'arrivee d'une personne a son depart, et ce qui permet d'en joindre deux.

Une place perdue n'est pas une personne partie: l'image et le son vont d'un navigateur a l'autre,
sans passer par le serveur. Deux sejours n'en font qu'un si le media n'a pas cesse entre eux.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controle.chronologie import FaitSitue
from controle.periodes import Intervalle
from controle.presence import GenreFait, Role

ARRIVEES = frozenset({GenreFait.ENTREE, GenreFait.RETOUR, GenreFait.REPRISE})
DEPARTS = frozenset({GenreFait.PERTE, GenreFait.SORTIE})
#: Ce que seule une personne dans la salle peut faire: ces faits montrent qu'elle y est.
_VUES = ARRIVEES | {
    GenreFait.ADMISSION,
    GenreFait.REMISE_EN_ATTENTE,
    GenreFait.MEDIA_PRET,
    GenreFait.MEDIA_ETABLI,
    GenreFait.MEDIA_PERDU,
    GenreFait.MEDIA_MAINTENU,
    GenreFait.PAUSE,
    GenreFait.REPRISE_ENTRETIEN,
}
_PAROLES = frozenset({GenreFait.MEDIA_ETABLI, GenreFait.MEDIA_PERDU, GenreFait.MEDIA_MAINTENU})


@dataclass(frozen=True)
class Sejour:
    """Une presence d'un seul tenant. `cause` est le fait qui l'a finie, None si elle dure."""

    debut: FaitSitue
    fin: FaitSitue | None = None
    cause: GenreFait | None = None
    estime: bool = False

    @property
    def intervalle(self) -> Intervalle:
        """Le sejour comme periode."""
        return Intervalle(self.debut.instant, self.fin.instant if self.fin else None, self.estime)


def est_vu(situe: FaitSitue, role: Role) -> bool:
    """Ce fait montre-t-il cette personne dans la salle?"""
    fait = situe.fait
    if fait.genre is GenreFait.PRESENCE_CONSTATEE:
        return fait.details.get(role.value) == "present"
    return fait.role == role and fait.genre in _VUES


def derniere_vue(situes: Iterable[FaitSitue], role: Role) -> datetime | None:
    """Le dernier instant ou le serveur a vu cette personne, depart compris."""
    dernier = None
    for situe in situes:
        depart = situe.fait.role == role and situe.fait.genre in DEPARTS
        if depart or est_vu(situe, role):
            dernier = situe.instant
    return dernier


def sejours(situes: Sequence[FaitSitue], role: Role) -> list[Sejour]:
    """Les sejours d'une personne, ceux que le media relie joints en un seul."""
    joints: list[Sejour] = []
    for sejour in _sejours_bruts(situes, role):
        if joints and _est_continu(situes, role, joints[-1], sejour):
            joints[-1] = replace(sejour, debut=joints[-1].debut)
        else:
            joints.append(sejour)
    return joints


def _sejours_bruts(situes: Sequence[FaitSitue], role: Role) -> list[Sejour]:
    finis: list[Sejour] = []
    ouvert: Sejour | None = None
    vu: FaitSitue | None = None
    for situe in situes:
        if ouvert is not None and vu is not None:
            fini = _finir(ouvert, vu, situe, role)
            if fini is not None:
                finis.append(fini)
                ouvert = None
        if ouvert is None and situe.fait.role == role and situe.fait.genre in ARRIVEES:
            ouvert = Sejour(situe)
        if est_vu(situe, role):
            vu = situe
    return finis if ouvert is None else [*finis, ouvert]


def _finir(ouvert: Sejour, vu: FaitSitue, situe: FaitSitue, role: Role) -> Sejour | None:
    """Le sejour, si ce fait le finit. Apres une panne, on ne sait que la derniere fois vue."""
    genre = situe.fait.genre
    if genre is GenreFait.FIN:
        return replace(ouvert, fin=situe, cause=genre)
    if genre is GenreFait.REDEMARRAGE_SERVEUR:
        return replace(ouvert, fin=vu, cause=genre, estime=True)
    if situe.fait.role != role:
        return None
    if genre in DEPARTS:
        return replace(ouvert, fin=situe, cause=genre)
    if genre in {GenreFait.ENTREE, GenreFait.RETOUR}:
        return replace(ouvert, fin=vu, cause=GenreFait.REDEMARRAGE_SERVEUR, estime=True)
    return None


# --- la continuite ------------------------------------------------------------------------------


def _est_continu(situes: Sequence[FaitSitue], role: Role, avant: Sejour, apres: Sejour) -> bool:
    """Le media a-t-il tenu entre ces deux sejours?"""
    if avant.fin is None or avant.cause is GenreFait.SORTIE:
        return False
    perte, retour = avant.fin.rang, apres.debut.rang
    if not _maintient(situes, role, perte, retour):
        return False
    pannes = [
        situe.rang
        for situe in situes[perte:retour]
        if situe.fait.genre is GenreFait.REDEMARRAGE_SERVEUR
    ]
    if avant.estime or pannes:
        return _maintient(situes, role.autre, perte, max(pannes, default=retour), retour)
    return not any(
        situe.fait.role == role.autre and situe.fait.genre is GenreFait.MEDIA_PERDU
        for situe in situes[perte:retour]
    )


def _maintient(
    situes: Sequence[FaitSitue], role: Role, depuis: int, des: int, jusqua: int = 0
) -> bool:
    """Cette personne dit-elle, apres `des`, un media ininterrompu depuis avant `depuis`?

    « Ininterrompu » vaut depuis sa parole precedente: la suite de ses paroles ne doit etre que
    maintien, au moins une fois apres `des`, et jusqu'a `jusqua`.
    """
    paroles = [
        situe for situe in situes if situe.fait.role == role and situe.fait.genre in _PAROLES
    ]
    avant = [parole for parole in paroles if parole.rang <= depuis]
    if not avant or avant[-1].fait.genre is GenreFait.MEDIA_PERDU:
        return False
    tenu = False
    for parole in paroles[len(avant) :]:
        if tenu and parole.rang > jusqua:
            return True
        if parole.fait.genre is not GenreFait.MEDIA_MAINTENU:
            return False
        tenu = tenu or parole.rang > des
    return tenu
