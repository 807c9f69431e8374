"""Une seule ligne de temps pour tous les faits, que l'heure du mur saute ou non.

Au sein d'une execution (un demarrage de la machine), le temps est l'heure du premier fait plus la
difference des horloges monotones. D'une execution a l'autre, il n'y a que l'heure du mur; si elle
a recule, l'execution suivante est posee juste apres la precedente, ses durees gardees.

Avant que quelqu'un n'entre, il n'y a pas de duree a garder: l'heure du mur suffit. Une convocation
a des semaines: depuis, la machine a pu dormir, son heure etre corrigee.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controle.presence import Fait, GenreFait

#: Une personne ou un tiers est dans la salle.
_ENTREES = frozenset({GenreFait.ENTREE, GenreFait.RETOUR, GenreFait.REPRISE, GenreFait.TIERS_ENTRE})


@dataclass(frozen=True)
class FaitSitue:
    """Un fait, son rang dans la chaine et son instant sur la ligne de temps."""

    rang: int
    instant: datetime
    fait: Fait


class Chronologie:
    """Pose les faits l'un apres l'autre; l'instant rendu ne recule jamais."""

    def __init__(self) -> None:
        self._bases: dict[str, tuple[datetime, float]] = {}
        self._dernier: datetime | None = None
        self._salle = False

    def poser(self, fait: Fait) -> datetime:
        """L'instant corrige du fait qui suit."""
        self._salle = self._salle or fait.genre in _ENTREES
        return self.situer(fait.instant, fait.monotone, fait.execution)

    def situer(self, instant: datetime, monotone: float, execution: str) -> datetime:
        """L'instant corrige d'une lecture des deux horloges; utile aussi pour « maintenant »."""
        corrige = self._pas_avant_le_dernier(instant)
        if self._salle:
            base, origine = self._bases.setdefault(execution, (corrige, monotone))
            lu = base + timedelta(seconds=monotone - origine)
            corrige = self._pas_avant_le_dernier(lu)
        self._dernier = corrige
        return corrige

    def _pas_avant_le_dernier(self, instant: datetime) -> datetime:
        return instant if self._dernier is None else max(instant, self._dernier)


def situer(faits: Iterable[Fait]) -> list[FaitSitue]:
    """Les faits, dans l'ordre de la chaine, poses sur la ligne de temps."""
    chronologie = Chronologie()
    return [FaitSitue(rang, chronologie.poser(fait), fait) for rang, fait in enumerate(faits)]


def corriger(faits: Iterable[Fait], instant: datetime, monotone: float, execution: str) -> datetime:
    """« Maintenant » sur la ligne de temps de ces faits."""
    chronologie = Chronologie()
    for fait in faits:
        chronologie.poser(fait)
    return chronologie.situer(instant, monotone, execution)
