"""The assuré's way in: link, code, session, information, room; and the way out, in person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controle.besoins import ecrit
from controle.chaine import MotifSceau
from controle.presence import GenreFait, Role
from controle.telecontrole import Acces, Etat, Fenetre, Telecontrole
from server.attestation import offer
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.identity.second_factor import Checked, SecondFactor
from server.identity.second_factor import Sent as CodeToSend
from server.identity.sessions import Session, Sessions
from server.notify import notices
from server.notify.codes import Codes
from server.record import Recorder
from server.store import people, tasks
from server.store.facts import milestones
from server.store.sql import RegistreSql, UniteSql
from server.technical.browsers import Family
from server.tickets import Tickets
from server.web.messages import Appointment, Information, LinkState, Place, RoomAccess, Said, Visit
from signaling.rooms import Rooms

from . import information, standing


class DoorClosed(Exception):
    """The appointment cannot be entered now; `acces` says why."""

    def __init__(self, acces: str) -> None:
        super().__init__(acces)
        self.acces = acces


class CodeRefused(Exception):
    """The code was wrong, out of time, or tried too often."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked.verdict)
        self.checked = checked


@dataclass(frozen=True, slots=True)
class Entered:
    """A new session; `secret` goes into its cookie."""

    session: Session
    secret: str


class Door:
    """Everything an assuré can ask for over HTTP."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        links: Links,
        second_factor: SecondFactor,
        sessions: Sessions,
        tickets: Tickets,
        recorder: Recorder,
        rooms: Rooms,
        fenetre: Fenetre,
        changed: Callable[[str], None],
        codes: Codes,
        nudge: Callable[[], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._links = links
        self._second_factor = second_factor
        self._sessions = sessions
        self._tickets = tickets
        self._recorder = recorder
        self._rooms = rooms
        self._fenetre = fenetre
        self._changed = changed
        self._codes = codes
        self._nudge = nudge

    # --- before the second factor ---------------------------------------------------------------

    async def state(self, link: str, session: Session | None) -> LinkState:
        """Where the appointment stands; reads only, and names nobody without a session."""
        async with self._registre.glance() as unite:
            identifier = await self._links.telecontrole(unite.connection, link)
            if identifier is None:
                return LinkState(access="inconnu", helpline=self._config.helpline)
            un = await unite.telecontrole(identifier)
            caisse = await people.caisse(unite.connection, un.caisse)
            acces = un.acces(self._clock(), self._fenetre)
            mine = session is not None and session.telecontrole == un.id
            visit = None
            open_now = acces is Acces.OUVERT
            if mine and session is not None and open_now:
                visit = await self._visit(unite, un, session)
            at = await self._when(unite, un, acces)
            return LinkState(
                access=acces.value,
                helpline=caisse.telephone,
                at=at.isoformat() if at else None,
                timezone=un.fuseau,
                opens_in=self._opens_in(un) if acces is Acces.TROP_TOT else None,
                in_person=un.presentiel is not None,
                start=un.debut.isoformat(),
                minutes=round(un.duree.total_seconds() / 60),
                zone=standing.zone_in_words(un.fuseau),
                # Whoever comes in now waits for nothing that their screen does not show.
                said=Said() if open_now else await standing.said(unite.connection, un),
                place=None if open_now else await self._place(unite, un),
                attestation=await offer.possible(self._clock, self._fenetre, unite, un),
                visit=visit,
            )

    async def _place(self, unite: UniteSql, un: Telecontrole) -> Place | None:
        found = await standing.in_person(unite.connection, un.id)
        return found.shown() if found else None

    async def _when(self, unite: UniteSql, un: Telecontrole, acces: Acces) -> datetime | None:
        if acces is Acces.TROP_TOT:
            return un.ouverture(self._fenetre)
        if acces is Acces.TROP_TARD:
            return un.fermeture(self._fenetre)
        end = (await milestones(unite.connection, un.id)).last_fact(GenreFait.FIN)
        return end.instant if end else None

    def _opens_in(self, un: Telecontrole) -> int:
        return max(0, -int((self._clock() - un.ouverture(self._fenetre)).total_seconds() // 1))

    async def send_code(self, link: str, address: str) -> CodeToSend:
        """« Continuer »: a code goes to the phone that the caisse knows.

        :raises DoorClosed: unknown link, or not now.
        """
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            un = await self._open(unite, link)
            sent = await self._codes.send(self._second_factor, unite.connection, un, now, address)
        self._nudge()
        return sent

    async def enter(self, link: str, code: str, browser: Family, address: str) -> Entered:
        """The link and the code together open a session; `browser` is for statistics (0019),
        `address` counts wrong codes (0023).

        :raises DoorClosed: unknown link, or not now.
        :raises CodeRefused: and the failure is on record.
        """
        now = self._clock()
        async with self._registre.quick_transaction() as unite:
            un = await self._open(unite, link)
            checked = await self._second_factor.check(unite.connection, un.id, code, now, address)
            right = checked.verdict == "right"
            kind = GenreFait.SECOND_FACTEUR_REUSSI if right else GenreFait.SECOND_FACTEUR_ECHOUE
            detail = {"navigateur": str(browser)} if right else {"cause": checked.verdict}
            if checked.counted:
                await unite.inscrire(un.id, self._recorder.fact(kind, Role.ASSURE, details=detail))
            if checked.counted and checked.verdict == "locked":
                # Somebody cannot get in, or somebody else tries to: a person looks.
                await tasks.open_task(unite.connection, un.id, un.caisse, "acces_verrouille", now)
            if right:
                session, secret = await self._sessions.open(
                    unite.connection, "assure", un.assure, now, un.id
                )
        if not right:
            raise CodeRefused(checked)
        return Entered(session, secret)

    async def _open(self, unite: UniteSql, link: str) -> Telecontrole:
        identifier = await self._links.telecontrole(unite.connection, link)
        if identifier is None:
            raise DoorClosed("inconnu")
        un = await unite.telecontrole(identifier)
        self._check_open(un)
        return un

    def _check_open(self, un: Telecontrole) -> None:
        acces = un.acces(self._clock(), self._fenetre)
        if acces is not Acces.OUVERT:
            raise DoorClosed(acces.value)

    # --- with a session -------------------------------------------------------------------------

    async def visit(self, session: Session) -> Visit:
        async with self._registre.glance() as unite:
            un = await unite.telecontrole(session.telecontrole)
            return await self._visit(unite, un, session)

    async def _visit(self, unite: UniteSql, un: Telecontrole, session: Session) -> Visit:
        caisse = await people.caisse(unite.connection, un.caisse)
        medecin = await people.medecin(unite.connection, un.medecin_conseil)
        accepted = (await milestones(unite.connection, un.id)).last_detail(
            GenreFait.INFORMATION_ACCEPTEE, "version"
        )
        return Visit(
            appointment=Appointment(
                start=un.debut.isoformat(),
                timezone=un.fuseau,
                duration_minutes=int(un.duree.total_seconds() // 60),
                caisse=caisse.nom,
                helpline=caisse.telephone,
                doctor_name=medecin.nom,
                doctor_function=medecin.fonction,
            ),
            information=Information(
                version=information.VERSION,
                paragraphs=list(information.PARAGRAPHS),
                accepted=accepted == information.VERSION,
            ),
            access=self._tickets.room(session, session.telecontrole, "assure"),
            writes=ecrit(un.besoins),
        )

    async def room_access(self, session: Session) -> RoomAccess:
        """A fresh token; the room itself refuses who has not accepted the information.

        :raises DoorClosed: the appointment is over.
        """
        async with self._registre.glance() as unite:
            self._check_open(await unite.telecontrole(session.telecontrole))
        return self._tickets.room(session, session.telecontrole, "assure")

    async def consent(self, session: Session, version: str) -> None:
        """Accepted: on record once for each version of the text.

        :raises ValueError: not the version that is shown today.
        :raises DoorClosed: the appointment is over.
        """
        if version != information.VERSION:
            raise ValueError(version)
        accepted = {"version": version, "empreinte": information.digest()}
        async with self._registre.quick_transaction() as unite:
            self._check_open(await unite.telecontrole(session.telecontrole))
            known = await milestones(unite.connection, session.telecontrole)
            last = known.last_fact(GenreFait.INFORMATION_ACCEPTEE)
            if last is None or last.details != accepted:
                fact = self._recorder.fact(
                    GenreFait.INFORMATION_ACCEPTEE, Role.ASSURE, details=accepted
                )
                await unite.inscrire(session.telecontrole, fact)

    # --- in person ------------------------------------------------------------------------------

    async def refuse(self, link: str, session: Session | None) -> datetime:
        """Refuse the visio: before entering, the link alone is enough (row CN-13).

        :raises DoorClosed: unknown link, or somebody is inside and this is not them.
        """
        async with self._registre.quick_transaction() as unite:
            identifier = await self._links.telecontrole(unite.connection, link)
            if identifier is None:
                raise DoorClosed("inconnu")
            un = await unite.telecontrole(identifier)
            inside = un.etat in (Etat.EN_ATTENTE, Etat.EN_COURS)
            if inside and (session is None or session.telecontrole != un.id):
                raise DoorClosed("ouvert")
            at = await self._in_person(unite, un, GenreFait.REFUS_VISIO)
        await self._rooms.close(identifier, "assure", "refused", at)
        self._changed(identifier)
        return at

    async def request_in_person(self, session: Session) -> datetime:
        """Stop, and meet in person instead (row CO-18); at any time, by the assuré alone."""
        async with self._registre.quick_transaction() as unite:
            un = await unite.telecontrole(session.telecontrole)
            at = await self._in_person(unite, un, GenreFait.DEMANDE_PRESENTIEL)
        await self._rooms.close(session.telecontrole, "assure", "in_person", at)
        self._changed(session.telecontrole)
        return at

    async def _in_person(self, unite: UniteSql, un: Telecontrole, kind: GenreFait) -> datetime:
        """The domain's verb, its fact, and the end of whatever was going on; once.

        The hour that is told: of the end if there was one, the same for both sides and at every
        asking; of the request otherwise.
        """
        before = un.etat
        refusal = kind is GenreFait.REFUS_VISIO
        fact = self._recorder.fact(kind, Role.ASSURE)
        now = fact.instant
        request = un.refuser_visio(now) if refusal else un.demander_presentiel(now)
        if un.etat is before:
            known = await milestones(unite.connection, un.id)
            last = known.last_fact(GenreFait.FIN)
            return last.instant if last else request.instant
        await unite.enregistrer(un)
        await unite.inscrire(un.id, fact)
        await notices.forget(unite.connection, un.id)
        reason = "refused" if refusal else "in_person"
        end = await self._recorder.end(unite, un.id, Role.ASSURE, reason)
        if end is None:
            # Nobody had come: there is no end to write, but what is over is sealed.
            await self._recorder.seal(unite, un.id, MotifSceau.FIN)
        return end.instant if end else request.instant

    async def record(self, session: Session) -> dict[str, object]:
        """The assuré's own record, signed; changes nothing."""
        async with self._registre.glance() as unite:
            return await self._recorder.export(unite, session.telecontrole)
