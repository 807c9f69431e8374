"""A chain that is destroyed at the end of its keeping: said before, marked, attested by a head.

Without it, an audit takes the missing télécontrôle for what a thief of evidence leaves.
"""

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.chains import heads, marker
from server.store.sql import written


async def note(connection: AsyncConnection, telecontroles: Collection[str], now: datetime) -> None:
    """In the transaction that then deletes their lines."""
    last, mark = await heads(connection, telecontroles), marker(connection)
    rows = [
        {
            "telecontrole": one, "longueur": length, "tete": head, "instant": written(now),
            "marque": mark(text_of(one, length, head, written(now))),
        }
        for one, (length, head) in last.items()
    ]  # fmt: skip
    if rows:
        await connection.execute(insert(t.efface), rows)


def text_of(telecontrole: str, length: int, head: str, instant: str) -> str:
    """What the mark covers."""
    return json.dumps(["efface", telecontrole, length, head, instant])
