"""The médecin-conseil's side: the day, the room, the checks. The outcome is in outcomes.py."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta

from controle.presence import GenreFait, Role
from controle.telecontrole import TransitionImpossible
from server.clock import SystemClock
from server.config import Config
from server.identity.sessions import Session
from server.ledger import Ledger
from server.notify import notices
from server.record import Recorder
from server.store import listed, people
from server.store.facts import milestones
from server.store.page import Needs, Page
from server.store.sql import RegistreSql, UniteSql
from server.tickets import Tickets, check_token
from server.web.messages import ConsoleSession, Doctor, IdentityCheck, RoomAccess
from signaling.access import Access
from signaling.protocol import Day, Entry
from signaling.rooms import Rooms

from .days import Days
from .entries import Entries
from .outcomes import own


class Desk:
    """What a console asks for before the outcome, over HTTP or its socket (signaling's Desk)."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        ledger: Ledger,
        tickets: Tickets,
        recorder: Recorder,
        rooms: Rooms,
        entries: Entries,
        changed: Callable[[str], None],
        doctor_changed: Callable[[str, float], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._ledger = ledger
        self._tickets = tickets
        self._recorder = recorder
        self._rooms = rooms
        self._entries = entries
        self._days = Days(registre, entries)
        self._changed = changed
        self._doctor_changed = doctor_changed
        #: Set by app.py once the console namespace exists.
        self.push_day: Callable[[str], Awaitable[None]] | None = None
        #: With several workers, the others know who has a console here.
        self.console_here: Callable[[str, bool], None] = lambda _, __: None

    # --- the console's socket -------------------------------------------------------------------

    async def enter_console(self, access: Access) -> None:
        def enter(page: Page) -> None:
            check_token(page, access, self._clock())
            page.use(access.jti, access.expires)

        await self._ledger.write(Needs("", session=access.session, token=access.jti), enter)

    async def day(self, doctor: str) -> Day:
        """:raises NoSuchDoctor: there is none of this id."""
        return await self._days.day(doctor)

    async def entry(self, telecontrole: str) -> Entry:
        """As it is now."""
        async with self._registre.glance() as unite:
            return await self._entries.entry(unite, telecontrole)

    async def entries(self, telecontroles: Collection[str]) -> Mapping[str, tuple[str, Entry]]:
        """As they are now, at least one, with the doctor's id; without those that are not there."""
        async with self._registre.glance() as unite:
            return {
                one.un.id: (one.un.medecin_conseil, self._entries.shown(one))
                for one in await listed.some(unite.connection, telecontroles)
            }

    async def announce_delay(self, doctor: str, minutes: int) -> None:
        """Whoever waits for this doctor is told at once, and it is on their record."""
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            await people.set_delay(unite.connection, doctor, minutes, now)
            soon = await unite.du_medecin(
                doctor, now - timedelta(hours=6), now + timedelta(hours=6)
            )
            for un in soon:
                room = self._rooms.get(un.id)
                if room and room.phase == "waiting" and room.assure.presence == "present":
                    fact = self._recorder.fact(
                        GenreFait.RETARD_ANNONCE,
                        Role.MEDECIN_CONSEIL,
                        details={"minutes": minutes},
                    )
                    await unite.inscrire(un.id, fact)
        self._doctor_changed(doctor, 0)
        if self.push_day:
            await self.push_day(doctor)

    async def console_opened(self, doctor: str) -> None:
        self.console_here(doctor, True)  # noqa: FBT003 — it is what is told
        self._doctor_changed(doctor, 0)

    async def console_gone(self, doctor: str) -> None:
        self.console_here(doctor, False)  # noqa: FBT003
        # A reload takes a second or two: nobody is told that the doctor left for that.
        self._doctor_changed(doctor, 8)

    # --- session --------------------------------------------------------------------------------

    async def console(self, session: Session) -> ConsoleSession:
        async with self._registre.lecture() as unite:
            doctor = await self._doctor(unite, session.subject)
        token, lifetime = self._tickets.console(session), self._tickets.lifetime_seconds
        return ConsoleSession(doctor=doctor, token=token, expires_in=lifetime)

    async def _doctor(self, unite: UniteSql, identifier: str) -> Doctor:
        medecin = await people.medecin(unite.connection, identifier)
        caisse = await people.caisse(unite.connection, medecin.caisse)
        return Doctor(id=medecin.id, name=medecin.nom, function=medecin.fonction, caisse=caisse.nom)

    async def room_access(self, session: Session, telecontrole: str) -> RoomAccess:
        """A token for one's own room.

        :raises TelecontroleInconnu: it is not there, or not theirs: the same answer.
        """
        async with self._registre.lecture() as unite:
            un = await own(unite, session, telecontrole)
        return self._tickets.room(session, un.id, "medecin_conseil")

    # --- the checks -----------------------------------------------------------------------------

    async def check_identity(
        self, session: Session, telecontrole: str, check: IdentityCheck
    ) -> Entry:
        """Verified or not, by a person, with how; no image is kept (rows ID-02, ID-06).

        :raises TransitionImpossible: the assuré never came.
        """
        end = None
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            known = await milestones(unite.connection, un.id)
            before = un.etat
            if known.last_fact(GenreFait.ENTREE, Role.ASSURE) is None:
                # Nobody came: there is no identity to check.
                raise TransitionImpossible(before, before)
            if not check.verified:
                un.identite_non_confirmee(self._clock())
            fact = self._recorder.fact(
                GenreFait.IDENTITE_CONTROLEE,
                Role.MEDECIN_CONSEIL,
                details={"mode": check.mode, "verifiee": check.verified},
            )
            await unite.inscrire(un.id, fact)
            if un.etat is not before:
                await unite.enregistrer(un)
                await notices.forget(unite.connection, un.id)
                end = await self._recorder.end(unite, un.id, Role.MEDECIN_CONSEIL, "in_person")
        if end is not None:
            await self._rooms.close(un.id, "medecin_conseil", "identity", end.instant)
        return await self._told(un.id)

    async def need_clinical_exam(self, session: Session, telecontrole: str) -> Entry:
        """« Examen clinique nécessaire »: exactly one in-person request; the call may go on."""
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            known = un.examen_clinique
            un.constater_examen_clinique(self._clock())
            if not known:
                await unite.enregistrer(un)
                await unite.inscrire(
                    un.id, self._recorder.fact(GenreFait.EXAMEN_CLINIQUE, Role.MEDECIN_CONSEIL)
                )
        return await self._told(un.id)

    async def _told(self, telecontrole: str) -> Entry:
        self._changed(telecontrole)
        return await self.entry(telecontrole)
