"""What is concluded: the presence that the facts tell, the outcome that a doctor signs."""

from collections.abc import Callable, Sequence
from datetime import date

from controle import issue as issues
from controle.chaine import MotifSceau
from controle.chronologie import corriger
from controle.conclusion import LIBELLES_CONCLUSION, choix
from controle.intervalles import Presences, presences
from controle.periodes import Periodes
from controle.presence import LIBELLES_FAIT, Fait, GenreFait, Role
from controle.qualification import LIBELLES_QUALIFICATION, Qualification, proposer
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Fenetre, Telecontrole
from signaling.rooms import Rooms

from .clock import SystemClock
from .entries import Entries, ending, identity
from .identity.sessions import Session
from .record import Recorder
from .store import people
from .store.facts import Milestones
from .store.sql import RegistreSql, UniteSql
from .web.messages import (
    Choice,
    Detail,
    Fact,
    Interval,
    Outcome,
    OutcomeForm,
    Presence,
    Proposal,
)


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
        changed: Callable[[str], None],
    ) -> None:
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
        )
        async with self._registre.transaction() as unite:
            un = await own(unite, session, telecontrole)
            facts = [ligne.fait for ligne in await unite.lignes(un.id)]
            known = Milestones(facts)
            signed = issues.etablir(
                un,
                self._counted(facts),
                identite_controlee=identity(known) != "",
                precedentes=await unite.issues(un.id),
                demande=asked,
                signataire=session.subject,
                maintenant=self._clock(),
                fenetre=self._fenetre,
            )
            issues.conclure(un, signed)
            await unite.enregistrer(un)
            await unite.enregistrer_issue(un.id, signed)
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
            name = (await people.medecin(unite.connection, session.subject)).nom
        if end is not None:
            await self._rooms.close(un.id, "medecin_conseil", reason, end.instant)
        self._changed(un.id)
        return outcome(signed, name)

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
            now = self._clock()
            there = self._counted(facts)
            proposed = proposer(un, there, facts, now, self._fenetre)
            signed = await unite.issues(un.id)
            names = {
                i.signataire: (await people.medecin(unite.connection, i.signataire)).nom
                for i in signed
            }
            return Detail(
                entry=await self._entries.entry(unite, un),
                presence=shown(there),
                proposal=Proposal(
                    qualification=proposed.qualification.value,
                    label=LIBELLES_QUALIFICATION[proposed.qualification],
                    reasons=list(proposed.raisons),
                ),
                qualifications=[
                    Choice(code=q.value, label=LIBELLES_QUALIFICATION[q]) for q in Qualification
                ],
                conclusions=[
                    Choice(
                        code=c.conclusion.value,
                        label=c.libelle,
                        date=c.exigence.date,
                        category=c.exigence.categorie,
                        sequelae=c.exigence.sequelles,
                    )
                    for c in choix(un.contexte)
                ],
                outcomes=[outcome(i, names[i.signataire]) for i in signed],
                facts=[
                    Fact(
                        seq=ligne.seq,
                        at=ligne.fait.instant.isoformat(),
                        kind=ligne.fait.genre.value,
                        label=LIBELLES_FAIT[ligne.fait.genre],
                        role=ligne.fait.role,
                        source=ligne.fait.source.value,
                    )
                    for ligne in lines
                ],
                outcome_blocked=self._blocked(un, there, signed, checked=identity(known) != ""),
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
            issues.empecher(un, there, checked, signed, self._clock(), self._fenetre)
        except Refus as refused:
            return refused.message
        return ""

    async def record(self, session: Session, telecontrole: str) -> dict[str, object]:
        async with self._registre.lecture() as unite:
            await own(unite, session, telecontrole)
            return await self._recorder.export(unite, telecontrole)


def outcome(signed: issues.Issue, signer: str) -> Outcome:
    return Outcome(
        version=signed.version,
        qualification=signed.qualification.value,
        qualification_label=LIBELLES_QUALIFICATION[signed.qualification],
        conclusion=signed.conclusion.value,
        conclusion_label=LIBELLES_CONCLUSION[signed.conclusion],
        date=signed.date_effet.isoformat() if signed.date_effet else None,
        category=signed.categorie,
        sequelae=signed.sequelles,
        correction_reason=signed.motif_correction,
        signed_by=signer,
        signed_at=signed.instant.isoformat(),
    )


def shown(there: Presences) -> Presence:
    return Presence(
        assure=intervals(there.assure.intervalles),
        doctor=intervals(there.medecin_conseil.intervalles),
        together_with_media=intervals(there.ensemble_avec_media),
        assure_seconds=there.assure.duree,
        doctor_seconds=there.medecin_conseil.duree,
        waiting_seconds=there.attente,
        together_seconds=there.duree_ensemble,
        interruptions=there.interruptions,
    )


def intervals(periods: Periodes) -> list[Interval]:
    return [
        Interval(
            start=one.debut.isoformat(),
            end=one.fin.isoformat() if one.fin else None,
            estimated=one.fin_estimee,
        )
        for one in periods
    ]
