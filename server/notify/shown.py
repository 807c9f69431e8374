"""What was sent, as the person who got it sees it: for the demo's outbox."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import PARTIS
from server.store import schema as t
from server.store.sealed import Safe, safe_of, shown

from .contents import displayed
from .outbox import RECIPIENT


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


#: A row of the outbox with what opens it.
SENDS = (
    select(t.envoi, t.assure.c.id.label("assure"), t.assure.c.cle)
    .join(t.telecontrole, t.telecontrole.c.id == t.envoi.c.telecontrole)
    .join(t.assure, t.assure.c.id == t.telecontrole.c.assure)
)


async def latest(connection: AsyncConnection, limit: int = 200) -> list[Shown]:
    rows = await connection.execute(
        SENDS.where(t.envoi.c.etat.in_([str(state) for state in PARTIS]))
        .order_by(t.envoi.c.envoye.desc(), t.envoi.c.id)
        .limit(limit)
    )
    safe = safe_of(connection)
    return [_shown(row, safe) for row in rows.mappings()]


async def one(connection: AsyncConnection, envoi: str) -> Shown:
    """Whatever its state; of one that has no words yet, empty ones."""
    row = (await connection.execute(SENDS.where(t.envoi.c.id == envoi))).mappings().one()
    return _shown(row, safe_of(connection))


def _shown(row: RowMapping, safe: Safe) -> Shown:
    whose = safe.seen(row["assure"], row["cle"])
    words = displayed(whose, row["id"], row["contenu"]) if row["contenu"] else None
    return Shown(
        id=row["id"],
        telecontrole=row["telecontrole"],
        kind=row["genre"],
        channel=row["canal"],
        to=shown(whose, RECIPIENT, row["id"], row["destinataire"]),
        state=row["etat"],
        sent=row["envoye"] or row["cree"],
        subject=words.subject if words else "",
        text=words.text if words else "",
        html=words.html if words else "",
    )
