"""What is concluded: the presence that the facts tell, the outcome that a doctor signs."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time

from controle import issue as issues
from controle.absence import LIBELLES_PAS, pas
from controle.chaine import MotifSceau
from controle.chronologie import corriger
from controle.conclusion import choix
from controle.etats import AVANT_ENTREE
from controle.intervalles import Presences, presences
from controle.justification import Justification
from controle.presence import Fait, GenreFait, Role
from controle.qualification import LIBELLES_QUALIFICATION, Qualification, proposer
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Etat, Fenetre, Telecontrole
from controle.tiers import presences_tiers
from server.assure.standing import in_person
from server.caisse.agent_view import CALL_RESULTS
from server.caisse.justified import justifications
from server.caisse.planning import Planning
from server.clock import SystemClock
from server.equipment import verdicts
from server.identity.sessions import Session
from server.notify import notices
from server.notify.phones import spoken
from server.record import Recorder
from server.store import people
from server.store.facts import Milestones
from server.store.sql import RegistreSql, UniteSql
from server.web.messages import (
    Absence,
    Choice,
    Condition,
    Detail,
    NextAppointment,
    Outcome,
    OutcomeForm,
    Proposal,
)
from signaling.rooms import Rooms

from . import outcome_view as view
from . import prescriber
from .entries import Entries, ending, identity

#: Nobody came, and nothing else has happened: what was tried is shown.
MAY_BE_ABSENT = AVANT_ENTREE | {Etat.NON_CONNECTE, Etat.ABSENCE_INJUSTIFIEE}


async def own(unite: UniteSql, session: Session, identifier: str) -> Telecontrole:
    """One's own télécontrôle.

    :raises TelecontroleInconnu: it is not there, or not theirs: the same answer.
    """
    un = await unite.telecontrole(identifier)
    if un.medecin_conseil != session.subject:
        raise TelecontroleInconnu
    return un


class Outcomes:
    """The side panel of a console: facts, presence, outcome, record."""

    def __init__(
        self,
        *,
        clock: SystemClock,
        registre: RegistreSql,
        recorder: Recorder,
        rooms: Rooms,
        entries: Entries,
        fenetre: Fenetre,
        planning: Planning,
        changed: Callable[[str], None],
    ) -> None:
        self._planning = planning
        self._clock = clock
        self._registre = registre
        self._recorder = recorder
        self._rooms = rooms
        self._entries = entries
        self._fenetre = fenetre
        self._changed = changed

    async def sign(self, session: Session, telecontrole: str, form: OutcomeForm) -> Outcome:
        """Sign a version of the outcome and seal the record with it.

        :raises Refus: what the domain does not allow, one type for each reason.
        """
        asked = issues.DemandeIssue(
            qualification=form.qualification,
            conclusion=form.conclusion,
            date_effet=date.fromisoformat(form.date) if form.date else None,
            categorie=form.category,
            sequelles=form.sequelae,
            motif_correction=form.correction_reason,
            motif_anticipation=form.early_reason,
            annonce=form.announced,
            annonce_heure=time.fromisoformat(form.announced_at) if form.announced_at else None,
        )
        after: list[Telecontrole] = []
        async with self._registre.quick_transaction() as unite:
            un = await own(unite, session, telecontrole)
            facts = [ligne.fait for ligne in await unite.lignes(un.id)]
            known = Milestones(facts)
            given = await justifications(unite.connection, un.id)
            earlier = await unite.issues(un.id)
            signed = issues.etablir(
                un,
                self._counted(facts),
                identite_controlee=identity(known) != "",
                precedentes=earlier,
                demande=asked,
                signataire=session.subject,
                maintenant=self._clock(),
                fenetre=self._fenetre,
                faits=facts,
                justification_en_attente=view.waits(given),
            )
            issues.conclure(un, signed)
            await unite.enregistrer(un)
            await notices.forget(unite.connection, un.id)
            await unite.enregistrer_issue(un.id, signed)
            await prescriber.follow(unite, un, earlier, signed, signed.instant)
            # Signed while somebody still waits: that is the end of their waiting too.
            reason = ending(un.acces(signed.instant, self._fenetre))
            end = await self._recorder.end(unite, un.id, Role.MEDECIN_CONSEIL, reason)
            # The chain holds the hash of what was signed, not the conclusion itself.
            fact = self._recorder.fact(
                GenreFait.ISSUE_ENREGISTREE,
                Role.MEDECIN_CONSEIL,
                details={"version": signed.version, "empreinte": signed.empreinte()},
            )
            await unite.inscrire(un.id, fact)
            await self._recorder.seal(unite, un.id, MotifSceau.ISSUE)
            if signed.qualification is Qualification.MEDECIN_ABSENT and un.etat is Etat.REPORTE:
                after += await self._make_up(unite, un, session.subject)
            name = (await people.medecin(unite.connection, session.subject)).nom
        if end is not None:
            await self._rooms.close(un.id, "medecin_conseil", reason, end.instant)
        await self._planning.tell(*after)
        self._changed(un.id)
        return view.outcome(signed, name)

    async def _make_up(self, unite: UniteSql, un: Telecontrole, by: str) -> list[Telecontrole]:
        """The service did not come: apologies and another date, at once (row OP-13)."""
        new = await self._planning.follow_up_doctor_absent(unite, un, by)
        return [new] if new is not None else []

    def _counted(self, facts: Sequence[Fait]) -> Presences:
        """Until now, on the facts' own time line: a step of the wall clock adds no minute."""
        now = self._clock.moment()
        return presences(facts, corriger(facts, now.wall, now.monotonic, now.boot))

    async def detail(self, session: Session, telecontrole: str) -> Detail:
        async with self._registre.lecture() as unite:
            un = await own(unite, session, telecontrole)
            lines = await unite.lignes(un.id)
            facts = [ligne.fait for ligne in lines]
            known = Milestones(facts)
            there = self._counted(facts)
            signed = await unite.issues(un.id)
            given = await justifications(unite.connection, un.id)
            place = await in_person(unite.connection, un.id)
            return Detail(
                entry=await self._entries.entry(unite, un.id),
                presence=view.shown(there, presences_tiers(facts, there.admissions)),
                proposal=self._proposal(un, there, facts),
                qualifications=[
                    Choice(code=q.value, label=LIBELLES_QUALIFICATION[q]) for q in Qualification
                ],
                conclusions=[
                    view.choice(one, heard=there.admis_a is not None) for one in choix(un.contexte)
                ],
                correction_reasons=view.CORRECTIONS,
                early_reasons=view.EARLY,
                outcomes=await self._signed(unite, signed),
                facts=[view.line(ligne) for ligne in lines],
                outcome_blocked=self._blocked(un, there, signed, checked=identity(known) != ""),
                absence_conditions=self._conditions(un, facts, given),
                absence=await self._absence(unite, un, there, facts),
                justifications=[view.justification(one) for one in given],
                place=place.shown() if place else None,
                next_appointment=await self._next(unite, un),
                equipment=await verdicts.shown(unite.connection, un.id),
            )

    def _proposal(self, un: Telecontrole, there: Presences, facts: Sequence[Fait]) -> Proposal:
        proposed = proposer(un, there, facts, self._clock(), self._fenetre)
        return Proposal(
            qualification=proposed.qualification.value,
            label=LIBELLES_QUALIFICATION[proposed.qualification],
            reasons=list(proposed.raisons),
        )

    async def _signed(self, unite: UniteSql, signed: Sequence[issues.Issue]) -> list[Outcome]:
        names = {
            one.signataire: (await people.medecin(unite.connection, one.signataire)).nom
            for one in signed
        }
        return [view.outcome(one, names[one.signataire]) for one in signed]

    async def _next(self, unite: UniteSql, un: Telecontrole) -> NextAppointment | None:
        if un.suivi_par is None:
            return None
        new = await unite.telecontrole(un.suivi_par)
        return NextAppointment(start=new.debut.isoformat(), timezone=new.fuseau)

    # --- nobody came ----------------------------------------------------------------------------

    def _grace_ends(self, un: Telecontrole) -> datetime:
        return un.debut + self._fenetre.grace_absence

    def _conditions(
        self, un: Telecontrole, facts: Sequence[Fait], given: Sequence[Justification]
    ) -> list[Condition]:
        """What « absence injustifiée » supposes: said before it is asked for (row CN-05)."""
        minutes = round(self._fenetre.grace_absence.total_seconds() / 60)
        waited = Condition(
            label=f"Délai de {minutes} minutes écoulé", met=self._clock() >= self._grace_ends(un)
        )
        steps = pas(un, facts, justification_en_attente=view.waits(given))
        return [waited, *(Condition(label=LIBELLES_PAS[step], met=met) for step, met in steps)]

    async def _absence(
        self, unite: UniteSql, un: Telecontrole, there: Presences, facts: Sequence[Fait]
    ) -> Absence | None:
        came = there.assure.premiere_arrivee is not None
        if came or un.etat not in MAY_BE_ABSENT:
            return None
        assure = await people.assure(unite.connection, un.assure)
        return Absence(
            grace_ends=self._grace_ends(un).isoformat(),
            phone=spoken(assure.telephone),
            attempts=[view.attempt(one) for one in facts if one.genre is GenreFait.APPEL_TENTE],
            results=[Choice(code=code, label=label) for code, label in CALL_RESULTS.items()],
        )

    def _blocked(
        self,
        un: Telecontrole,
        there: Presences,
        signed: Sequence[issues.Issue],
        *,
        checked: bool,
    ) -> str:
        try:
            # Before the end of the grace the form asks why, instead of staying closed.
            now, window = self._clock(), self._fenetre
            issues.empecher(un, there, checked, signed, now, window, anticipation=True)
        except Refus as refused:
            return refused.message
        return ""

    async def record(self, session: Session, telecontrole: str) -> dict[str, object]:
        async with self._registre.lecture() as unite:
            await own(unite, session, telecontrole)
            return await self._recorder.export(unite, telecontrole)
