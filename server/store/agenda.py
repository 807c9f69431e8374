"""When a médecin-conseil is taken, away or available: by visio and in person alike."""

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Row, Select, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Disponibilite, Plage
from controle.presentiel import EtatPresentiel
from controle.telecontrole import Etat

from . import schema as t
from .sql import read, written

#: They hold their hour: planned, or going on.
HOLDING = frozenset(
    {Etat.BROUILLON, Etat.CONVOQUE, Etat.ACCUSE, Etat.RAPPELE, Etat.EN_ATTENTE, Etat.EN_COURS}
)
#: Nothing lasts longer (agent_messages.Minutes): how far back an overlap can begin.
LONGEST = timedelta(hours=2)


def _occupying(table: Table, of: Column[str], states: Collection[str]) -> Select[Any]:
    """`of`: the télécontrôle that it is, or follows."""
    return (
        select(table.c.id, of.label("telecontrole"), table.c.debut, table.c.duree_minutes)
        .where(table.c.medecin_conseil == bindparam("doctor"))
        .where(table.c.debut > bindparam("earliest"), table.c.debut < bindparam("latest"))
        .where(table.c.etat.in_([str(state) for state in states]))
    )


_CAISSE_OF = select(t.medecin_conseil.c.caisse).where(t.medecin_conseil.c.id == bindparam("doctor"))
_OCCUPYING = (
    _occupying(t.telecontrole, t.telecontrole.c.id, HOLDING),
    _occupying(t.rendez_vous, t.rendez_vous.c.telecontrole, {EtatPresentiel.CONVOQUE}),
)
_ABSENCES = (
    select(t.absence.c.debut, t.absence.c.fin)
    .where(t.absence.c.medecin_conseil == bindparam("doctor"))
    .where(t.absence.c.debut < bindparam("end"), t.absence.c.fin > bindparam("begin"))
    .order_by(t.absence.c.debut)
)
_AVAILABILITIES = (
    select(t.disponibilite)
    .where(t.disponibilite.c.medecin_conseil == bindparam("doctor"))
    .order_by(t.disponibilite.c.jour, t.disponibilite.c.de)
)


async def caisse_of(connection: AsyncConnection, doctor: str) -> str | None:
    """Of this médecin-conseil; None for nobody."""
    caisse: str | None = await connection.scalar(_CAISSE_OF, {"doctor": doctor})
    return caisse


async def occupied(
    connection: AsyncConnection,
    doctor: str,
    between: Plage,
    but: Collection[str] = (),
) -> list[Plage]:
    """What already holds an hour; `but`: those (télécontrôles, in-person) about to give it up."""
    held = await _held(connection, doctor, between)
    return sorted(plage for row, plage in held if row.id not in but)


async def _held(
    connection: AsyncConnection, doctor: str, between: Plage
) -> list[tuple[Row[Any], Plage]]:
    """Télécontrôles, then in-person appointments, that overlap it, each with its time."""
    asked = {
        "doctor": doctor,
        "earliest": written(between.debut - LONGEST),
        "latest": written(between.fin),
    }
    found: list[tuple[Row[Any], Plage]] = []
    for occupying in _OCCUPYING:
        for row in await connection.execute(occupying, asked):
            begin = read(row.debut)
            plage = Plage(begin, begin + timedelta(minutes=row.duree_minutes))
            if plage.chevauche(between):
                found.append((row, plage))
    return found


async def absences(connection: AsyncConnection, doctor: str, between: Plage) -> list[Plage]:
    asked = {"doctor": doctor, "begin": written(between.debut), "end": written(between.fin)}
    rows = await connection.execute(_ABSENCES, asked)
    return [Plage(read(row.debut), read(row.fin)) for row in rows]


async def add_absence(connection: AsyncConnection, doctor: str, away: Plage) -> None:
    """Once, however often it is said."""
    if away in await absences(connection, doctor, away):
        return
    await connection.execute(
        insert(t.absence).values(
            id=str(uuid4()),
            medecin_conseil=doctor,
            debut=written(away.debut),
            fin=written(away.fin),
        )
    )


async def absences_to_come(
    connection: AsyncConnection, doctor: str, now: datetime
) -> list[tuple[str, Plage]]:
    """Those that are not over, each with its id, the first first."""
    rows = await connection.execute(
        select(t.absence)
        .where(t.absence.c.medecin_conseil == doctor, t.absence.c.fin > written(now))
        .order_by(t.absence.c.debut, t.absence.c.id)
    )
    return [(row.id, Plage(read(row.debut), read(row.fin))) for row in rows]


async def remove_absence(connection: AsyncConnection, doctor: str, identifier: str) -> None:
    """Nothing, where it is gone already."""
    await connection.execute(
        delete(t.absence).where(t.absence.c.id == identifier, t.absence.c.medecin_conseil == doctor)
    )


async def availabilities(connection: AsyncConnection, doctor: str) -> list[Disponibilite]:
    """Week by week; none: the ordinary hours."""
    rows = await connection.execute(_AVAILABILITIES, {"doctor": doctor})
    return [
        Disponibilite(row.jour, time.fromisoformat(row.de), time.fromisoformat(row.a))
        for row in rows
    ]


async def set_availabilities(
    connection: AsyncConnection, doctor: str, weekly: Sequence[Disponibilite]
) -> None:
    """Instead of those that were there."""
    await connection.execute(
        t.disponibilite.delete().where(t.disponibilite.c.medecin_conseil == doctor)
    )
    for one in weekly:
        await connection.execute(
            insert(t.disponibilite).values(
                medecin_conseil=doctor,
                jour=one.jour,
                de=one.de.isoformat("minutes"),
                a=one.a.isoformat("minutes"),
            )
        )


async def during(connection: AsyncConnection, doctor: str, away: Plage) -> list[str]:
    """The télécontrôles that somebody else will have to take, or whose in-person appointment they
    would have to."""
    return [row.telecontrole for row, _ in await _held(connection, doctor, away)]
