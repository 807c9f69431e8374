"""What was sent, as the person who got it sees it: for the demo's outbox."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import PARTIS
from server.identity.vault import Vault
from server.store import schema as t

from .contents import opened


@dataclass(frozen=True, slots=True)
class Shown:
    """One message that left. `text` is empty for a code, which is not kept once sent."""

    id: str
    telecontrole: str
    kind: str
    channel: str
    to: str
    state: str
    sent: str
    subject: str
    text: str
    html: str


async def latest(connection: AsyncConnection, vault: Vault, limit: int = 200) -> list[Shown]:
    rows = await connection.execute(
        select(t.envoi)
        .where(t.envoi.c.etat.in_([str(state) for state in PARTIS]))
        .order_by(t.envoi.c.envoye.desc(), t.envoi.c.id)
        .limit(limit)
    )
    return [shown(row, vault) for row in rows.mappings()]


def shown(row: RowMapping, vault: Vault) -> Shown:
    words = opened(vault, row["id"], row["contenu"]) if row["contenu"] else None
    return Shown(
        id=row["id"],
        telecontrole=row["telecontrole"],
        kind=row["genre"],
        channel=row["canal"],
        to=row["destinataire"],
        state=row["etat"],
        sent=row["envoye"] or row["cree"],
        subject=words.subject if words else "",
        text=words.text if words else "",
        html=words.html if words else "",
    )
