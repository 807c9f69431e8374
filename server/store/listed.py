"""What a médecin-conseil's list shows of each télécontrôle: two statements, however many there are.

It is read at each change of each room and whenever a console comes: a statement for each thing of
each entry was most of what a restart under load cost (docs/performance.md).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    union,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.etats import A_CONCLURE, AVANT_ENTREE, Etat
from controle.justification import JUSTIFIABLES, EtatJustification
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Telecontrole
from signaling.protocol import Equipment, Justified

from . import schema as t
from .bulk import milestones_of
from .facts import Milestone, Milestones, milestone, milestone_lines
from .people import called
from .planned import latest_justification, undelivered
from .ready import padded, wanted
from .sealed import Safe, safe_of
from .sql import telecontrole_of, telecontroles, written


@dataclass(frozen=True, slots=True)
class Listed:
    """`name`: the assuré's, « Mme Durand ». `outcomes`: how many versions were signed.
    `justification`, `equipment`: codes; empty: none. `undelivered`: nobody came yet, and no message
    of the convocation arrived."""

    un: Telecontrole
    known: Milestones
    name: str
    outcomes: int
    justification: Justified
    equipment: Equipment
    undelivered: bool


async def one(connection: AsyncConnection, telecontrole: str) -> Listed:
    """:raises TelecontroleInconnu: there is none."""
    for found in await some(connection, [telecontrole]):
        return found
    raise TelecontroleInconnu


async def some(connection: AsyncConnection, telecontroles: Collection[str]) -> Sequence[Listed]:
    """Of these, at least one, each that there is; in no order."""
    size, asked = padded(telecontroles)
    return await _listed(connection, _some(size), milestones_of(size), asked)


async def of_doctors(
    connection: AsyncConnection, medecins: Collection[str], de: datetime, a: datetime
) -> Sequence[Listed]:
    """Those of these médecins-conseils, at least one, whose hour is in [de, a), and those of before
    that still wait for something of theirs; by hour."""
    size, asked = padded(medecins)
    asked |= {"de": written(de), "a": written(a)}
    return await _listed(connection, _day(size), _milestones_of_day(size), asked)


async def _listed(
    connection: AsyncConnection,
    statement: Select[Any],
    milestones: Select[Any],
    asked: Mapping[str, str],
) -> Sequence[Listed]:
    rows = (await connection.execute(statement, asked)).mappings().all()
    facts: dict[str, list[Milestone]] = {row["id"]: [] for row in rows}
    for identifier, text in await connection.execute(milestones, asked) if rows else ():
        facts[identifier].append(milestone(text))
    safe = safe_of(connection)
    return [_read(row, Milestones(facts[row["id"]]), safe) for row in rows]


def _read(row: RowMapping, known: Milestones, safe: Safe) -> Listed:
    whose = safe.seen(row["assure"], row["cle"])
    return Listed(
        un=telecontrole_of(row, safe),
        known=known,
        name=called(whose, row["assure"], row["civilite"], row["nom"]),
        outcomes=row["versions"],
        justification=row["justification"] or "",
        equipment=row["couleur"] or "",
        undelivered=bool(row["non_remise"]),
    )


# --- the statements: made once, for they cost more to make than to run ----------------------------


@cache
def _some(size: int) -> Select[Any]:
    return _entries().where(t.telecontrole.c.id.in_(wanted(size)))


@cache
def _day(size: int) -> Select[Any]:
    return _entries().where(_of_day(size)).order_by(t.telecontrole.c.debut, t.telecontrole.c.id)


@cache
def _milestones_of_day(size: int) -> Select[Any]:
    mine = t.telecontrole.c.id == t.ligne.c.telecontrole
    return milestone_lines().join(t.telecontrole, mine).where(_of_day(size))


def _of_day(size: int) -> ColumnElement[bool]:
    """Searches of which each has its index: by an OR, all that they ever had would be read."""
    un = t.telecontrole.c
    theirs = select(un.id).where(un.medecin_conseil.in_(wanted(size)))
    # SQLite would search by the hour, and read two years of each; by the state, little is left.
    before = theirs.where(un.debut.concat("") < bindparam("de"))
    signed = exists().where(t.issue.c.telecontrole == un.id).correlate(t.telecontrole)
    to_read = latest_justification() == str(EtatJustification.DEPOSEE)
    found = union(
        theirs.where(un.debut >= bindparam("de"), un.debut < bindparam("a")),
        before.where(_in(un.etat, A_CONCLURE), ~signed),
        before.where(_in(un.etat, JUSTIFIABLES), to_read),
    )
    return un.id.in_(found)


def _in(etat: ColumnElement[str], etats: Iterable[Etat]) -> ColumnElement[bool]:
    """The states are ours and stand in the text, as in `facts.milestone_lines`."""
    return etat.in_([literal_column(f"'{one}'", String) for one in sorted(etats)])


def _entries() -> Select[Any]:
    un = t.telecontrole.c
    versions = select(func.count()).where(t.issue.c.telecontrole == un.id).scalar_subquery()
    before = _in(un.etat, AVANT_ENTREE)
    return (
        telecontroles()
        .add_columns(
            t.assure.c.civilite,
            t.assure.c.nom,
            t.essai_materiel.c.couleur,
            versions.label("versions"),
            latest_justification().label("justification"),
            and_(before, undelivered()).label("non_remise"),
        )
        .outerjoin(t.essai_materiel, t.essai_materiel.c.telecontrole == un.id)
    )
