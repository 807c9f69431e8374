"""What the caisse decides of an appointment: plan it, move it, cancel it, give it to another.

Each verb writes within a transaction that it is given: the change, its facts and the messages it
makes due are kept together or not at all. `tell` comes after, once it is kept.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from uuid import uuid4

from controle.agenda import Plage
from controle.calendrier import dernier_instant_convocation
from controle.chaine import MotifSceau
from controle.convocation import GenreEnvoi
from controle.etats import ACCES_PAR_ETAT, AVANT_ENTREE
from controle.presence import SERVICE, Fait, GenreFait, Role
from controle.presentiel import INCIDENTS_AVANT_PRESENTIEL
from controle.refus import Refus
from controle.suite import autre_date
from controle.telecontrole import (
    Etat,
    OriginePresentiel,
    SuiteDejaDonnee,
    Telecontrole,
    TransitionImpossible,
)
from server.clock import SystemClock
from server.config import Config
from server.identity.links import Links
from server.medecin.entries import ending
from server.notify import notices
from server.record import Recorder
from server.store import people, tasks
from server.store.people import Assure, Caisse
from server.store.planned import failures, successor
from server.store.sql import RegistreSql, UniteSql
from server.web.agent_messages import MoveForm, PlanForm
from signaling.protocol import EndReason

from . import post, readdress
from .asked import NOTHING, Asked, Forms, Taken
from .contacts import by_sms_or_mail, contact_of, needs_letter
from .slots import Slots, local_instant

#: Consoles show today: what is further away is told to nobody.
NEAR = timedelta(days=1)

#: What is still to be done about the person, whatever the date.
CARRIED = {"mauvais_destinataire"}
#: Nobody is awaited in the room any more, by a decision of the service: whoever is there is told.
DECIDED = frozenset({Etat.REPORTE, Etat.ANNULE_SERVICE, Etat.ABSENCE_JUSTIFIEE})


async def _no_room(_: str, __: EndReason, ___: datetime) -> None:
    """A command without a server, the simulation."""


class Planning:
    """`changed`: the consoles of a télécontrôle are told; `nudge`: the outbox has work; `close`:
    the room of what was moved or cancelled (id, reason, when); `released`: it is no longer this
    médecin-conseil's (télécontrôle, médecin-conseil)."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        links: Links,
        recorder: Recorder,
        changed: Callable[[str], None],
        nudge: Callable[[], None] = lambda: None,
        close: Callable[[str, EndReason, datetime], Awaitable[None]] = _no_room,
        released: Callable[[str, str], None] = lambda _, __: None,
    ) -> None:
        self.registre = registre
        self.available = Slots(config, clock)
        self._forms = Forms(self.available)
        self._clock = clock
        self._links = links
        self._recorder = recorder
        self._changed = changed
        self._nudge = nudge
        self._close = close
        self._released = released

    # --- planning -------------------------------------------------------------------------------

    async def plan(self, unite: UniteSql, caisse_id: str, form: PlanForm, by: str) -> Telecontrole:
        """A télécontrôle, its link, its messages.

        :raises Refus: the first thing that is wrong with the form, the calendar or the agenda.
        """
        asked, wrong = await self.examine(unite, caisse_id, form)
        if asked is None:
            raise wrong[0]
        return await self.write(unite, asked, by)

    async def examine(
        self, unite: UniteSql, caisse_id: str, form: PlanForm, taken: Taken = NOTHING
    ) -> tuple[Asked | None, list[Refus]]:
        """Every check and no write: what is asked, or all that is wrong with it."""
        return await self._forms.read(unite.connection, caisse_id, form, taken)

    async def write(self, unite: UniteSql, asked: Asked, by: str) -> Telecontrole:
        """What was examined in this same transaction."""
        if asked.known:
            before = await people.assure(unite.connection, asked.assure.id)
            await people.save_assure(unite.connection, asked.assure)
            if contact_of(before) != contact_of(asked.assure):
                # The reminder of another appointment must not go to the number of before.
                await readdress.follow_person(unite, before, asked.assure, self._clock())
        else:
            await people.add_assure(unite.connection, asked.assure)
        un = Telecontrole(
            id=str(uuid4()),
            caisse=asked.caisse.id,
            medecin_conseil=asked.medecin,
            assure=asked.assure.id,
            contexte=asked.contexte,
            debut=asked.plage.debut,
            fuseau=asked.caisse.fuseau,
            duree=asked.plage.fin - asked.plage.debut,
        )
        await self._convoke(unite, un, asked.caisse, asked.assure, GenreEnvoi.CONVOCATION, by)
        return un

    async def _convoke(
        self,
        unite: UniteSql,
        un: Telecontrole,
        caisse: Caisse,
        assure: Assure,
        kind: GenreEnvoi,
        by: str,
    ) -> None:
        """Stored, on record, with its link; by mail and SMS, or by a letter that somebody posts."""
        now = self._clock()
        un.convoquer()
        await unite.enregistrer(un)
        fact = self._recorder.fact(GenreFait.PLANIFIE, SERVICE, details={"par": by})
        await unite.inscrire(un.id, fact)
        await self._links.make(unite.connection, un.id, now)
        reached, rules = by_sms_or_mail(assure), self.available.rules(caisse)
        await notices.convoke(unite.connection, un, reached, rules, now, kind)
        if needs_letter(assure):
            last = dernier_instant_convocation(un.debut, un.fuseau, rules)
            await post.due(unite.connection, un, assure, kind, last, now)

    # --- moving, cancelling, giving to another --------------------------------------------------

    async def move(
        self, unite: UniteSql, un: Telecontrole, form: MoveForm, by: str
    ) -> Telecontrole:
        """The télécontrôle that replaces this one, at another date; the old link says so.

        :raises Refus: it is too late to move, or to convoke for that date; the slot is taken.
        """
        if un.etat not in AVANT_ENTREE:
            raise TransitionImpossible(un.etat, Etat.REPORTE)
        connection = unite.connection
        caisse = await people.caisse(connection, un.caisse)
        doctor = form.doctor or un.medecin_conseil
        await self.available.hold(connection, caisse, doctor)
        start = local_instant(form.start, caisse.fuseau)
        plage = Plage(start, start + un.duree)
        await self.available.check(connection, caisse, doctor, plage, but=(un.id,))
        return await self._replace(unite, un, caisse, plage, doctor, GenreEnvoi.DEPLACEMENT, by)

    async def _replace(
        self,
        unite: UniteSql,
        un: Telecontrole,
        caisse: Caisse,
        plage: Plage,
        doctor: str,
        kind: GenreEnvoi,
        by: str,
    ) -> Telecontrole:
        """Both rows, both records, the messages of one withdrawn and of the other put."""
        if await successor(unite.connection, un.id) is not None:
            raise SuiteDejaDonnee
        assure = await people.assure(unite.connection, un.assure)
        new = autre_date(un, str(uuid4()), plage.debut, medecin_conseil=doctor)
        await unite.enregistrer(un)
        details = {"par": by, "suivi_par": new.id}
        fact = self._recorder.fact(GenreFait.DEPLACE, SERVICE, details=details)
        still = CARRIED & await self._open(unite, un)
        await self._over(unite, un, fact, by)
        await self._convoke(unite, new, caisse, assure, kind, by)
        for task in sorted(still | ({"besoins"} if new.besoins else set())):
            await tasks.open_task(unite.connection, new.id, new.caisse, task, self._clock())
        return new

    async def _open(self, unite: UniteSql, un: Telecontrole) -> set[str]:
        known = await tasks.open_tasks(unite.connection, [un.id])
        return {task for task, _ in known.get(un.id, [])}

    async def cancel(self, unite: UniteSql, un: Telecontrole, by: str) -> None:
        """The service cancels: whoever was convoked is told; nothing else leaves any more.

        Cancelled already: nothing happens.

        :raises TransitionImpossible: it took place, or ended otherwise.
        """
        if un.etat is Etat.ANNULE_SERVICE:
            return
        un.annuler()
        await unite.enregistrer(un)
        now = self._clock()
        assure = await people.assure(unite.connection, un.assure)
        fact = self._recorder.fact(GenreFait.ANNULE, SERVICE, details={"par": by})
        await self._over(unite, un, fact, by)
        await notices.cancel(unite.connection, un, by_sms_or_mail(assure), now)
        if needs_letter(assure):
            await tasks.open_task(unite.connection, un.id, un.caisse, "courrier_annulation", now)

    async def _over(self, unite: UniteSql, un: Telecontrole, fact: Fait, by: str) -> None:
        """On record and sealed; no message of it leaves any more, no task of it is left."""
        await unite.inscrire(un.id, fact)
        await notices.forget(unite.connection, un.id)
        await tasks.close_all(unite.connection, un.id, by, self._clock())
        end = await self._recorder.end(unite, un.id, Role.MEDECIN_CONSEIL, "cancelled")
        if end is None:
            # Nobody had come: there is no end to write, but what is over is sealed.
            await self._recorder.seal(unite, un.id, MotifSceau.FIN)

    async def reassign(self, unite: UniteSql, un: Telecontrole, doctor: str, by: str) -> str:
        """Same hour, another médecin-conseil: no message leaves (row CA-06). Whose it was.

        :raises TransitionImpossible: the assuré is in the room, or it is over.
        :raises Refus: the other one is taken or away.
        """
        before = un.medecin_conseil
        if un.etat not in AVANT_ENTREE:
            raise TransitionImpossible(un.etat, un.etat)
        if doctor == before:
            return before
        caisse = await people.caisse(unite.connection, un.caisse)
        await self.available.hold(unite.connection, caisse, doctor)
        plage = Plage(un.debut, un.debut + un.duree)
        await self.available.check_agenda(unite.connection, caisse, doctor, plage)
        un.medecin_conseil = doctor
        await unite.enregistrer(un)
        details = {"par": by, "de": before, "a": doctor}
        fact = self._recorder.fact(GenreFait.REAFFECTE, SERVICE, details=details)
        await unite.inscrire(un.id, fact)
        return before

    async def tell(self, *touched: Telecontrole, before: str = "") -> None:
        """Once it is kept: consoles, rooms, outbox. `before`: who had it until now."""
        for un in touched:
            if un.etat in DECIDED:
                await self._close(un.id, ending(ACCES_PAR_ETAT[un.etat]), self._clock())
            if before and before != un.medecin_conseil:
                self._released(un.id, before)
            if abs(un.debut - self._clock()) < NEAR:
                self._changed(un.id)
        self._nudge()

    # --- when the service did not come ----------------------------------------------------------

    async def follow_up_doctor_absent(
        self, unite: UniteSql, un: Telecontrole, by: str
    ) -> Telecontrole | None:
        """Apologies and a new date at the first free slot, once (row OP-13).

        A series that failed twice is not tried a third time by video: an in-person appointment is
        asked for (row IP-05). None when nothing new is planned.
        """
        connection, now = unite.connection, self._clock()
        if un.presentiel is not None or await successor(connection, un.id) is not None:
            return None
        if await failures(connection, un.serie) >= INCIDENTS_AVANT_PRESENTIEL:
            un.cloturer(now, un.etat, OriginePresentiel.INCIDENT_TECHNIQUE)
            await unite.enregistrer(un)
            return None
        caisse = await people.caisse(connection, un.caisse)
        doctor, minutes = un.medecin_conseil, int(un.duree.total_seconds() // 60)
        await self.available.hold(connection, caisse, doctor)
        free = await self.available.free(connection, caisse, doctor, minutes=minutes, limit=1)
        if not free:
            await tasks.open_task(connection, un.id, un.caisse, "a_replanifier", now)
            return None
        return await self._replace(unite, un, caisse, free[0], doctor, GenreEnvoi.EXCUSE, by)

    async def slots(
        self,
        unite: UniteSql,
        caisse: Caisse,
        doctor: str,
        start: date | None = None,
        minutes: int | None = None,
        limit: int = 50,
    ) -> list[Plage]:
        """The first free ones; see server/caisse/slots.py."""
        return await self.available.free(unite.connection, caisse, doctor, start, minutes, limit)
