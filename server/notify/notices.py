"""Which messages each change of an appointment makes due, by both channels, and until when."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.calendrier import Regles, dernier_instant_convocation, fenetre_rappel
from controle.convocation import Canal, GenreEnvoi
from controle.telecontrole import Telecontrole
from server.store.people import Assure

from .outbox import Due, put, withdraw
from .phones import can_receive_sms

#: A cancellation that comes after the appointment is of no use.
PENDING = frozenset(GenreEnvoi) - {GenreEnvoi.ANNULATION, GenreEnvoi.CODE}


async def convoke(
    connection: AsyncConnection,
    un: Telecontrole,
    assure: Assure,
    rules: Regles,
    now: datetime,
    kind: GenreEnvoi = GenreEnvoi.CONVOCATION,
) -> None:
    """The convocation now, the reminder on the eve."""
    last = dernier_instant_convocation(un.debut, un.fuseau, rules)
    eve, evening = fenetre_rappel(un.debut, un.fuseau, rules)
    await both(connection, un, assure, kind, (now, last), now)
    await both(connection, un, assure, GenreEnvoi.RAPPEL, (max(eve, now), evening), now)


async def cancel(
    connection: AsyncConnection, un: Telecontrole, assure: Assure, now: datetime
) -> None:
    """Nothing else leaves any more; the cancellation does, while it can be of use."""
    await forget(connection, un.id)
    until = max(un.debut, now + timedelta(hours=1))
    await both(connection, un, assure, GenreEnvoi.ANNULATION, (now, until), now)


async def forget(connection: AsyncConnection, subject: str) -> None:
    """What was still to leave about it has become untrue."""
    await withdraw(connection, subject, PENDING)


async def both(
    connection: AsyncConnection,
    un: Telecontrole,
    assure: Assure,
    kind: GenreEnvoi,
    between: tuple[datetime, datetime],
    now: datetime,
    subject: str = "",
) -> None:
    """One for each channel that this person has."""
    start, until = between
    to, language = assure.courriel, assure.langue
    due = Due(un.id, kind, Canal.COURRIEL, to, language, start, until, subject, assure=assure.id)
    if assure.courriel:
        await put(connection, due, now)
    if can_receive_sms(assure.telephone):
        await put(connection, replace(due, channel=Canal.SMS, to=assure.telephone), now)
