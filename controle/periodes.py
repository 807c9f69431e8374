"""Les periodes: unies, croisees, retranchees, sans jamais rien compter deux fois."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

#: La fin d'une periode encore ouverte.
_SANS_FIN = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Intervalle:
    """Du `debut` a la `fin` (None: pas encore finie).

    `fin_estimee`: la fin n'a pas ete vue, c'est le dernier instant ou la personne l'a ete.
    """

    debut: datetime
    fin: datetime | None
    fin_estimee: bool = False

    def duree(self, limite: datetime) -> timedelta:
        """La duree; une periode ouverte compte jusqu'a `limite`."""
        return max(timedelta(0), (self.fin or limite) - self.debut)

    @property
    def borne(self) -> datetime:
        """La fin, ou un instant plus tard que tous."""
        return self.fin or _SANS_FIN


Periodes = tuple[Intervalle, ...]


def unir(periodes: Iterable[Intervalle]) -> Periodes:
    """L'union: des periodes disjointes, dans l'ordre."""
    unies: list[Intervalle] = []
    for periode in sorted(periodes, key=lambda p: p.debut):
        if unies and periode.debut <= unies[-1].borne:
            unies[-1] = _plus_longue(unies[-1], periode)
        else:
            unies.append(periode)
    return tuple(unies)


def croiser(gauche: Iterable[Intervalle], droite: Iterable[Intervalle]) -> Periodes:
    """L'intersection, sans periodes vides."""
    autres = tuple(droite)
    croisees = (_commune(a, b) for a in gauche for b in autres)
    return unir(commune for commune in croisees if commune is not None)


def retrancher(gauche: Iterable[Intervalle], droite: Iterable[Intervalle]) -> Periodes:
    """Ce qui est a gauche et pas a droite."""
    trous: list[Intervalle] = []
    depuis = datetime.min.replace(tzinfo=UTC)
    for periode in unir(droite):
        trous.append(Intervalle(depuis, periode.debut))
        depuis = periode.borne
    trous.append(Intervalle(depuis, None))
    return croiser(gauche, trous)


def total(periodes: Iterable[Intervalle], limite: datetime) -> float:
    """La duree de l'union, en secondes."""
    return sum((p.duree(limite) for p in unir(periodes)), timedelta(0)).total_seconds()


def _plus_longue(a: Intervalle, b: Intervalle) -> Intervalle:
    derniere = a if a.borne >= b.borne else b
    return Intervalle(a.debut, derniere.fin, derniere.fin_estimee)


def _commune(a: Intervalle, b: Intervalle) -> Intervalle | None:
    debut = max(a.debut, b.debut)
    premiere = a if a.borne <= b.borne else b
    if premiere.borne <= debut:
        return None
    return Intervalle(debut, premiere.fin, premiere.fin_estimee)
