"""What the assuré has said about the appointment, and what was decided: for the link's page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.presence import GenreFait
from controle.presentiel import EtatPresentiel
from controle.telecontrole import Telecontrole
from server.notify.wording import wording
from server.store import planned
from server.store import schema as t
from server.store.sql import read
from server.web.messages import Place, Said
from signaling import protocol
from signaling.protocol import Justified


@dataclass(frozen=True, slots=True)
class InPerson:
    """The in-person appointment that holds."""

    id: str
    start: datetime
    zone: str
    minutes: int
    sequence: int
    name: str
    address: str
    access: str
    hours: str

    def shown(self) -> Place:
        return Place(
            start=self.start.isoformat(),
            timezone=self.zone,
            zone=zone_in_words(self.zone),
            minutes=self.minutes,
            name=self.name,
            address=self.address,
            access=self.access,
            hours=self.hours,
        )

    def told(self) -> protocol.InPerson:
        """As a room tells it to both."""
        return protocol.InPerson(
            start=self.start.isoformat(),
            timezone=self.zone,
            site=self.name,
            address=self.address,
        )


async def said(connection: AsyncConnection, un: Telecontrole) -> Said:
    """No value of what was said: the link alone shows that it was, not what it was."""
    return Said(
        acknowledged=await happened(connection, un.id, GenreFait.ACCUSE_RECEPTION),
        needs=bool(un.besoins),
        justification=await latest_justification(connection, un.id),
    )


async def happened(connection: AsyncConnection, telecontrole: str, kind: GenreFait) -> bool:
    """Whether such a fact is on record."""
    found = await connection.scalar(
        select(t.ligne.c.seq)
        .where(t.ligne.c.telecontrole == telecontrole, t.ligne.c.genre == str(kind))
        .limit(1)
    )
    return found is not None


async def how_often(connection: AsyncConnection, telecontrole: str, kind: GenreFait) -> int:
    """How many such facts are on record."""
    found = await connection.scalar(
        select(func.count()).where(
            t.ligne.c.telecontrole == telecontrole, t.ligne.c.genre == str(kind)
        )
    )
    return int(found or 0)


_LATEST = (
    select(planned.latest_justification())
    .select_from(t.telecontrole)
    .where(t.telecontrole.c.id == bindparam("telecontrole"))
)


async def latest_justification(connection: AsyncConnection, telecontrole: str) -> Justified:
    """Where the last one stands; empty when there is none."""
    state: Justified | None = await connection.scalar(_LATEST, {"telecontrole": telecontrole})
    return state or ""


async def in_person(connection: AsyncConnection, telecontrole: str) -> InPerson | None:
    """Where and when, once an agent has fixed it."""
    at, where = t.rendez_vous.c, t.site.c
    found = await connection.execute(
        select(t.rendez_vous, t.site)
        .join(t.site, where.id == at.site)
        .where(at.telecontrole == telecontrole)
        .where(at.etat == str(EtatPresentiel.CONVOQUE))
        .limit(1)
    )
    row = found.mappings().first()
    if row is None:
        return None
    return InPerson(
        id=row[at.id],
        start=read(row[at.debut]),
        zone=row[at.fuseau],
        minutes=row[at.duree_minutes],
        sequence=row[at.sequence],
        name=row[where.nom],
        address=row[where.adresse],
        access=row[where.acces],
        hours=row[where.horaires],
    )


def zone_in_words(zone: str) -> str:
    """« heure de La Réunion »."""
    return wording("fr").zone(zone)
