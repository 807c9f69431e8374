"""The outbox: what was sent, kept so that it can be read and proved."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.store import schema as t
from server.store.sql import written

from .messages import Text


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it left."""

    id: int
    telecontrole: str
    genre: str
    canal: str
    destinataire: str
    objet: str
    corps: str
    instant: str


async def put(
    connection: AsyncConnection, telecontrole: str, to: str, text: Text, now: datetime
) -> None:
    """Write a message in the same transaction as what makes it due."""
    await connection.execute(
        insert(t.envoi).values(
            telecontrole=telecontrole,
            genre=text.kind,
            canal=text.channel,
            destinataire=to,
            objet=text.subject,
            corps=text.body,
            instant=written(now),
        )
    )


async def latest(connection: AsyncConnection, limit: int = 200) -> list[Sent]:
    rows = await connection.execute(select(t.envoi).order_by(t.envoi.c.id.desc()).limit(limit))
    return [Sent(**row) for row in rows.mappings()]
