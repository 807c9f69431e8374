"""Caisses, médecins-conseils and assurés: who is behind the ids of the domain."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t


@dataclass(frozen=True, slots=True)
class Caisse:
    id: str
    nom: str
    fuseau: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Medecin:
    id: str
    caisse: str
    nom: str
    fonction: str
    retard_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Assure:
    id: str
    caisse: str
    civilite: str
    nom: str
    courriel: str
    telephone: str


async def add_caisse(connection: AsyncConnection, caisse: Caisse) -> None:
    await connection.execute(insert(t.caisse).values(_values(caisse)))


async def add_medecin(connection: AsyncConnection, medecin: Medecin) -> None:
    await connection.execute(insert(t.medecin_conseil).values(_values(medecin)))


async def add_assure(connection: AsyncConnection, assure: Assure) -> None:
    await connection.execute(insert(t.assure).values(_values(assure)))


async def caisse(connection: AsyncConnection, identifier: str) -> Caisse:
    row = await connection.execute(select(t.caisse).where(t.caisse.c.id == identifier))
    return Caisse(**row.mappings().one())


async def medecin(connection: AsyncConnection, identifier: str) -> Medecin:
    row = await connection.execute(
        select(t.medecin_conseil).where(t.medecin_conseil.c.id == identifier)
    )
    return Medecin(**row.mappings().one())


async def assure(connection: AsyncConnection, identifier: str) -> Assure:
    row = await connection.execute(select(t.assure).where(t.assure.c.id == identifier))
    return Assure(**row.mappings().one())


async def names(connection: AsyncConnection, identifiers: list[str]) -> dict[str, str]:
    """« Mme Durand » for each assuré's id."""
    rows = await connection.execute(
        select(t.assure.c.id, t.assure.c.civilite, t.assure.c.nom).where(
            t.assure.c.id.in_(identifiers)
        )
    )
    return {row.id: f"{row.civilite} {row.nom}" for row in rows}


async def set_delay(connection: AsyncConnection, medecin_id: str, minutes: int) -> None:
    await connection.execute(
        update(t.medecin_conseil)
        .where(t.medecin_conseil.c.id == medecin_id)
        .values(retard_minutes=minutes)
    )


def _values(person: Caisse | Medecin | Assure) -> dict[str, object]:
    return {name: getattr(person, name) for name in person.__slots__}
