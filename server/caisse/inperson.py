"""The in-person way out: one appointment for each request, convoked like the other."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from controle.agenda import Plage
from controle.calendrier import dernier_instant_convocation, fenetre_rappel
from controle.convocation import GenreEnvoi
from controle.presence import SERVICE, Detail, GenreFait
from controle.presentiel import PresentielTermine, RendezVousPresentiel, fixer
from controle.refus import Refus
from controle.telecontrole import Telecontrole
from server.clock import SystemClock
from server.notify import notices
from server.record import Recorder
from server.store import appointments, people, tasks
from server.store.people import Caisse
from server.store.sql import UniteSql
from server.web.agent_messages import InPersonForm

from . import post
from .contacts import by_sms_or_mail, needs_letter
from .feries import feries
from .slots import Slots, local_instant

#: What was to be done so that a visio took place, which will not.
ABOUT_THE_VISIO = ("courrier", "non_remise", "appeler")


class SiteInconnu(Refus):
    """No site of this caisse has this id."""

    code = "site_inconnu"
    phrase = "Ce lieu n'est pas de votre caisse."
    champ = "site"


class InPerson:
    """Books, moves and cancels, each within a transaction that it is given."""

    def __init__(self, *, clock: SystemClock, recorder: Recorder, slots: Slots) -> None:
        self._clock = clock
        self._recorder = recorder
        self._slots = slots

    async def book(
        self, unite: UniteSql, un: Telecontrole, form: InPersonForm, by: str
    ) -> RendezVousPresentiel:
        """The appointment that the request waits for; when one is booked, this is its new date.

        :raises Refus: nothing asks for it, the calendar or the agenda says no.
        """
        connection = unite.connection
        caisse = await people.caisse(connection, un.caisse)
        if await appointments.site_of(connection, caisse.id, form.site) is None:
            raise SiteInconnu
        known = await appointments.of(connection, un.id, lock=True)
        active = next((one for one in known if one.est_actif), None)
        doctor = form.doctor or (active.medecin_conseil if active else un.medecin_conseil)
        plage = await self._checked(connection, caisse, doctor, form, active)
        booked = self._booked(un, known, active, form.site, doctor, plage, caisse)
        if active is not None:
            await self._give_up(unite, active)
        await appointments.save(connection, booked)
        details: dict[str, Detail] = {
            "par": by,
            "rendez_vous": booked.id,
            "sequence": booked.sequence,
        }
        fact = self._recorder.fact(GenreFait.PRESENTIEL_FIXE, SERVICE, details=details)
        await unite.inscrire(un.id, fact)
        for outdated in ABOUT_THE_VISIO:
            await tasks.close_task(connection, un.id, outdated, by, self._clock())
        await self._convoke(connection, un, caisse, booked)
        return booked

    async def _checked(
        self,
        connection: AsyncConnection,
        caisse: Caisse,
        doctor: str,
        form: InPersonForm,
        active: RendezVousPresentiel | None,
    ) -> Plage:
        await self._slots.hold(connection, caisse, doctor)
        start = local_instant(form.start, caisse.fuseau)
        usual = active.duree if active else self._slots.duration(None)
        plage = Plage(start, start + (timedelta(minutes=form.minutes) if form.minutes else usual))
        giving_up = (active.id,) if active else ()
        await self._slots.check(connection, caisse, doctor, plage, but=giving_up)
        return plage

    def _booked(
        self,
        un: Telecontrole,
        known: Sequence[RendezVousPresentiel],
        active: RendezVousPresentiel | None,
        site: str,
        doctor: str,
        plage: Plage,
        caisse: Caisse,
    ) -> RendezVousPresentiel:
        """The domain's own verbs: a first date, or another one."""
        now, rules = self._clock(), self._slots.rules(caisse)
        identifier, holidays = str(uuid4()), feries(caisse.territoire)
        if active is not None:
            moved = active.deplacer(
                identifier,
                plage.debut,
                now,
                rules,
                holidays,
                site=site,
                medecin_conseil=doctor,
            )
            moved.duree = plage.fin - plage.debut
            return moved
        return fixer(
            identifier,
            un,
            known,
            site=site,
            medecin_conseil=doctor,
            debut=plage.debut,
            maintenant=now,
            regles=rules,
            feries=holidays,
            duree=plage.fin - plage.debut,
            fuseau=caisse.fuseau,
        )

    async def cancel(self, unite: UniteSql, un: Telecontrole, by: str) -> RendezVousPresentiel:
        """The request stays: another date is to be given.

        :raises PresentielTermine: none is booked.
        """
        connection, now = unite.connection, self._clock()
        known = await appointments.of(connection, un.id, lock=True)
        active = next((one for one in known if one.est_actif), None)
        if active is None:
            raise PresentielTermine
        active.annuler()
        await self._give_up(unite, active)
        details = {"par": by, "rendez_vous": active.id}
        fact = self._recorder.fact(GenreFait.PRESENTIEL_ANNULE, SERVICE, details=details)
        await unite.inscrire(un.id, fact)
        assure = await people.assure(connection, un.assure)
        until = max(active.debut, now + timedelta(hours=1))
        kind = GenreEnvoi.ANNULATION_PRESENTIEL
        reached = by_sms_or_mail(assure)
        await notices.both(connection, un, reached, kind, (now, until), now, active.id)
        if needs_letter(assure):
            await tasks.open_task(connection, un.id, un.caisse, "courrier_annulation", now)
        return active

    async def _give_up(self, unite: UniteSql, old: RendezVousPresentiel) -> None:
        """Its messages do not leave any more."""
        await appointments.save(unite.connection, old)
        await notices.forget(unite.connection, old.id)

    async def _convoke(
        self,
        connection: AsyncConnection,
        un: Telecontrole,
        caisse: Caisse,
        booked: RendezVousPresentiel,
    ) -> None:
        """Now, and on the eve; by a letter that somebody posts where nothing else gets through."""
        now, rules = self._clock(), self._slots.rules(caisse)
        assure = await people.assure(connection, un.assure)
        last = dernier_instant_convocation(booked.debut, booked.fuseau, rules)
        eve, evening = fenetre_rappel(booked.debut, booked.fuseau, rules)
        reached = by_sms_or_mail(assure)
        for kind, between in (
            (GenreEnvoi.PRESENTIEL, (now, last)),
            (GenreEnvoi.RAPPEL_PRESENTIEL, (max(eve, now), evening)),
        ):
            await notices.both(connection, un, reached, kind, between, now, booked.id)
        if needs_letter(assure):
            kind = GenreEnvoi.PRESENTIEL
            await post.due(connection, un, assure, kind, last, now, booked.id)

    async def propose(self, unite: UniteSql, un: Telecontrole, n: int = 3) -> list[Plage]:
        """The next free hours of its médecin-conseil, to be offered during the call (row IP-03)."""
        caisse = await people.caisse(unite.connection, un.caisse)
        return await self._slots.free(unite.connection, caisse, un.medecin_conseil, limit=n)
