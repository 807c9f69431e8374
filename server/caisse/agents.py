"""An agent's acts: plan, move, cancel, call, decide, correct, book in person. Each is one
transaction over what belongs to the agent's caisse; what belongs to another does not exist."""

from collections.abc import Callable, Collection

from controle.convocation import Canal
from controle.etats import AVANT_ENTREE
from controle.presence import SERVICE, GenreFait
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Etat, Telecontrole, TransitionImpossible
from server.clock import SystemClock
from server.identity.sessions import Session
from server.notify.drafts import Drafts
from server.record import Recorder
from server.store import agenda, people, tasks
from server.store.people import Agent, save_assure
from server.store.sql import RegistreSql, UniteSql
from server.web.agent_messages import (
    AbsenceForm,
    CallForm,
    ContactForm,
    InPersonForm,
    MoveForm,
    PlanForm,
    ReasonDecided,
    ReassignForm,
    ResendForm,
)

from . import contacts, post, readdress
from .away import absence, theirs
from .inperson import InPerson
from .justified import Examiner
from .planning import NEAR, Planning


class TacheInconnue(Refus):
    """No such task is open, or it ends by itself."""

    code = "tache_inconnue"
    phrase = "Cette tâche n'est pas à faire, ou se termine d'elle-même."


class Agents:
    """`changed`: consoles are told."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        planning: Planning,
        in_person: InPerson,
        recorder: Recorder,
        drafts: Drafts,
        changed: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._registre = registre
        self._planning = planning
        self._in_person = in_person
        self._recorder = recorder
        self._drafts = drafts
        self._changed = changed
        self._examiner = Examiner(clock, recorder)

    # --- the appointment ------------------------------------------------------------------------

    async def plan(self, agent: Agent, form: PlanForm) -> str:
        """:raises Refus: what is wrong with it."""
        async with self._registre.transaction() as unite:
            un = await self._planning.plan(unite, agent.caisse, form, agent.id)
        await self._planning.tell(un)
        return un.id

    async def move(self, agent: Agent, identifier: str, form: MoveForm) -> str:
        """The one that replaces it."""
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            new = await self._planning.move(unite, un, form, agent.id)
        await self._planning.tell(un, new)
        return new.id

    async def cancel(self, agent: Agent, identifier: str) -> str:
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            await self._planning.cancel(unite, un, agent.id)
        await self._planning.tell(un)
        return un.id

    async def reassign(self, agent: Agent, identifier: str, form: ReassignForm) -> str:
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            before = await self._planning.reassign(unite, un, form.doctor, agent.id)
        await self._planning.tell(un, before=before)
        return un.id

    async def absent(self, agent: Agent, doctor: str, form: AbsenceForm) -> None:
        """A médecin-conseil is away: nothing is given to them then any more.

        :raises Refus: as `absence`.
        """
        async with self._registre.transaction() as unite:
            away = await absence(unite.connection, agent, doctor, form)
            await agenda.add_absence(unite.connection, doctor, away)

    async def here_again(self, agent: Agent, doctor: str, absence_id: str) -> None:
        """That absence was entered by mistake, or given up; nothing, where it is gone already.

        :raises MedecinInconnu: not of the agent's caisse.
        """
        async with self._registre.transaction() as unite:
            await theirs(unite.connection, agent, doctor)
            await agenda.remove_absence(unite.connection, doctor, absence_id)

    # --- the person -----------------------------------------------------------------------------

    async def correct(self, agent: Agent, identifier: str, form: ContactForm) -> str:
        """New contact details, for every appointment of this person; what did not arrive leaves
        again.

        :raises Refus: one of them is not valid, or none is left.
        """
        now = self._clock()
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            before = await people.assure(unite.connection, un.assure)
            after = contacts.corrected(before, form)
            await save_assure(unite.connection, after)
            followed = await readdress.follow_person(unite, before, after, now)
            for other, again in followed.items():
                done = ("mauvais_destinataire", *(("non_remise",) if again else ()))
                await self._close(unite, other, done, agent)
        await self._planning.tell()
        return un.id

    async def resend(self, agent: Agent, identifier: str, form: ResendForm) -> str:
        """:raises TransitionImpossible: it is no longer awaited.
        :raises Refus: there is no such address, or it is too late.
        """
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            if un.etat not in AVANT_ENTREE:
                raise TransitionImpossible(un.etat, un.etat)
            assure = await people.assure(unite.connection, un.assure)
            channel = Canal(form.channel)
            await readdress.resend(unite, un, assure, channel, self._clock())
        await self._planning.tell()
        return un.id

    async def called(self, agent: Agent, identifier: str, form: CallForm) -> str:
        """On record: without a call, nobody is said to be absent without reason (row OP-12)."""
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            if un.etat is Etat.BROUILLON:
                raise TransitionImpossible(un.etat, un.etat)
            details = {"resultat": form.result, "par": agent.id}
            fact = self._recorder.fact(GenreFait.APPEL_TENTE, SERVICE, details=details)
            await unite.inscrire(un.id, fact)
            await self._close(unite, un.id, ("appeler",), agent)
        await self._noted(un)
        return un.id

    async def decide(self, agent: Agent, identifier: str, form: ReasonDecided) -> str:
        """:raises DejaDecide, ReserveAuServiceMedical: it is not for this agent to decide."""
        which = form.justification
        accept = form.decision == "accepter"
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            await self._examiner.decide(unite, un, agent.id, accept=accept, which=which)
        await self._planning.tell(un)
        return un.id

    # --- in person ------------------------------------------------------------------------------

    async def book(self, agent: Agent, identifier: str, form: InPersonForm) -> str:
        """:raises Refus: nothing asks for it, the calendar or the agenda says no."""
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            await self._in_person.book(unite, un, form, agent.id)
        await self._noted(un)
        return un.id

    async def unbook(self, agent: Agent, identifier: str) -> str:
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            await self._in_person.cancel(unite, un, agent.id)
        await self._noted(un)
        return un.id

    # --- tasks ----------------------------------------------------------------------------------

    async def done(self, agent: Agent, identifier: str, kind: str) -> str:
        """:raises TacheInconnue: it is not open, or ends by itself."""
        async with self._registre.transaction() as unite:
            un = await own(unite, agent, identifier)
            now = self._clock()
            if not await tasks.close_task(unite.connection, un.id, kind, agent.id, now):
                raise TacheInconnue
            if kind in post.LETTERS:
                await post.posted(unite, self._drafts, self._recorder, un.id, kind, now)
        await self._noted(un)
        return un.id

    async def _noted(self, un: Telecontrole) -> None:
        """The outbox may have work; a console that shows it shows it anew."""
        if abs(un.debut - self._clock()) < NEAR:
            self._changed(un.id)
        await self._planning.tell()

    async def _close(
        self, unite: UniteSql, telecontrole: str, kinds: Collection[str], agent: Agent
    ) -> None:
        for kind in kinds:
            now = self._clock()
            await tasks.close_task(unite.connection, telecontrole, kind, agent.id, now)


async def agent_of(unite: UniteSql, session: Session) -> Agent:
    return await people.agent(unite.connection, session.subject)


async def own(unite: UniteSql, agent: Agent, identifier: str) -> Telecontrole:
    """One of the agent's caisse.

    :raises TelecontroleInconnu: it is not there, or not theirs: the same answer.
    """
    un = await unite.telecontrole(identifier)
    if un.caisse != agent.caisse:
        raise TelecontroleInconnu
    return un
