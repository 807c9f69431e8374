"""From a row of the outbox to words: what the message must say is read, then written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import GenreEnvoi
from controle.presentiel import EtatPresentiel
from server.identity.links import Links
from server.store import schema as t
from server.store.sql import read

from . import messages
from .contents import opened, sealed
from .judgement import BOOKING
from .messages import Details, Place
from .outbox import Envoi
from .parcel import Parcel

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Draft:
    """Words for the row `envoi`, sealed to be kept; both empty when it could not be written."""

    envoi: str
    content: str
    version: str


class Drafts:
    """Reads what messages say; `origin` is where their links lead."""

    def __init__(self, links: Links, origin: str) -> None:
        self._links = links
        self._origin = origin

    async def gather(
        self, connection: AsyncConnection, envois: Sequence[Envoi]
    ) -> list[tuple[Envoi, Details | None]]:
        """What each must say; None when that cannot be known."""
        if not envois:
            return []
        ids = {envoi.telecontrole for envoi in envois}
        rows = await _rows(connection, ids)
        secrets = await self._links.secrets_of(connection, ids)
        found = []
        for envoi in envois:
            secret = secrets.get(envoi.telecontrole)
            link = f"{self._origin}/rdv#{secret}" if secret else ""
            try:
                details = await self._details(connection, envoi, rows[envoi.telecontrole], link)
            except Exception:
                # One broken row must not keep the others from leaving.
                log.exception("message_not_read", telecontrole=envoi.telecontrole)
                details = None
            found.append((envoi, details))
        return found

    def write(
        self, gathered: Sequence[tuple[Envoi, Details | None]], now: datetime
    ) -> dict[str, Draft]:
        """By id. Takes milliseconds each: not for the event loop."""
        return {envoi.id: self._draft(envoi, details, now) for envoi, details in gathered}

    def _draft(self, envoi: Envoi, details: Details | None, now: datetime) -> Draft:
        if details is None or envoi.person is None:
            return Draft(envoi.id, "", "")
        try:
            words = messages.render(
                envoi.kind, envoi.standing, envoi.channel, envoi.language, details, now
            )
            return Draft(envoi.id, sealed(envoi.person, envoi.id, words), words.version)
        except Exception:
            log.exception("message_not_written", telecontrole=envoi.telecontrole)
            return Draft(envoi.id, "", "")

    def parcel(self, envoi: Envoi, content: str) -> Parcel:
        """The same words at every attempt.

        :raises Unreadable: sealed with another key, or for another row.
        """
        words = opened(envoi.person, envoi.id, content)
        return Parcel(
            key=envoi.id,
            channel=envoi.channel,
            kind=envoi.kind,
            to=envoi.to,
            language=envoi.language,
            subject=words.subject,
            text=words.text,
            html=words.html,
            calendar=words.calendar,
            calendar_method=words.calendar_method,
        )

    # --- what a message says --------------------------------------------------------------------

    async def _details(
        self, connection: AsyncConnection, envoi: Envoi, un: RowMapping, link: str
    ) -> Details | None:
        details = self._visio(un, link)
        if envoi.kind in BOOKING:
            return await _in_person(connection, envoi, details)
        if not link and envoi.kind is not GenreEnvoi.ANNULATION:
            # Its link was revoked: a convocation that leads nowhere convenes nobody.
            return None
        return details

    def _visio(self, un: RowMapping, link: str) -> Details:
        return Details(
            caisse=un["nom"],
            helpline=un["telephone"],
            helpline_hours=un["horaires"],
            controller=un["responsable"],
            dpo=un["dpd"],
            retention=un["conservation"],
            start=read(un["debut"]),
            zone=un["zone"],
            minutes=un["duree_minutes"],
            link=link,
            origin=self._origin,
            code=un["code"],
            series=un["serie"],
            sequence=un["sequence"],
            previous=read(un["avant"]) if un["avant"] else None,
        )


async def _rows(connection: AsyncConnection, ids: Collection[str]) -> dict[str, RowMapping]:
    """Each télécontrôle with its caisse, and the date that it replaces."""
    un, before = t.telecontrole, t.telecontrole.alias("before")
    rows = await connection.execute(
        select(un, t.caisse, un.c.fuseau.label("zone"), before.c.debut.label("avant"))
        .join(t.caisse, t.caisse.c.id == un.c.caisse)
        .outerjoin(before, before.c.id == un.c.suite_de)
        .where(un.c.id.in_(ids))
    )
    return {row[un.c.id]: row for row in rows.mappings()}


async def _in_person(connection: AsyncConnection, envoi: Envoi, visio: Details) -> Details | None:
    """Its own entry in the calendar, apart from the visio's."""
    query = (
        select(t.rendez_vous, t.site.c.nom, t.site.c.adresse, t.site.c.acces, t.site.c.horaires)
        .join(t.site, t.site.c.id == t.rendez_vous.c.site)
        .where(t.rendez_vous.c.id == envoi.subject)
    )
    booked = (await connection.execute(query)).mappings().first()
    if booked is None:
        return None
    return replace(
        visio,
        start=read(booked["debut"]),
        zone=booked["fuseau"],
        minutes=booked["duree_minutes"],
        # The same UID as in the assuré's space (server/assure/space.py).
        series=f"{visio.series}-presentiel",
        sequence=booked["sequence"],
        previous=await _replaced(connection, envoi.telecontrole, booked["sequence"]),
        place=Place(
            name=booked["nom"],
            address=booked["adresse"],
            access=booked["acces"],
            hours=booked["horaires"],
        ),
    )


async def _replaced(
    connection: AsyncConnection, telecontrole: str, sequence: int
) -> datetime | None:
    """The date that this in-person appointment replaces."""
    if not sequence:
        return None
    start = await connection.scalar(
        select(t.rendez_vous.c.debut).where(
            t.rendez_vous.c.telecontrole == telecontrole,
            t.rendez_vous.c.sequence == sequence - 1,
            t.rendez_vous.c.etat == str(EtatPresentiel.DEPLACE),
        )
    )
    return read(start) if start else None
