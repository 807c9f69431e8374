"""The assuré's space behind the link, from J-2: acknowledge, ask, say why not. The link alone is
enough: nothing of what was said is shown again, and nobody is named."""

from collections.abc import Callable, Sequence
from uuid import uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controle.besoins import lire_besoins
from controle.etats import AVANT_ENTREE
from controle.justification import (
    EtatJustification,
    Justification,
    JustificationImpossible,
    MotifAbsence,
    deposer,
    peut_justifier,
)
from controle.presence import GenreFait, Role
from controle.refus import Refus
from controle.telecontrole import Acces, Fenetre, Telecontrole
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.notify import ics
from server.notify.details import Details, Place, checked
from server.notify.wording import known, wording
from server.record import Recorder
from server.store import people
from server.store import schema as t
from server.store.sql import RegistreSql, UniteSql, written
from server.store.tasks import open_task

from .documents import Document, Documents
from .door import DoorClosed
from .standing import InPerson, happened, how_often, in_person

#: The link alone does not say which caisse it is.
INSTITUTION = "Assurance maladie"
#: How often needs may change: who holds the link could fill the record with them.
MOST_NEEDS = 20


class TooManyJustifications(Refus):
    """As many as one appointment may hold."""

    code = "trop_de_justifications"
    phrase = (
        "Vous avez déjà envoyé plusieurs demandes pour ce rendez-vous. Pour la compléter, appelez "
        "votre caisse."
    )


class TooManyNeeds(Refus):
    """As often as one appointment may say them: each time is a line of the record."""

    code = "trop_de_besoins"
    phrase = (
        "Vous avez changé vos besoins de nombreuses fois. Pour les changer encore, appelez votre "
        "caisse."
    )


class Space:
    """Everything the holder of a link may do before the room opens, or after it has closed."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        links: Links,
        recorder: Recorder,
        documents: Documents,
        fenetre: Fenetre,
        changed: Callable[[str], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._links = links
        self._recorder = recorder
        self._documents = documents
        self._fenetre = fenetre
        self._changed = changed

    async def acknowledge(self, link: str) -> None:
        """« J'ai bien reçu, je serai là » (row CN-12): on record once; not to say it changes
        nothing.

        :raises DoorClosed: nobody is expected any more.
        """
        async with self._registre.quick_transaction() as unite:
            un = self._expected(await self._behind(unite, link))
            if await happened(unite.connection, un.id, GenreFait.ACCUSE_RECEPTION):
                return
            un.accuser_reception()
            await unite.enregistrer(un)
            await self._note(unite, un, GenreFait.ACCUSE_RECEPTION)
        self._changed(un.id)

    async def declare(self, link: str, needs: Sequence[str]) -> None:
        """What the person needs (row AC-05): an agent sees it; the record says only that it was
        said.

        :raises BesoinInconnu: not in the list.
        :raises TooManyNeeds: they have changed often enough.
        :raises DoorClosed: nobody is expected any more.
        """
        wanted = lire_besoins(needs)
        async with self._registre.quick_transaction() as unite:
            un = self._expected(await self._behind(unite, link))
            if un.besoins == wanted:
                return
            if await how_often(unite.connection, un.id, GenreFait.BESOINS_DECLARES) >= MOST_NEEDS:
                raise TooManyNeeds
            un.besoins = wanted
            await unite.enregistrer(un)
            await self._note(unite, un, GenreFait.BESOINS_DECLARES)
            if wanted:
                await open_task(unite.connection, un.id, un.caisse, "besoins", self._clock())
        self._changed(un.id)

    async def not_me(self, link: str) -> None:
        """Somebody else got the message (row JO-10): an agent checks where it was sent. The link
        goes on working: the right person may have it too.

        :raises DoorClosed: nobody is expected any more.
        """
        async with self._registre.quick_transaction() as unite:
            un = await self._behind(unite, link)
            if un.etat not in AVANT_ENTREE:
                raise DoorClosed(un.acces(self._clock(), self._fenetre).value)
            await open_task(
                unite.connection, un.id, un.caisse, "mauvais_destinataire", self._clock()
            )
            if not await happened(unite.connection, un.id, GenreFait.MAUVAIS_DESTINATAIRE):
                await self._note(unite, un, GenreFait.MAUVAIS_DESTINATAIRE)
        self._changed(un.id)

    async def agenda(self, link: str) -> str:
        """The appointment as a calendar entry: the in-person one once it is fixed.

        :raises DoorClosed: nobody is expected any more.
        """
        async with self._registre.lecture() as unite:
            un = await self._behind(unite, link)
            place = await in_person(unite.connection, un.id)
            if place is None:
                self._expected(un)
            caisse = await people.caisse(unite.connection, un.caisse)
            assure = await people.assure(unite.connection, un.assure)
        details = self._entry(un, place, caisse.telephone, link)
        spoken = wording(known(assure.langue))
        return ics.calendar("PUBLISH", spoken, checked(details), self._clock())

    def _entry(self, un: Telecontrole, place: InPerson | None, helpline: str, link: str) -> Details:
        """As in the messages (the same UID), but for the name of the caisse."""
        return Details(
            caisse=INSTITUTION,
            helpline=helpline,
            start=place.start if place else un.debut,
            zone=place.zone if place else un.fuseau,
            minutes=place.minutes if place else round(un.duree.total_seconds() / 60),
            link=f"{self._config.origin}/rdv#{link}",
            origin=self._config.origin,
            code=un.code,
            series=f"{un.serie}-presentiel" if place else un.serie,
            sequence=place.sequence if place else un.sequence,
            place=Place(
                name=place.name, address=place.address, access=place.access, hours=place.hours
            )
            if place
            else None,
        )

    # --- an absence -----------------------------------------------------------------------------

    async def check_may_justify(self, link: str) -> None:
        """Before a document is read at all.

        :raises DoorClosed: an unknown link.
        :raises Refus: there is nothing to justify, or enough was said.
        """
        async with self._registre.lecture() as unite:
            un = await self._behind(unite, link)
            if not peut_justifier(un, self._clock()):
                raise JustificationImpossible
            await self._check_room(unite.connection, un)

    async def justify(self, link: str, reason: MotifAbsence, document: Document | None) -> None:
        """Why somebody cannot, or could not, come (row CN-14); a person decides of it.

        Neither the reason nor the document reaches the record or a log: health may be in both.

        :raises DoorClosed: an unknown link.
        :raises Refus: there is nothing to justify, or enough was said.
        """
        now = self._clock()
        async with self._registre.transaction() as unite:
            un = await self._behind(unite, link)
            joined = document is not None
            one = deposer(str(uuid4()), un, reason, now, piece=joined)
            if not joined and await self._said_already(unite.connection, one):
                return
            await self._check_room(unite.connection, un)
            await _keep(unite.connection, one)
            if document is not None:
                await self._documents.keep(unite.connection, one.id, document)
            fact = self._recorder.fact(
                GenreFait.JUSTIFICATION_DEPOSEE, Role.ASSURE, details={"piece": joined}
            )
            await unite.inscrire(un.id, fact)
        self._changed(un.id)

    async def _said_already(self, connection: AsyncConnection, one: Justification) -> bool:
        """The same reason, not looked at yet: a second tap."""
        found = await connection.scalar(
            select(t.justification.c.id).where(
                t.justification.c.telecontrole == one.telecontrole,
                t.justification.c.motif == str(one.motif),
                t.justification.c.etat == str(EtatJustification.DEPOSEE),
            )
        )
        return found is not None

    async def _check_room(self, connection: AsyncConnection, un: Telecontrole) -> None:
        """Who holds the link could fill the store with them."""
        known_ones = await connection.scalars(
            select(t.justification.c.id).where(t.justification.c.telecontrole == un.id)
        )
        if len(known_ones.all()) >= self._config.documents:
            raise TooManyJustifications

    # --------------------------------------------------------------------------------------------

    async def _behind(self, unite: UniteSql, link: str) -> Telecontrole:
        identifier = await self._links.telecontrole(unite.connection, link)
        if identifier is None:
            raise DoorClosed("inconnu")
        return await unite.telecontrole(identifier)

    def _expected(self, un: Telecontrole) -> Telecontrole:
        """Somebody who has not come in yet, and still can."""
        acces = un.acces(self._clock(), self._fenetre)
        if un.etat not in AVANT_ENTREE or acces not in (Acces.TROP_TOT, Acces.OUVERT):
            raise DoorClosed(acces.value)
        return un

    async def _note(self, unite: UniteSql, un: Telecontrole, kind: GenreFait) -> None:
        await unite.inscrire(un.id, self._recorder.fact(kind, Role.ASSURE))


async def _keep(connection: AsyncConnection, one: Justification) -> None:
    await connection.execute(
        insert(t.justification).values(
            id=one.id,
            telecontrole=one.telecontrole,
            motif=str(one.motif),
            depose=written(one.depose),
            etat=str(one.etat),
        )
    )
