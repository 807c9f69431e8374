"""The service médical around an appointment: who was called, why somebody did not come, and where
they are received instead."""

from collections.abc import Callable

from controle.etats import VIVANTS
from controle.presence import GenreFait, Role
from controle.refus import Refus
from controle.telecontrole import Etat, Telecontrole, TransitionImpossible
from server.assure.documents import Document, Documents
from server.assure.standing import in_person
from server.caisse import agent_view
from server.caisse.inperson import InPerson
from server.caisse.justified import Examiner, justifications
from server.caisse.planning import Planning
from server.clock import SystemClock
from server.identity.sessions import Session
from server.record import Recorder
from server.store import appointments, tasks
from server.store.sql import RegistreSql, UniteSql
from server.web.agent_messages import CallForm, DecisionForm, InPersonForm, Slot
from server.web.console_messages import InPersonChoices, InPersonChosen
from signaling.protocol import Entry

from .desk import Desk
from .outcomes import own

#: Still worth a call: expected, or not seen.
CALLABLE = VIVANTS | {Etat.NON_CONNECTE, Etat.ABSENCE_INJUSTIFIEE}


class PieceInconnue(Refus):
    """No such document, or none of this télécontrôle."""

    code = "piece_inconnue"
    phrase = "Ce document n'existe pas."


class Medical:
    """`changed`: the consoles of a télécontrôle are told."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        recorder: Recorder,
        desk: Desk,
        planning: Planning,
        booking: InPerson,
        documents: Documents,
        changed: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._recorder = recorder
        self._desk = desk
        self._planning = planning
        self._booking = booking
        self._documents = documents
        self._changed = changed
        self._examiner = Examiner(clock, recorder)

    # --- somebody did not come ------------------------------------------------------------------

    async def called(self, session: Session, telecontrole: str, form: CallForm) -> Entry:
        """« J'ai appelé », on record: without a call nobody is absent without reason (row OP-12).

        :raises TransitionImpossible: there is nobody to call any more.
        """
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            if un.etat not in CALLABLE:
                raise TransitionImpossible(un.etat, un.etat)
            fact = self._recorder.fact(
                GenreFait.APPEL_TENTE, Role.MEDECIN_CONSEIL, details={"resultat": form.result}
            )
            await unite.inscrire(un.id, fact)
            now, by = self._clock(), session.subject
            await tasks.close_task(unite.connection, un.id, "appeler", by, now)
        return await self._told(un)

    async def document(self, session: Session, telecontrole: str, given: str) -> Document:
        """What was joined to a justification; only for the médecin-conseil of this télécontrôle.

        :raises TelecontroleInconnu: not theirs.
        :raises PieceInconnue: not of this télécontrôle.
        """
        async with self._registre.lecture() as unite:
            un = await own(unite, session, telecontrole)
            mine = {one.id for one in await justifications(unite.connection, un.id)}
            found = None
            if given in mine:
                found = await self._documents.open(unite.connection, given)
        if found is None:
            raise PieceInconnue
        return found

    async def decide(
        self, session: Session, telecontrole: str, given: str, form: DecisionForm
    ) -> Entry:
        """The service médical reads every reason, and decides of each (row CN-14).

        :raises DejaDecide: somebody has, or there is no such justification.
        """
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            accept = form.decision == "accepter"
            await self._examiner.decide(
                unite, un, session.subject, accept=accept, medical=True, which=given
            )
        await self._planning.tell(un)
        return await self._told(un)

    # --- in person ------------------------------------------------------------------------------

    async def choices(self, session: Session, telecontrole: str) -> InPersonChoices:
        """What is fixed, or the next hours that can be proposed during the call (row IP-03)."""
        async with self._registre.lecture() as unite:
            return await self._choices(unite, await own(unite, session, telecontrole))

    async def book(
        self, session: Session, telecontrole: str, chosen: InPersonChosen
    ) -> InPersonChoices:
        """One of them: its convocation leaves, and both sides of the room are pushed the date.

        :raises Refus: nothing asks for it, somebody else took that hour.
        """
        form = InPersonForm(site=chosen.site, start=chosen.start)
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            await self._booking.book(unite, un, form, session.subject)
            told = await self._choices(unite, un)
        await self._planning.tell()
        self._changed(un.id)
        return told

    async def _choices(self, unite: UniteSql, un: Telecontrole) -> InPersonChoices:
        fixed = await in_person(unite.connection, un.id)
        sites = await appointments.sites(unite.connection, un.caisse)
        free = await self._booking.propose(unite, un) if un.presentiel and sites else []
        return InPersonChoices(
            requested=un.presentiel is not None,
            timezone=un.fuseau,
            booked=fixed.shown() if fixed else None,
            sites=[agent_view.site(one) for one in sites],
            slots=[
                Slot(start=agent_view.local(one.debut, un.fuseau), at=one.debut.isoformat())
                for one in free
            ],
        )

    async def _told(self, un: Telecontrole) -> Entry:
        self._changed(un.id)
        return await self._desk.entry(un.id)
