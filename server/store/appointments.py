"""In-person appointments and the sites where they take place."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.presentiel import EtatPresentiel, RendezVousPresentiel

from . import schema as t
from .sql import read, written


async def of(
    connection: AsyncConnection, telecontrole: str, *, lock: bool = False
) -> list[RendezVousPresentiel]:
    """All that were given for this télécontrôle, in order; `lock`: nobody else gives one until
    the end of the transaction."""
    if lock:
        one = select(t.telecontrole.c.id).where(t.telecontrole.c.id == telecontrole)
        await connection.execute(one.with_for_update())
    rows = await connection.execute(
        select(t.rendez_vous)
        .where(t.rendez_vous.c.telecontrole == telecontrole)
        .order_by(t.rendez_vous.c.sequence, t.rendez_vous.c.debut)
    )
    return [_appointment(row) for row in rows.mappings()]


async def active(
    connection: AsyncConnection, telecontroles: Sequence[str]
) -> dict[str, RendezVousPresentiel]:
    """The one that holds, for each télécontrôle that has one."""
    rows = await connection.execute(
        select(t.rendez_vous)
        .where(t.rendez_vous.c.telecontrole.in_(telecontroles))
        .where(t.rendez_vous.c.etat == str(EtatPresentiel.CONVOQUE))
    )
    return {row["telecontrole"]: _appointment(row) for row in rows.mappings()}


async def save(connection: AsyncConnection, one: RendezVousPresentiel) -> None:
    """Insert or update."""
    values: dict[str, Any] = {
        "telecontrole": one.telecontrole,
        "site": one.site,
        "medecin_conseil": one.medecin_conseil,
        "debut": written(one.debut),
        "fuseau": one.fuseau,
        "duree_minutes": round(one.duree.total_seconds() / 60),
        "etat": str(one.etat),
        "sequence": one.sequence,
    }
    changed = await connection.execute(
        update(t.rendez_vous).where(t.rendez_vous.c.id == one.id).values(values)
    )
    if not changed.rowcount:
        await connection.execute(insert(t.rendez_vous).values(id=one.id, **values))


async def sites(connection: AsyncConnection, caisse: str) -> list[RowMapping]:
    """Where this caisse receives people, by name."""
    rows = await connection.execute(
        select(t.site).where(t.site.c.caisse == caisse).order_by(t.site.c.nom, t.site.c.id)
    )
    return list(rows.mappings())


async def site_of(connection: AsyncConnection, caisse: str, identifier: str) -> RowMapping | None:
    rows = await connection.execute(
        select(t.site).where(t.site.c.id == identifier, t.site.c.caisse == caisse)
    )
    return rows.mappings().first()


def _appointment(row: RowMapping) -> RendezVousPresentiel:
    return RendezVousPresentiel(
        id=row["id"],
        telecontrole=row["telecontrole"],
        site=row["site"],
        medecin_conseil=row["medecin_conseil"],
        debut=read(row["debut"]),
        fuseau=row["fuseau"],
        duree=timedelta(minutes=row["duree_minutes"]),
        etat=EtatPresentiel(row["etat"]),
        sequence=row["sequence"],
    )
