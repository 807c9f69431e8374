"""Who receives: médecins-conseils and the calls they are in, in two statements for several."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .bulk import calls_of, padded, wanted
from .people import Medecin


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


@cache
def _medecins(size: int) -> Select[Any]:
    return select(t.medecin_conseil).where(t.medecin_conseil.c.id.in_(wanted(size)))
