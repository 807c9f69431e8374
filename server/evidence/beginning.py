"""The lines that are older than the marks: marked once, before the first head, and so for good.

A migration knows no key, so it left them bare. The service marks them, in portions, before it has
made any head; the mark says that it came afterwards. From the first head on, a line without a mark
was not written by this service.
"""

from functools import partial

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.engine import Connection

from server.store import schema as t
from server.store.chains import LINE_KEYS
from server.store.database import Database

from .heads import COUNT

#: Lines of one transaction: some ten milliseconds for those who write facts.
PORTION = 2_000

Place = tuple[str, int]


async def mark_former_lines(database: Database) -> int:
    """How many there were; none where a head exists."""
    done, place = 0, ("", 0)
    while True:
        async with database.write() as connection:
            count, end = await connection.run_sync(partial(_mark, place))
        done += count
        if end is None:
            return done
        place = end


def _mark(place: Place, connection: Connection) -> tuple[int, Place | None]:
    """A portion after `place`: how many were bare, and where it ended (None: at the end)."""
    if connection.scalar(COUNT) is not None:
        return 0, None
    c = t.ligne.c
    rows = connection.execute(
        select(c.telecontrole, c.seq, c.contenu, c.marque)
        .where(tuple_(c.telecontrole, c.seq) > tuple_(*place))
        .order_by(c.telecontrole, c.seq)
        .limit(PORTION)
    ).all()
    mark = connection.info[LINE_KEYS].afterwards()
    bare = [
        {"one": row.telecontrole, "place": row.seq, "mark": mark(row.contenu)}
        for row in rows
        if row.marque is None
    ]
    if bare:
        connection.execute(_UPDATE, bare)
    last = rows[-1] if len(rows) == PORTION else None
    return len(bare), (last.telecontrole, last.seq) if last is not None else None


_UPDATE = (
    update(t.ligne)
    .where(t.ligne.c.telecontrole == bindparam("one"), t.ligne.c.seq == bindparam("place"))
    .values(marque=bindparam("mark"))
)
