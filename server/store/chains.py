"""Many facts at once: each at the end of its own chain, in two statements for all."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import func, insert, select, tuple_
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.chaine import Ligne, Tete, chainer_et_ecrire
from controle.presence import Fait

from . import schema as t

#: Makes the mark of a line's text (server/evidence/line_keys.py).
Mark = Callable[[str], str]
#: Under this name a connection holds the keys that mark what it writes.
LINE_KEYS = "line_keys"


async def inscribe(connection: AsyncConnection, facts: Sequence[tuple[str, Fait]]) -> None:
    """Append each fact to the chain of its télécontrôle, in this order. Each must exist."""
    if not facts:
        return
    last = await heads(connection, {telecontrole for telecontrole, _ in facts})
    lines, mark = [], marker(connection)
    for telecontrole, fact in facts:
        line, text = chainer_et_ecrire(telecontrole, last.get(telecontrole), fact)
        last[telecontrole] = line.tete
        lines.append(row_of(line, text, mark))
    await connection.execute(insert(t.ligne), lines)


def marker(connection: AsyncConnection | Connection) -> Mark:
    """What marks the lines written in this transaction."""
    mark: Mark = connection.info[LINE_KEYS].marker()
    return mark


def row_of(line: Ligne, text: str, mark: Mark) -> dict[str, object]:
    """A line as it is stored; `text` is the whole of it."""
    return {
        "telecontrole": line.telecontrole,
        "seq": line.seq,
        "genre": str(line.fait.genre),
        "empreinte": line.empreinte,
        "contenu": text,
        "marque": mark(text),
    }


async def heads(connection: AsyncConnection, telecontroles: Collection[str]) -> dict[str, Tete]:
    """The last line's number and hash of each that has one."""
    latest = (
        select(t.ligne.c.telecontrole, func.max(t.ligne.c.seq))
        .where(t.ligne.c.telecontrole.in_(telecontroles))
        .group_by(t.ligne.c.telecontrole)
    )
    rows = await connection.execute(
        select(t.ligne.c.telecontrole, t.ligne.c.seq, t.ligne.c.empreinte).where(
            tuple_(t.ligne.c.telecontrole, t.ligne.c.seq).in_(latest)
        )
    )
    return {row.telecontrole: (row.seq, row.empreinte) for row in rows}
