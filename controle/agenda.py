"""L'agenda d'un medecin-conseil: ce qui est pris, ce qui est libre, et jamais deux fois."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from controle.calendrier import Feries, Regles, dernier_instant_convocation, est_ouvre
from controle.refus import Refus


class CreneauPris(Refus):
    """Le medecin-conseil a deja un rendez-vous a cette heure."""

    code = "creneau_pris"
    phrase = "Ce médecin-conseil a déjà un rendez-vous à cette heure."
    champ = "start"


class MedecinIndisponible(Refus):
    """Le medecin-conseil est absent, ou ne recoit pas a cette heure."""

    code = "medecin_indisponible"
    phrase = "Ce médecin-conseil n'est pas disponible à cette heure."
    champ = "start"


@dataclass(frozen=True, order=True)
class Plage:
    """Du `debut` compris a la `fin` non comprise, en UTC."""

    debut: datetime
    fin: datetime

    def __post_init__(self) -> None:
        if self.debut.tzinfo is None or self.fin.tzinfo is None:
            raise ValueError("plage sans fuseau horaire")
        if self.fin <= self.debut:
            raise ValueError("une plage finit apres avoir commence")

    def chevauche(self, autre: "Plage") -> bool:
        """Ont-elles un instant en commun? Deux rendez-vous qui se suivent, non."""
        return self.debut < autre.fin and autre.debut < self.fin

    def contient(self, autre: "Plage") -> bool:
        """L'autre tient-elle toute dans celle-ci?"""
        return self.debut <= autre.debut and autre.fin <= self.fin


@dataclass(frozen=True)
class Disponibilite:
    """Chaque semaine, ce jour (0: lundi), de telle heure a telle heure, a la caisse."""

    jour: int
    de: time
    a: time

    def __post_init__(self) -> None:
        if not 0 <= self.jour <= 6 or self.de >= self.a:
            raise ValueError("disponibilite impossible")


def verifier_creneau(
    plage: Plage,
    occupes: Sequence[Plage],
    absences: Sequence[Plage],
    disponibilites: Sequence[Disponibilite],
    fuseau: str,
) -> None:
    """Leve le refus qui empeche ce creneau; sans disponibilites, toute heure ouverte convient.

    :raises CreneauPris: un autre rendez-vous y est deja.
    :raises MedecinIndisponible: une absence, ou une heure ou il ne recoit pas.
    """
    if any(plage.chevauche(autre) for autre in occupes):
        raise CreneauPris
    if any(plage.chevauche(absence) for absence in absences):
        raise MedecinIndisponible
    if disponibilites:
        jour = plage.debut.astimezone(ZoneInfo(fuseau)).date()
        ouvertes = _ouvertes(jour, disponibilites, fuseau)
        if not any(ouverte.contient(plage) for ouverte in ouvertes):
            raise MedecinIndisponible


def creneaux_libres(
    de: date,
    jours: int,
    duree: timedelta,
    fuseau: str,
    regles: Regles,
    feries: Feries,
    disponibilites: Sequence[Disponibilite],
    occupes: Sequence[Plage],
    absences: Sequence[Plage],
    maintenant: datetime,
    delai: bool = True,  # noqa: FBT001, FBT002
    limite: int = 50,
) -> list[Plage]:
    """Les premiers creneaux libres des `jours` jours a partir de `de`, dans l'ordre.

    `delai`: seulement ceux pour lesquels on peut encore convoquer (J-2).
    """
    if duree <= timedelta(0):
        raise ValueError("un rendez-vous dure")
    pris = [*occupes, *absences]
    libres: list[Plage] = []
    for jour in (de + timedelta(days=n) for n in range(jours)):
        if not est_ouvre(jour, feries):
            continue
        for plage in _decouper(_heures(jour, regles, disponibilites, fuseau), duree):
            if len(libres) >= limite:
                return libres
            au_plus_tard = plage.debut
            if delai:
                au_plus_tard = dernier_instant_convocation(plage.debut, fuseau, regles)
            if maintenant < au_plus_tard and not any(plage.chevauche(autre) for autre in pris):
                libres.append(plage)
    return libres


def _heures(
    jour: date, regles: Regles, disponibilites: Sequence[Disponibilite], fuseau: str
) -> list[Plage]:
    """Quand on peut recevoir ce jour: les heures ouvertes, et les siennes s'il en a dit."""
    ouverture = Disponibilite(jour.weekday(), regles.ouverture, regles.fermeture)
    if not disponibilites:
        return _ouvertes(jour, [ouverture], fuseau)
    bornees = [
        Disponibilite(d.jour, max(d.de, ouverture.de), min(d.a, ouverture.a))
        for d in disponibilites
        if d.de < ouverture.a and ouverture.de < d.a
    ]
    return _ouvertes(jour, bornees, fuseau)


def _ouvertes(jour: date, disponibilites: Iterable[Disponibilite], fuseau: str) -> list[Plage]:
    """Ses disponibilites de ce jour, unies: de 9 h a 12 h puis de 12 h a 14 h n'en font qu'une."""
    du_jour = sorted((d.de, d.a) for d in disponibilites if d.jour == jour.weekday())
    unies: list[tuple[time, time]] = []
    for debut, fin in du_jour:
        if unies and debut <= unies[-1][1]:
            unies[-1] = unies[-1][0], max(unies[-1][1], fin)
        else:
            unies.append((debut, fin))
    zone = ZoneInfo(fuseau)
    bornes = (
        tuple(datetime.combine(jour, heure, zone).astimezone(UTC) for heure in heures)
        for heures in unies
    )
    return [Plage(debut, fin) for debut, fin in bornes if debut < fin]


def _decouper(plages: Iterable[Plage], duree: timedelta) -> Iterator[Plage]:
    """Des creneaux qui se suivent depuis l'ouverture: des heures rondes, faciles a dire."""
    for plage in plages:
        debut = plage.debut
        while debut + duree <= plage.fin:
            yield Plage(debut, debut + duree)
            debut += duree
