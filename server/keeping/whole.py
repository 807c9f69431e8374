"""A whole télécontrôle past its time: its chain is said to be destroyed, then all of it goes, and
who has no other left is forgotten."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.evidence import erasure
from server.store import schema as t
from server.store.sealed import safe_of
from server.store.sql import written

from .terms import Terms, whole_due


def hanging() -> list[tuple[Table, Column[str]]]:
    """Every table whose rows belong to a télécontrôle, those that others need last."""
    return [
        (table, column)
        for table in reversed(t.metadata.sorted_tables)
        for column in table.columns
        if any(key.column is t.telecontrole.c.id for key in column.foreign_keys)
    ]


async def due(connection: AsyncConnection, terms: Terms, most: int) -> Sequence[str]:
    query = select(t.telecontrole.c.id).where(whole_due(written(terms.record))).limit(most)
    return (await connection.scalars(query)).all()


async def destroy(connection: AsyncConnection, ids: Sequence[str], now: datetime) -> int:
    """In the caller's transaction; how many people were forgotten with them."""
    await erasure.note(connection, ids, now)
    whose = select(t.telecontrole.c.assure).where(t.telecontrole.c.id.in_(ids)).distinct()
    people = (await connection.scalars(whose)).all()
    given = select(t.justification.c.id).where(t.justification.c.telecontrole.in_(ids))
    await connection.execute(delete(t.piece).where(t.piece.c.justification.in_(given)))
    for table, column in hanging():
        await connection.execute(delete(table).where(column.in_(ids)))
    await connection.execute(delete(t.session).where(t.session.c.telecontrole.in_(ids)))
    await connection.execute(delete(t.telecontrole).where(t.telecontrole.c.id.in_(ids)))
    return await _without_any(connection, people)


async def _without_any(connection: AsyncConnection, people: Sequence[str]) -> int:
    """Of these, those with no télécontrôle left: row and key go, written over; how many."""
    still = select(t.telecontrole.c.assure).where(t.telecontrole.c.assure.in_(people))
    left = set((await connection.scalars(still)).all())
    gone = [one for one in people if one not in left]
    for one in gone:
        # As sealed.forget, without its look at messages and documents: they have just gone.
        safe_of(connection).drop(one)
    if gone:
        theirs = t.session.c.genre == "assure", t.session.c.sujet.in_(gone)
        await connection.execute(delete(t.session).where(*theirs))
        await connection.execute(delete(t.assure).where(t.assure.c.id.in_(gone)))
    return len(gone)
