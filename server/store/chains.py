"""Many facts at once: each at the end of its own chain, in two statements for all."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.chaine import Ligne, Tete, chainer_et_ecrire
from controle.presence import Fait

from . import schema as t


async def inscribe(connection: AsyncConnection, facts: Sequence[tuple[str, Fait]]) -> None:
    """Append each fact to the chain of its télécontrôle, in this order. Each must exist."""
    if not facts:
        return
    last = await heads(connection, {telecontrole for telecontrole, _ in facts})
    lines = []
    for telecontrole, fact in facts:
        line, text = chainer_et_ecrire(telecontrole, last.get(telecontrole), fact)
        last[telecontrole] = line.tete
        lines.append(row_of(line, text))
    await connection.execute(insert(t.ligne), lines)


def row_of(line: Ligne, text: str) -> dict[str, object]:
    """A line as it is stored; `text` is the whole of it."""
    return {
        "telecontrole": line.telecontrole,
        "seq": line.seq,
        "genre": str(line.fait.genre),
        "empreinte": line.empreinte,
        "contenu": text,
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
