"""The facts of a period, one télécontrôle after the other, without holding them all."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.chaine import Ligne
from controle.presence import Fait
from server.store import schema as t
from server.store.sql import written

from .figures import Figures, call

#: Lines taken from the database at once.
AT_ONCE = 1_000


async def figures(connection: AsyncConnection, since: datetime, until: datetime) -> Figures:
    """Of the télécontrôles whose hour is in [since, until)."""
    found = Figures()
    async for facts in chains(connection, since, until):
        found.add(call(facts))
    return found


async def chains(
    connection: AsyncConnection, since: datetime, until: datetime
) -> AsyncIterator[list[Fait]]:
    """The facts of each télécontrôle that has any, in their order."""
    rows = await connection.stream(_lines(since, until), execution_options={"yield_per": AT_ONCE})
    current, facts = "", list[Fait]()
    async for row in rows:
        if row.telecontrole != current and facts:
            yield facts
            facts = []
        current = row.telecontrole
        facts.append(Ligne.depuis_dict(json.loads(row.contenu)).fait)
    if facts:
        yield facts


def _lines(since: datetime, until: datetime) -> Select[tuple[str, str]]:
    return (
        select(t.ligne.c.telecontrole, t.ligne.c.contenu)
        .join(t.telecontrole, t.telecontrole.c.id == t.ligne.c.telecontrole)
        .where(t.telecontrole.c.debut >= written(since), t.telecontrole.c.debut < written(until))
        .order_by(t.ligne.c.telecontrole, t.ligne.c.seq)
    )
