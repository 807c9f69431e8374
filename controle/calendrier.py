"""Le calendrier: jusqu'a quand convoquer, quand rappeler, quels jours et quelles heures.

Les delais se comptent en jours du calendrier de la caisse, jamais en tranches de 24 heures: une
nuit de changement d'heure ne les allonge ni ne les raccourcit.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from controle.refus import Refus

#: Le plancher du metier; une caisse peut convoquer plus tot, jamais plus tard.
PLANCHER = 2
_STRICT = timedelta(hours=48)
_SAMEDI = 5
#: Au-dela, ce ne sont plus des jours feries, c'est un calendrier faux.
_HORIZON = 400
#: Hors de ces annees, une date est une faute de frappe.
_ANNEES = range(2000, 2101)

_JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
_MOIS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip


class Feries(Protocol):
    """Les jours feries la ou est la caisse."""

    def __call__(self, jour: date, /) -> bool:
        """Ce jour est-il ferie?"""


@dataclass(frozen=True)
class Regles:
    """Ce qu'une caisse peut regler du calendrier; les heures sont locales."""

    #: J-2: la convocation est partie avant la fin de ce jour.
    jours: int = PLANCHER
    #: En plus, jamais a moins de 48 heures reelles.
    strict_48h: bool = False
    rappel_de: time = time(8)
    rappel_jusque: time = time(19)
    ouverture: time = time(8)
    fermeture: time = time(19)

    def __post_init__(self) -> None:
        if self.jours < PLANCHER:
            raise ValueError("une convocation part au plus tard deux jours avant")
        if self.rappel_de >= self.rappel_jusque or self.ouverture >= self.fermeture:
            raise ValueError("une plage d'heures finit apres avoir commence")


class ConvocationTardive(Refus):
    """Il est trop tard pour convoquer a cette date."""

    code = "convocation_tardive"
    champ = "start"

    def __init__(self, premiere_date: date, regles: Regles) -> None:
        super().__init__(
            f"La convocation doit partir au plus tard {_avant(regles)} avant : "
            f"première date possible, le {dire_date(premiere_date)}."
        )
        self.premiere_date = premiere_date


class JourNonOuvre(Refus):
    """Un samedi, un dimanche ou un jour ferie."""

    code = "jour_non_ouvre"
    phrase = "Ce jour n'est pas ouvré : choisissez un autre jour, du lundi au vendredi."
    champ = "start"


class HorsHoraires(Refus):
    """Trop tot ou trop tard dans la journee."""

    code = "hors_horaires"
    phrase = "Ce rendez-vous sort des heures d'ouverture."
    champ = "start"


class HeureInexistante(Refus):
    """Une heure sautee, ou qui existe deux fois, la nuit du changement d'heure."""

    code = "heure_inexistante"
    phrase = "Cette heure n'existe pas, ou existe deux fois, à cause du changement d'heure."
    champ = "start"


class DateImpossible(Refus):
    """Une annee que personne n'a voulu ecrire."""

    code = "date_impossible"
    phrase = "Cette date n'est pas possible : vérifiez l'année."
    champ = "start"


# --- l'heure locale -----------------------------------------------------------------------------


def instant_local(jour: date, heure: time, fuseau: str) -> datetime:
    """L'instant, en UTC, de cette heure a la caisse.

    :raises HeureInexistante: il n'y en a aucun, ou deux.
    :raises DateImpossible: une annee tres lointaine.
    """
    if jour.year not in _ANNEES:
        raise DateImpossible
    instant = _instant(jour, heure, fuseau)
    autre = _instant(jour, heure.replace(fold=1), fuseau)
    if instant != autre:
        raise HeureInexistante
    return instant


def _instant(jour: date, heure: time, fuseau: str) -> datetime:
    """Comme `instant_local`, sans refus: d'une heure double, la premiere; d'une heure sautee,
    l'instant ou elle aurait ete sans le changement. Minuit est donc toujours le debut du jour."""
    return datetime.combine(jour, heure, ZoneInfo(fuseau)).astimezone(UTC)


def jour_local(instant: datetime, fuseau: str) -> date:
    """Le jour du calendrier, a la caisse."""
    return instant.astimezone(ZoneInfo(fuseau)).date()


# --- les delais ---------------------------------------------------------------------------------


def dernier_instant_convocation(debut: datetime, fuseau: str, regles: Regles) -> datetime:
    """En UTC, l'instant a partir duquel il est trop tard: la fin du jour J-2 a la caisse."""
    veille = jour_local(debut, fuseau) - timedelta(days=regles.jours - 1)
    limite = _instant(veille, time(0), fuseau)
    return min(limite, debut - _STRICT) if regles.strict_48h else limite


def fenetre_rappel(debut: datetime, fuseau: str, regles: Regles) -> tuple[datetime, datetime]:
    """En UTC, quand le rappel peut partir: la veille, aux heures ou l'on ne derange pas."""
    veille = jour_local(debut, fuseau) - timedelta(days=1)
    return (
        _instant(veille, regles.rappel_de, fuseau),
        _instant(veille, regles.rappel_jusque, fuseau),
    )


def est_ouvre(jour: date, feries: Feries) -> bool:
    """Du lundi au vendredi, hors jours feries."""
    return jour.weekday() < _SAMEDI and not feries(jour)


def premiere_date_possible(
    maintenant: datetime,
    fuseau: str,
    regles: Regles,
    feries: Feries,
    heure: time | None = None,
) -> date:
    """Le premier jour ouvre ou l'on peut encore convoquer a cette heure locale.

    Sans `heure`, le premier jour ouvert en entier. L'heure ne compte qu'en mode strict.
    """
    voulue = min(max(heure or regles.ouverture, regles.ouverture), regles.fermeture)
    aujourd_hui = jour_local(maintenant, fuseau)
    for jours in range(_HORIZON):
        jour = aujourd_hui + timedelta(days=jours)
        if est_ouvre(jour, feries):
            debut = _instant(jour, voulue, fuseau)
            if maintenant < dernier_instant_convocation(debut, fuseau, regles):
                return jour
    raise ValueError("aucun jour ouvre dans l'annee qui vient")


def verifier_date(
    debut: datetime,
    duree: timedelta,
    fuseau: str,
    maintenant: datetime,
    regles: Regles,
    feries: Feries,
) -> None:
    """Leve le refus qui empeche de convoquer maintenant pour `debut`.

    :raises ConvocationTardive: le jour J-2 est passe, ou le rendez-vous lui-meme.
    :raises JourNonOuvre: un samedi, un dimanche, un jour ferie.
    :raises HorsHoraires: il commence avant l'ouverture ou finit apres la fermeture.
    """
    local = debut.astimezone(ZoneInfo(fuseau))
    if maintenant >= dernier_instant_convocation(debut, fuseau, regles):
        premiere = premiere_date_possible(maintenant, fuseau, regles, feries, local.time())
        raise ConvocationTardive(premiere, regles)
    verifier_heures(debut, duree, fuseau, regles, feries)


def verifier_heures(
    debut: datetime, duree: timedelta, fuseau: str, regles: Regles, feries: Feries
) -> None:
    """Le jour et les heures seuls, sans le delai: pour un deplacement accepte par l'assure.

    :raises JourNonOuvre: un samedi, un dimanche, un jour ferie.
    :raises HorsHoraires: il commence avant l'ouverture ou finit apres la fermeture.
    """
    jour = jour_local(debut, fuseau)
    if not est_ouvre(jour, feries):
        raise JourNonOuvre
    if debut < _instant(jour, regles.ouverture, fuseau):
        raise HorsHoraires
    if debut + duree > _instant(jour, regles.fermeture, fuseau):
        raise HorsHoraires


# --- en toutes lettres --------------------------------------------------------------------------


def dire_date(jour: date) -> str:
    """« mardi 1er décembre 2026 »."""
    quantieme = "1er" if jour.day == 1 else str(jour.day)
    return f"{_JOURS[jour.weekday()]} {quantieme} {_MOIS[jour.month - 1]} {jour.year}"


def _avant(regles: Regles) -> str:
    jours = "deux jours" if regles.jours == PLANCHER else f"{regles.jours} jours"
    return f"{jours} (48 heures)" if regles.strict_48h and regles.jours == PLANCHER else jours
