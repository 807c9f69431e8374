"""Whose a télécontrôle or a médecin-conseil is: two columns by their key, before anything else."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t


@dataclass(frozen=True, slots=True)
class Owners:
    medecin_conseil: str
    caisse: str


async def of_telecontrole(connection: AsyncConnection, identifier: str) -> Owners | None:
    found = await connection.execute(
        select(t.telecontrole.c.medecin_conseil, t.telecontrole.c.caisse).where(
            t.telecontrole.c.id == identifier
        )
    )
    row = found.first()
    return Owners(row.medecin_conseil, row.caisse) if row else None


async def caisse_of_medecin(connection: AsyncConnection, identifier: str) -> str | None:
    found: str | None = await connection.scalar(
        select(t.medecin_conseil.c.caisse).where(t.medecin_conseil.c.id == identifier)
    )
    return found
