"""When the service last lived. An outage leaves no other trace of its own."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from . import schema as t
from .sql import read, written

ALIVE = "en_vie"


async def mark(connection: AsyncConnection, now: datetime) -> None:
    """Alive, now; with several servers on one database, one of them at least."""
    marked = await connection.execute(
        update(t.marque).where(t.marque.c.nom == ALIVE).values(instant=written(now))
    )
    if not marked.rowcount:
        await connection.execute(insert(t.marque).values(nom=ALIVE, instant=written(now)))


async def last(connection: AsyncConnection) -> datetime | None:
    found = await connection.scalar(select(t.marque.c.instant).where(t.marque.c.nom == ALIVE))
    return read(found) if found else None
