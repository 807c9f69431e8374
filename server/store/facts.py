"""The few facts that lists need, without reading whole chains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, get_args

from msgspec import Struct
from msgspec.json import Decoder
from sqlalchemy import Select, String, bindparam, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.presence import Detail, Fait, GenreFait, Role
from signaling.protocol import Companion
from signaling.protocol import Role as Seated

from . import schema as t

#: Those that a list or a room's memory is made of; heartbeats and media claims are not read.
MILESTONES = (
    GenreFait.ENTREE,
    GenreFait.RETOUR,
    GenreFait.REPRISE,
    GenreFait.PERTE,
    GenreFait.SORTIE,
    GenreFait.ADMISSION,
    GenreFait.IDENTITE_CONTROLEE,
    GenreFait.INFORMATION_ACCEPTEE,
    GenreFait.FIN,
    GenreFait.REDEMARRAGE_SERVEUR,
    GenreFait.PERSONNES_PRESENTES,
    GenreFait.REAFFECTE,
    GenreFait.REMISE_EN_ATTENTE,
    GenreFait.PAUSE,
    GenreFait.REPRISE_ENTRETIEN,
    GenreFait.TIERS_RETIRE,
    GenreFait.TIERS_ENTRE,
    GenreFait.TIERS_REVENU,
    GenreFait.TIERS_PERDU,
    GenreFait.TIERS_SORTI,
    GenreFait.TIERS_ADMIS,
    GenreFait.TIERS_REMIS_EN_ATTENTE,
    GenreFait.TIERS_EXCLU,
    GenreFait.TIERS_REFUSE,
    GenreFait.TIERS_ACCEPTE,
)
#: Sorted, as a room keeps them.
COMPANIONS: tuple[Companion, ...] = tuple(sorted(get_args(Companion)))
SEATS: dict[str | None, Seated] = {"assure": "assure", "medecin_conseil": "medecin_conseil"}
NOT_ADMITTED = (GenreFait.REMISE_EN_ATTENTE, GenreFait.REAFFECTE, GenreFait.FIN)
SEATED = (GenreFait.ENTREE, GenreFait.RETOUR, GenreFait.REPRISE, GenreFait.PERTE)
MOVES = (*SEATED, GenreFait.SORTIE)


class Milestone(Struct, frozen=True, gc=False):
    """What lists and rooms read of a fact. Whether its line is intact is verified elsewhere."""

    genre: GenreFait
    instant: datetime
    role: str | None
    details: Mapping[str, Detail]


class _Line(Struct, gc=False):
    fait: Milestone


_read = Decoder(_Line).decode


def milestone(contenu: str) -> Milestone:
    """That of a stored line."""
    return _read(contenu).fait


@dataclass(frozen=True, slots=True)
class Milestones:
    """The milestones of one télécontrôle, in order."""

    facts: Sequence[Fait | Milestone]

    def _of(self, kind: GenreFait, role: Role | None) -> list[Fait | Milestone]:
        return [f for f in self.facts if f.genre is kind and (role is None or f.role == role)]

    def first(self, kind: GenreFait, role: Role | None = None) -> str | None:
        found = self._of(kind, role)
        return found[0].instant.isoformat() if found else None

    def last_fact(self, kind: GenreFait, role: Role | None = None) -> Fait | Milestone | None:
        for fact in reversed(self.facts):
            if fact.genre is kind and (role is None or fact.role == role):
                return fact
        return None

    def last(self, kind: GenreFait, role: Role | None = None) -> str | None:
        found = self.last_fact(kind, role)
        return found.instant.isoformat() if found else None

    def last_detail(self, kind: GenreFait, name: str) -> object:
        found = self.last_fact(kind)
        return found.details.get(name) if found else None

    def was_there(self, role: Role) -> bool:
        """Came, and was never seen to leave on purpose."""
        for fact in reversed(self.facts):
            if fact.role == role and fact.genre in MOVES:
                return fact.genre is not GenreFait.SORTIE
        return False

    def last_seen(self, role: Role) -> str | None:
        seen = [f for f in self.facts if f.role == role and f.genre in SEATED]
        return seen[-1].instant.isoformat() if seen else None

    def lost_since(self, role: Role) -> datetime | None:
        """Since when this person, who has not left, has not been there: since their connection
        was lost or, when nobody saw that, since the server came back."""
        away: datetime | None = None
        for fact in self.facts:
            if fact.role == role and fact.genre in SEATED:
                away = fact.instant if fact.genre is GenreFait.PERTE else None
            elif fact.genre is GenreFait.REDEMARRAGE_SERVEUR:
                away = fact.instant
        return away

    def company(self, role: Role) -> tuple[Companion, ...] | None:
        """Who is with this person, by their last word; None: they have not said, or have left
        since, or the médecin-conseil is another one now."""
        said: tuple[Companion, ...] | None = None
        for fact in self.facts:
            left = fact.genre is GenreFait.SORTIE and fact.role == role
            other = fact.genre is GenreFait.REAFFECTE and role is Role.MEDECIN_CONSEIL
            if left or other:
                said = None
            elif fact.role == role and fact.genre is GenreFait.PERSONNES_PRESENTES:
                said = tuple(
                    one for one in COMPANIONS for _ in range(int(fact.details.get(one) or 0))
                )
        return said

    def held(self) -> tuple[tuple[Seated, datetime], ...]:
        """Who paused and has not resumed; what ends the admission ends that too."""
        held: dict[Seated, datetime] = {}
        for fact in self.facts:
            if fact.genre is GenreFait.PAUSE and fact.role in SEATS:
                held.setdefault(SEATS[fact.role], fact.instant)
            elif fact.genre is GenreFait.REPRISE_ENTRETIEN and fact.role in SEATS:
                held.pop(SEATS[fact.role], None)
            elif fact.genre in NOT_ADMITTED or (
                fact.genre is GenreFait.SORTIE and fact.role == Role.ASSURE
            ):
                held.clear()
        return tuple(held.items())

    @property
    def to_be_closed(self) -> bool:
        """Somebody came, and no fact says yet that it is over."""
        kinds = {fact.genre for fact in self.facts}
        return GenreFait.ENTREE in kinds and GenreFait.FIN not in kinds


@cache
def milestone_lines() -> Select[Any]:
    """(télécontrôle, line) of all that there are, each chain in its order.

    Made once: a statement costs more to make than to run. The kinds are ours and stand in the text:
    a list of parameters is written anew each time.
    """
    c = t.ligne.c
    return (
        select(c.telecontrole, c.contenu)
        .where(c.genre.in_([literal_column(f"'{kind}'", String) for kind in MILESTONES]))
        .order_by(c.telecontrole, c.seq)
    )


_OF_ONE = (
    milestone_lines()
    .with_only_columns(t.ligne.c.contenu)
    .where(t.ligne.c.telecontrole == bindparam("telecontrole"))
)


async def milestones(connection: AsyncConnection, telecontrole: str) -> Milestones:
    rows = await connection.scalars(_OF_ONE, {"telecontrole": telecontrole})
    return Milestones([milestone(text) for text in rows])
