"""Un tiers au telecontrole: a quel titre il vient, et quand il etait la. Jamais son nom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from controle.besoins import Besoin
from controle.chronologie import FaitSitue, situer
from controle.periodes import Intervalle, Periodes, croiser
from controle.presence import Fait, GenreFait
from controle.refus import Refus
from controle.telecontrole import Acces


class Qualite(StrEnum):
    """A quel titre un tiers est invite."""

    INTERPRETE = "interprete"
    INTERPRETE_LSF = "interprete_lsf"
    MEDECIN_ASSISTANT = "medecin_assistant"
    PROCHE = "proche"


LIBELLES_QUALITE: dict[Qualite, str] = {
    Qualite.INTERPRETE: "Interprète",
    Qualite.INTERPRETE_LSF: "Interprète en langue des signes française",
    Qualite.MEDECIN_ASSISTANT: "Médecin qui assiste l'assuré",
    Qualite.PROCHE: "Proche de l'assuré",
}
#: Ou quelqu'un peut encore etre invite.
INVITABLE = frozenset({Acces.TROP_TOT, Acces.OUVERT})
#: Le tiers qu'un besoin declare annonce.
POUR_BESOIN: dict[Besoin, Qualite] = {
    Besoin.LSF: Qualite.INTERPRETE_LSF,
    Besoin.INTERPRETE: Qualite.INTERPRETE,
    Besoin.ACCOMPAGNANT: Qualite.PROCHE,
}


class TropDeTiers(Refus):
    """Plus d'invitations qu'il n'en faut."""

    code = "trop_de_tiers"
    phrase = "Trop d'invitations sont en cours pour ce rendez-vous : retirez-en une."


class TiersInconnu(Refus):
    """Cette invitation n'existe pas pour ce telecontrole."""

    code = "tiers_inconnu"
    phrase = "Cette invitation n'existe pas."


class TropTardPourInviter(Refus):
    """Le telecontrole est fini."""

    code = "trop_tard_pour_inviter"
    phrase = "Ce rendez-vous est terminé : plus personne ne peut y être invité."


def annonces(besoins: Iterable[str]) -> tuple[Qualite, ...]:
    """Les tiers que ces besoins annoncent."""
    dits = set(besoins)
    return tuple(qualite for besoin, qualite in POUR_BESOIN.items() if besoin in dits)


# --- qui etait la -------------------------------------------------------------------------------

_ENTREES = frozenset({GenreFait.TIERS_ENTRE, GenreFait.TIERS_REVENU})
_SORTIES = frozenset(
    {
        GenreFait.TIERS_SORTI, GenreFait.TIERS_PERDU, GenreFait.TIERS_EXCLU,
        GenreFait.TIERS_RETIRE,
    }
)  # fmt: skip
#: Apres quoi il faut une nouvelle admission. Une perte suivie d'un retour n'en est pas une.
_RENVOIS = frozenset(
    {
        GenreFait.TIERS_ENTRE, GenreFait.TIERS_SORTI, GenreFait.TIERS_EXCLU,
        GenreFait.TIERS_REMIS_EN_ATTENTE, GenreFait.TIERS_RETIRE,
    }
)  # fmt: skip


@dataclass(frozen=True)
class PresenceTiers:
    """Un tiers: sa place, sa qualite, quand il etait connecte, quand il prenait part."""

    siege: str
    qualite: str
    sejours: Periodes
    participations: Periodes


def presences_tiers(faits: Sequence[Fait], admissions: Periodes) -> tuple[PresenceTiers, ...]:
    """Par place et par qualite, dans l'ordre d'arrivee. `admissions`: celles de l'assure, hors
    desquelles personne ne prend part."""
    situes = situer(faits)
    cles = dict.fromkeys(
        _cle(situe.fait) for situe in situes if situe.fait.genre is GenreFait.TIERS_ENTRE
    )
    return tuple(_presence(situes, cle, admissions) for cle in cles)


def _cle(fait: Fait) -> tuple[str, str]:
    return str(fait.details.get("siege", "")), str(fait.details.get("qualite", ""))


def _presence(
    situes: Sequence[FaitSitue], cle: tuple[str, str], admissions: Periodes
) -> PresenceTiers:
    sejours, admis = _Periode(), _Periode()
    la, est_admis, vu = False, False, None
    for situe in situes:
        fait = situe.fait
        sien = fait.genre.name.startswith("TIERS_") and _cle(fait) == cle
        panne = fait.genre is GenreFait.REDEMARRAGE_SERVEUR
        if panne or fait.genre is GenreFait.FIN or (sien and fait.genre in _SORTIES):
            la = False
        elif sien and fait.genre in _ENTREES:
            la = True
        if fait.genre is GenreFait.REAFFECTE or (sien and fait.genre in _RENVOIS):
            est_admis = False
        elif sien and fait.genre is GenreFait.TIERS_ADMIS:
            est_admis = True
        # Apres une panne, on ne sait que la derniere fois vue.
        instant = vu if panne and vu is not None else situe.instant
        sejours.noter(instant, vrai=la, estime=panne)
        admis.noter(instant, vrai=la and est_admis, estime=panne)
        if sien or fait.details.get(cle[0]) == "present":
            vu = situe.instant
    return PresenceTiers(*cle, sejours.trouvees, croiser(admis.trouvees, admissions))


class _Periode:
    """Quand c'etait vrai."""

    def __init__(self) -> None:
        self._finies: list[Intervalle] = []
        self._depuis: datetime | None = None

    def noter(self, instant: datetime, *, vrai: bool, estime: bool) -> None:
        if vrai and self._depuis is None:
            self._depuis = instant
        elif not vrai and self._depuis is not None:
            if instant > self._depuis:
                self._finies.append(Intervalle(self._depuis, instant, estime))
            self._depuis = None

    @property
    def trouvees(self) -> Periodes:
        ouverte = () if self._depuis is None else (Intervalle(self._depuis, None),)
        return (*self._finies, *ouverte)
