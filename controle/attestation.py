"""L'attestation: ce que le serveur a vu de la venue de l'assure, pour qu'il puisse le prouver.

Des heures, et de quel cote elles ont manque. Rien de medical, aucune conclusion, aucune adresse.
Elle se tire des faits de la chaine, et nomme la ligne jusqu'ou elle les a lus.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controle.chaine import Tete
from controle.chronologie import FaitSitue, situer
from controle.constats import (
    ENSEMBLE,
    TENTATIVES,
    attente_depuis_l_heure,
    constater,
    est_perte,
)
from controle.etats import AVANT_ENTREE, Etat
from controle.intervalles import Intervalle, Presences
from controle.periodes import croiser, retrancher, total, unir
from controle.presence import Fait, GenreFait, Role
from controle.qualification import INCIDENTS, Motif, Qualification, appliquer
from controle.refus import Refus
from controle.telecontrole import Fenetre, Telecontrole

#: Un nom plus long est coupe: il tiendrait mal sur la page et dans le code.
NOM_MAX = 100
#: Les interruptions dites une a une; les suivantes ne sont que comptees.
INTERRUPTIONS_DITES = 3


class RienAAttester(Refus):
    """L'assure n'est pas venu, et rien ne dit qu'il ait essaye."""

    code = "rien_a_attester"
    phrase = "Votre venue n'est pas enregistrée pour ce rendez-vous : il n'y a rien à attester."


class AttenteTropCourte(Refus):
    """L'attente n'a pas encore depasse le delai de grace."""

    code = "attente_trop_courte"
    phrase = "Votre attente est notée. L'attestation pourra être demandée si elle se prolonge."


class EntretienNonFini(Refus):
    """Les deux se voient et s'entendent: il n'y a rien d'acheve a attester."""

    code = "entretien_non_fini"
    phrase = "L'entretien est en cours. L'attestation pourra être demandée dès qu'il sera terminé."


class Genre(StrEnum):
    """Ce que l'attestation dit d'abord."""

    PRESENCE = "presence"
    INCIDENT = "incident"
    MEDECIN_ABSENT = "medecin_absent"


class Cote(StrEnum):
    """De quel cote quelque chose a manque."""

    ASSURE = "assure"
    CAISSE = "caisse"
    INCONNU = "inconnu"


@dataclass(frozen=True)
class Interruption:
    """Un moment ou l'un ou l'autre a manque; `a` est None si cela n'a pas repris."""

    de: datetime
    a: datetime | None
    cote: Cote


@dataclass(frozen=True)
class Emission:
    """Ce que les faits ne disent pas: les noms, quand, et par quelle cle."""

    caisse: str
    assure: str
    instant: datetime
    cle: str


@dataclass(frozen=True)
class Attestation:
    """Tout ce qui est atteste. Durees en secondes, `medecin_retard` en minutes entieres.

    `essai`: la premiere fois que l'assure a essaye d'entrer. `observe`: jusqu'ou les faits ont ete
    comptes. `medecin_retard` est None si l'assure n'a pas ete admis.
    """

    genre: Genre
    caisse: str
    assure: str
    code: str
    debut: datetime
    fuseau: str
    minutes: int
    essai: datetime | None
    arrivee: datetime | None
    attente_de: datetime | None
    attente_a: datetime | None
    attente: int
    admission: datetime | None
    ensemble: int
    interruptions: int
    interruptions_duree: int
    interruptions_dites: tuple[Interruption, ...]
    fin: datetime | None
    medecin_arrivee: datetime | None
    medecin_duree: int
    medecin_retard: int | None
    cote: Cote | None
    motif: Motif
    observe: datetime
    chaine_seq: int
    chaine_tete: str
    emise: datetime
    cle: str
    #: Ce que l'un ou l'autre a mis en pause, a part; None: delivree avant que cela ne soit dit.
    pause: int | None = None


# --- ce qui peut etre atteste -------------------------------------------------------------------


def peut_attester(
    telecontrole: Telecontrole,
    presences: Presences,
    faits: Sequence[Fait],
    maintenant: datetime,
    fenetre: Fenetre,
) -> None:
    """Leve le refus, s'il y en a un.

    :raises AttenteTropCourte: il attend, depuis moins que le delai de grace.
    :raises EntretienNonFini: les deux sont la.
    :raises RienAAttester: il n'est pas venu, et rien ne l'en a empeche.
    """
    venu = presences.assure.premiere_arrivee is not None
    if telecontrole.etat is Etat.EN_COURS and _ensemble(presences):
        raise EntretienNonFini
    passe = maintenant >= telecontrole.debut + fenetre.grace_absence
    if telecontrole.etat is Etat.EN_ATTENTE:
        attente = attente_depuis_l_heure(presences, telecontrole.debut)
        courte = attente < fenetre.grace_absence.total_seconds()
        if courte and not (passe and _est_parti(presences)):
            raise AttenteTropCourte
    if not venu:
        ouvert = telecontrole.etat in AVANT_ENTREE and not passe
        if ouvert or not _est_empeche(telecontrole, faits, fenetre):
            raise RienAAttester


def _est_parti(presences: Presences) -> bool:
    return all(periode.fin is not None for periode in presences.assure.intervalles)


def _ensemble(presences: Presences) -> bool:
    """L'image et le son passent encore, ou une pause dure."""
    en_cours = (*presences.ensemble_avec_media, *presences.pauses)
    return any(periode.fin is None for periode in en_cours)


def _est_empeche(telecontrole: Telecontrole, faits: Sequence[Fait], fenetre: Fenetre) -> bool:
    genres = {fait.genre for fait in faits}
    essai = _essai(situer(faits), telecontrole.ouverture(fenetre))
    return essai is not None or GenreFait.REDEMARRAGE_SERVEUR in genres


# --- l'attestation ------------------------------------------------------------------------------


def attester(
    telecontrole: Telecontrole,
    presences: Presences,
    faits: Sequence[Fait],
    maintenant: datetime,
    fenetre: Fenetre,
    tete: Tete,
    emission: Emission,
    *,
    medecin_absent: bool = False,
) -> Attestation:
    """L'attestation de ces faits, ou le refus de `peut_attester`.

    `medecin_absent`: la caisse a elle-meme signe que le medecin-conseil n'est pas venu.
    """
    peut_attester(telecontrole, presences, faits, maintenant, fenetre)
    constats = constater(telecontrole, presences, faits, maintenant, fenetre)
    # Ce que l'assure a choisi ensuite n'efface pas ce qui est arrive avant.
    propose = appliquer(replace(constats, refus=False, interruption=False))
    absent = constats.venu and not constats.admis
    genre = Genre.INCIDENT if propose.qualification in INCIDENTS else Genre.PRESENCE
    if absent and (constats.attente_depassee or medecin_absent):
        genre = Genre.MEDECIN_ABSENT
    situes, jusqua = situer(faits), presences.jusqua or maintenant
    attente = retrancher(presences.assure.intervalles, presences.admissions)
    dites = _interruptions(presences, situes, jusqua)
    return Attestation(
        genre=genre,
        caisse=_court(emission.caisse),
        assure=_court(emission.assure),
        code=telecontrole.code,
        debut=telecontrole.debut,
        fuseau=telecontrole.fuseau,
        minutes=int(telecontrole.duree.total_seconds() // 60),
        essai=_essai(situes, telecontrole.ouverture(fenetre)),
        arrivee=presences.assure.premiere_arrivee,
        attente_de=attente[0].debut if attente else None,
        attente_a=attente[-1].fin if attente else None,
        attente=int(presences.attente),
        admission=presences.admis_a,
        ensemble=int(presences.duree_ensemble),
        interruptions=presences.interruptions,
        interruptions_duree=int(total(presences.coupures, jusqua)),
        interruptions_dites=dites[:INTERRUPTIONS_DITES],
        fin=presences.fin,
        medecin_arrivee=presences.medecin_conseil.premiere_arrivee,
        medecin_duree=int(presences.medecin_conseil.duree),
        medecin_retard=_retard(telecontrole, presences),
        cote=_COTES.get(propose.qualification) if genre is Genre.INCIDENT else None,
        motif=propose.motif,
        observe=jusqua,
        chaine_seq=tete[0],
        chaine_tete=tete[1],
        emise=emission.instant,
        cle=emission.cle,
        pause=int(presences.duree_pause),
    )


_COTES = {
    Qualification.INCIDENT_ASSURE: Cote.ASSURE,
    Qualification.INCIDENT_CAISSE: Cote.CAISSE,
    Qualification.INCIDENT_INCONNU: Cote.INCONNU,
}
_COTE_DE = {Role.ASSURE: Cote.ASSURE, Role.MEDECIN_CONSEIL: Cote.CAISSE}


def _court(nom: str) -> str:
    propre = " ".join(nom.split())
    return propre if len(propre) <= NOM_MAX else propre[: NOM_MAX - 1] + "…"


def _essai(situes: Sequence[FaitSitue], ouverture: datetime) -> datetime | None:
    """La premiere fois que l'assure a essaye d'entrer, la salle ouverte."""
    essais = TENTATIVES | {GenreFait.OBSTACLE_TECHNIQUE}
    instants = (s.instant for s in situes if s.fait.genre in essais and s.instant >= ouverture)
    return next(instants, None)


def _retard(telecontrole: Telecontrole, presences: Presences) -> int | None:
    """Ce que l'assure a attendu sa premiere admission, l'heure venue: ni son propre retard, ni le
    temps ou lui-meme n'etait plus la n'y comptent."""
    admis = presences.admis_a
    if admis is None:
        return None
    avant = croiser(presences.assure.intervalles, (Intervalle(telecontrole.debut, admis),))
    return int(total(avant, admis) // 60) if admis > telecontrole.debut else 0


# --- les interruptions --------------------------------------------------------------------------


def _interruptions(
    presences: Presences, situes: Sequence[FaitSitue], jusqua: datetime
) -> tuple[Interruption, ...]:
    return tuple(
        Interruption(coupure.debut, coupure.fin, _cote(coupure, situes, jusqua))
        for coupure in unir(presences.coupures)
    )


def _cote(coupure: Intervalle, situes: Sequence[FaitSitue], jusqua: datetime) -> Cote:
    """Le service s'il a redemarre, sinon la premiere connexion perdue, sinon on ne sait pas."""
    la = [s for s in situes if coupure.debut <= s.instant <= (coupure.fin or jusqua)]
    if any(s.fait.genre is GenreFait.REDEMARRAGE_SERVEUR for s in la):
        return Cote.CAISSE
    perdus: dict[Role, datetime] = {}
    for situe in la:
        if situe.fait.role in list(Role) and est_perte(situe.fait):
            perdus.setdefault(Role(situe.fait.role), situe.instant)
    if not perdus:
        return Cote.INCONNU
    ecart = max(perdus.values()) - min(perdus.values())
    if len(perdus) == len(Role) and ecart <= ENSEMBLE:
        return Cote.CAISSE
    return _COTE_DE[min(perdus, key=lambda role: perdus[role])]


#: Delivrees a un meme telecontrole, au plus, dans ce temps.
PERIODE = timedelta(hours=24)


def delivrees(faits: Sequence[Fait], maintenant: datetime) -> list[datetime]:
    """Quand une attestation a ete delivree, depuis une periode."""
    return [
        fait.instant
        for fait in faits
        if fait.genre is GenreFait.ATTESTATION_DELIVREE and fait.instant > maintenant - PERIODE
    ]
