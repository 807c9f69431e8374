"""Who receives: médecins-conseils, the calls they are in, their caisse's hour; asked for several at
once."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .bulk import calls_of
from .people import Medecin
from .ready import padded, wanted


class Receiving(NamedTuple):
    """`calls`: the télécontrôles they are in a call of; one at most, but for a moment."""

    medecin: Medecin
    calls: frozenset[str]


async def receiving(
    connection: AsyncConnection, doctors: Collection[str]
) -> Mapping[str, Receiving]:
    """Of these, at least one, each that there is."""
    size, asked = padded(doctors)
    calls: dict[str, set[str]] = {}
    for doctor, telecontrole in await connection.execute(calls_of(size), asked):
        calls.setdefault(doctor, set()).add(telecontrole)
    rows = (await connection.execute(_medecins(size), asked)).mappings()
    found = [Medecin(**row) for row in rows]
    return {one.id: Receiving(one, frozenset(calls.get(one.id, ()))) for one in found}


async def zones(
    connection: AsyncConnection, doctors: Collection[str]
) -> Mapping[str, tuple[Medecin, str]]:
    """Of these, at least one, each that there is, with the time zone of their caisse."""
    size, asked = padded(doctors)
    found = {}
    for row in (await connection.execute(_with_zones(size), asked)).mappings():
        values = dict(row)
        zone: str = values.pop("fuseau")
        found[row["id"]] = Medecin(**values), zone
    return found


@cache
def _with_zones(size: int) -> Select[Any]:
    theirs = t.caisse.c.id == t.medecin_conseil.c.caisse
    return _medecins(size).add_columns(t.caisse.c.fuseau).join(t.caisse, theirs)


@cache
def _medecins(size: int) -> Select[Any]:
    return select(t.medecin_conseil).where(t.medecin_conseil.c.id.in_(wanted(size)))
