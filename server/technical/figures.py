"""From facts to figures: did they reach each other, how fast, by which way, how often cut.

Pure. One télécontrôle becomes a `Call`, many become `Figures`, and `Figures.shown()` is what may
leave: no figure is taken from fewer than `FEWEST` of anything.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from controle.chronologie import situer
from controle.intervalles import Presences, presences
from controle.periodes import Periodes, total
from controle.presence import Fait, GenreFait, Role

from .browsers import FAMILIES

Path = Literal["direct", "relaye", "inconnu"]
Shown = int | float | str | None
Table = dict[str, "Shown | Table"]

#: Fewer than this many are not shown.
FEWEST = 10
FEW = f"< {FEWEST}"
#: The restarts that télécontrôles saw within this time were one.
ONE_RESTART = timedelta(seconds=30)
#: What a page says of its path (signaling/protocol.py), and the word for it here.
PATHS: dict[object, Path] = {"direct": "direct", "relayed": "relaye"}
CLAIMS = (GenreFait.MEDIA_PRET, GenreFait.MEDIA_ETABLI, GenreFait.MEDIA_MAINTENU)


@dataclass(frozen=True, slots=True)
class Call:
    """One télécontrôle, as far as the technique goes; durations in seconds."""

    arrived: bool = False
    admitted: bool = False
    #: From the admission to the first media of each side that got any.
    waits: Mapping[Role, float] = field(default_factory=dict)
    path: Path = "inconnu"
    duration: float = 0.0
    cuts: int = 0
    #: Of the connection to the service, and of the media; those of one cut may be several.
    lost_sockets: int = 0
    lost_media: int = 0
    restarts: tuple[datetime, ...] = ()
    #: One of FAMILIES; empty: no session, or of before it was kept.
    browser: str = ""

    @property
    def established(self) -> bool:
        """Each side got the other's picture or sound."""
        return len(self.waits) == len(Role)


def call(facts: Sequence[Fait]) -> Call:
    """What the facts of one télécontrôle, in the order of their chain, say."""
    seen = presences(facts)
    return Call(
        arrived=any(f.genre is GenreFait.ENTREE and f.role == Role.ASSURE for f in facts),
        admitted=bool(seen.admissions),
        waits=_waits(seen),
        path=_path(facts),
        duration=total(seen.admissions, seen.jusqua) if seen.jusqua else 0.0,
        cuts=sum(1 for cut in seen.coupures if within(cut.debut, seen.admissions)),
        lost_sockets=_during(facts, GenreFait.PERTE, seen.admissions),
        lost_media=_during(facts, GenreFait.MEDIA_PERDU, seen.admissions),
        restarts=tuple(f.instant for f in facts if f.genre is GenreFait.REDEMARRAGE_SERVEUR),
        browser=_browser(facts),
    )


def _waits(seen: Presences) -> dict[Role, float]:
    if seen.admis_a is None:
        return {}
    found = {}
    for role, theirs in ((Role.ASSURE, seen.assure), (Role.MEDECIN_CONSEIL, seen.medecin_conseil)):
        first = next((p.debut for p in theirs.media if p.debut >= seen.admis_a), None)
        if first is not None:
            found[role] = (first - seen.admis_a).total_seconds()
    return found


def _path(facts: Iterable[Fait]) -> Path:
    """Relayed at one moment is relayed: it needed the relay."""
    told = {PATHS.get(f.details.get("path")) for f in facts if f.genre in CLAIMS}
    if "relaye" in told:
        return "relaye"
    return "direct" if "direct" in told else "inconnu"


def _during(facts: Iterable[Fait], kind: GenreFait, periods: Periodes) -> int:
    return sum(
        1
        for placed in situer(facts)
        if placed.fait.genre is kind
        and placed.fait.details.get("cause") != "closed"
        and within(placed.instant, periods)
    )


def within(instant: datetime, periods: Periodes) -> bool:
    return any(one.debut <= instant < one.borne for one in periods)


def _browser(facts: Iterable[Fait]) -> str:
    last = ""
    for fact in facts:
        if fact.genre is GenreFait.SECOND_FACTEUR_REUSSI:
            last = str(fact.details.get("navigateur", ""))
    return last if last in FAMILIES else ""


class Figures:
    """The sum of many calls."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self.arrived = self.admitted = self.established = 0
        self.cuts = self.lost_sockets = self.lost_media = 0
        self.duration = 0.0
        self.waits: dict[Role, list[float]] = {role: [] for role in Role}
        self.paths: Counter[Path] = Counter()
        self.browsers: Counter[str] = Counter()
        self._restarts: list[datetime] = []
        for one in calls:
            self.add(one)

    def add(self, one: Call) -> None:
        self._restarts += one.restarts
        if one.browser:
            self.browsers[one.browser] += 1
        if not one.arrived:
            return
        self.arrived += 1
        self.admitted += one.admitted
        self.established += one.established
        self.cuts += one.cuts
        self.lost_sockets += one.lost_sockets
        self.lost_media += one.lost_media
        self.duration += one.duration
        if one.waits:
            self.paths[one.path] += 1
        for role, seconds in one.waits.items():
            self.waits[role].append(seconds)

    @property
    def restarts(self) -> int:
        """Each wrote its fact for everybody who was there."""
        count, last = 0, None
        for instant in sorted(self._restarts):
            if last is None or instant - last > ONE_RESTART:
                count += 1
            last = instant
        return count

    def shown(self) -> Table:
        """What may be shown, with French keys: nothing about fewer than `FEWEST`."""
        known = self.paths["relaye"] + self.paths["direct"]
        hours = self.duration / 3600
        return {
            "arrivees": cell(self.arrived),
            "admis": cell(self.admitted),
            "etablis": cell(self.established),
            "part_etablie_des_admis": share(self.established, self.admitted),
            "part_etablie_des_arrivees": share(self.established, self.arrived),
            "secondes_de_l_admission_au_media": {
                str(role): percentiles(waits) for role, waits in self.waits.items()
            },
            "chemins": {
                **{word: cell(self.paths[word]) for word in ("direct", "relaye", "inconnu")},
                "part_relayee": share(self.paths["relaye"], known),
            },
            "coupures": {
                "heures_d_entretien": round(hours, 1) if self.admitted >= FEWEST else None,
                "coupures": cell(self.cuts),
                "pertes_de_connexion": cell(self.lost_sockets),
                "pertes_de_media": cell(self.lost_media),
                "par_heure_d_entretien": (
                    round(self.cuts / hours, 3) if self.admitted >= FEWEST and hours else None
                ),
            },
            "redemarrages_du_serveur": self.restarts,
            "navigateurs": {word: cell(self.browsers[word]) for word in FAMILIES},
        }


def cell(count: int) -> Shown:
    """The count, or that it is small; zero is small too."""
    return count if count >= FEWEST else FEW


def share(part: int, whole: int) -> Shown:
    """Between 0 and 1; None when there are too few."""
    return round(part / whole, 4) if whole >= FEWEST else None


def percentiles(values: Sequence[float]) -> Table:
    """The 50th and the 95th, by nearest rank: a value that was measured."""
    if len(values) < FEWEST:
        return {"mesures": cell(len(values)), "p50": None, "p95": None}
    ordered = sorted(values)

    def rank(percent: int) -> float:
        return round(ordered[ceil(len(ordered) * percent / 100) - 1], 3)

    return {"mesures": len(values), "p50": rank(50), "p95": rank(95)}
