"""The one message that is rendered before it is due: a code is kept nowhere else than in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.convocation import Canal, GenreEnvoi
from controle.refus import Refus
from controle.telecontrole import Telecontrole
from server.identity.second_factor import SecondFactor, Sent
from server.store import people
from server.store.people import Assure, Caisse
from server.store.sealed import person

from . import messages, outbox
from .contents import sealed
from .phones import can_receive_sms


class WithoutPhone(Refus):
    """No SMS can be sent to this person."""

    code = "sans_telephone"
    phrase = (
        "Votre caisse ne connaît pas votre numéro de téléphone mobile : appelez-la pour le lui "
        "donner, ou demandez à être reçu sur place."
    )


@dataclass(frozen=True, slots=True)
class Codes:
    """Writes the SMS of a second factor; `lifetime`: how long its code opens something."""

    origin: str
    lifetime: timedelta

    async def send(
        self,
        second_factor: SecondFactor,
        connection: AsyncConnection,
        un: Telecontrole,
        now: datetime,
        address: str,
    ) -> Sent:
        """A code of that second factor, unless one left a moment ago.

        :raises TooManyCodes: too many SMS were asked for.
        :raises WithoutPhone: none can be sent.
        """
        sent = await second_factor.send(connection, un.id, now, address)
        if sent.code is not None:
            assure = await people.assure(connection, un.assure)
            caisse = await people.caisse(connection, un.caisse)
            await self.put(connection, un, assure, caisse, sent.code, now)
        return sent

    async def put(
        self,
        connection: AsyncConnection,
        un: Telecontrole,
        assure: Assure,
        caisse: Caisse,
        code: str,
        now: datetime,
    ) -> None:
        """To the phone that the caisse knows; too late when the code has expired.

        :raises WithoutPhone: none can be sent.
        """
        if not can_receive_sms(assure.telephone):
            raise WithoutPhone
        identifier, whose = str(uuid4()), await person(connection, assure.id)
        rendered = messages.render(
            GenreEnvoi.CODE,
            un.etat,
            Canal.SMS,
            assure.langue,
            messages.Details(
                caisse=caisse.nom,
                helpline=caisse.telephone,
                start=un.debut,
                zone=un.fuseau,
                minutes=round(un.duree.total_seconds() / 60),
                link="",
                origin=self.origin,
                code=un.code,
                series=un.serie,
                sequence=un.sequence,
                access_code=code,
                access_minutes=int(self.lifetime.total_seconds() // 60),
            ),
            now,
        )
        due = outbox.Due(
            telecontrole=un.id,
            kind=GenreEnvoi.CODE,
            channel=Canal.SMS,
            to=assure.telephone,
            language=assure.langue,
            start=now,
            until=now + self.lifetime,
            rank=await outbox.next_rank(connection, un.id, GenreEnvoi.CODE),
            content=sealed(whose, identifier, rendered),
            version=rendered.version,
            assure=assure.id,
        )
        await outbox.put(connection, due, now, identifier)
