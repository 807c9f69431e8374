"""The médecin-conseil's side: the day, the checks, the outcome."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

from controle import issue as issues
from controle.chaine import MotifSceau
from controle.conclusion import LIBELLES_CONCLUSION, choix
from controle.intervalles import Presences, presences
from controle.periodes import Periodes
from controle.presence import LIBELLES_FAIT, GenreFait, Role
from controle.qualification import LIBELLES_QUALIFICATION, Qualification, proposer
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Fenetre, Telecontrole
from media.ice import ice_servers
from signaling.access import Access, Tokens
from signaling.protocol import Day, Entry
from signaling.room import NotAllowed
from signaling.rooms import Rooms

from .clock import SystemClock
from .config import Config
from .entries import Entries, identity
from .identity.sessions import Session, Sessions
from .record import Recorder
from .store import people
from .store.facts import milestones
from .store.sql import RegistreSql, UniteSql
from .web.messages import (
    Choice,
    ConsoleSession,
    Detail,
    Doctor,
    Fact,
    IceServer,
    IdentityCheck,
    Interval,
    Outcome,
    OutcomeForm,
    Presence,
    Proposal,
    RoomAccess,
)


class Desk:
    """Everything a console can ask for, over HTTP or its socket (signaling's Desk)."""

    def __init__(
        self,
        *,
        config: Config,
        clock: SystemClock,
        registre: RegistreSql,
        sessions: Sessions,
        tokens: Tokens,
        recorder: Recorder,
        rooms: Rooms,
        entries: Entries,
        fenetre: Fenetre,
        changed: Callable[[str], None],
        doctor_changed: Callable[[str, float], None],
    ) -> None:
        self._config = config
        self._clock = clock
        self._registre = registre
        self._sessions = sessions
        self._tokens = tokens
        self._recorder = recorder
        self._rooms = rooms
        self._entries = entries
        self._fenetre = fenetre
        self._changed = changed
        self._doctor_changed = doctor_changed
        #: Set by app.py once the console namespace exists.
        self.push_day: Callable[[str], Awaitable[None]] | None = None

    # --- the console's socket -------------------------------------------------------------------

    async def enter_console(self, access: Access) -> None:
        async with self._registre.transaction() as unite:
            if not await self._sessions.alive(unite.connection, access.session, self._clock()):
                raise NotAllowed("token_revoked", "Cette session est fermée.")
            if not await self._sessions.use_token(unite.connection, access.jti, access.expires):
                raise NotAllowed("token_used", "Cet accès a déjà servi.")

    async def day(self, doctor: str) -> Day:
        async with self._registre.lecture() as unite:
            return await self._entries.day(unite, doctor)

    async def entry(self, telecontrole: str) -> tuple[str, Entry]:
        """The doctor's id and the entry as it is now."""
        async with self._registre.lecture() as unite:
            un = await unite.telecontrole(telecontrole)
            return un.medecin_conseil, await self._entries.entry(unite, un)

    async def announce_delay(self, doctor: str, minutes: int) -> None:
        """Whoever waits for this doctor is told at once, and it is on their record."""
        async with self._registre.transaction() as unite:
            await people.set_delay(unite.connection, doctor, minutes)
            now = self._clock()
            soon = await unite.du_medecin(
                doctor, now - timedelta(hours=6), now + timedelta(hours=6)
            )
            for un in soon:
                room = self._rooms.get(un.id)
                if room is not None and room.assure.presence == "present":
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
        self._doctor_changed(doctor, 0)

    async def console_gone(self, doctor: str) -> None:
        # A reload takes a second or two: nobody is told that the doctor left for that.
        self._doctor_changed(doctor, 8)

    # --- session --------------------------------------------------------------------------------

    async def console(self, session: Session) -> ConsoleSession:
        async with self._registre.lecture() as unite:
            doctor = await self._doctor(unite, session.subject)
        token = self._tokens.issue(
            "console",
            subject=session.subject,
            role="medecin_conseil",
            room="",
            session=session.reference,
            now=self._clock(),
        )
        lifetime = int(self._tokens.lifetime.total_seconds())
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
            un = await self._own(unite, session, telecontrole)
        now = self._clock()
        token = self._tokens.issue(
            "room",
            subject=session.subject,
            role="medecin_conseil",
            room=un.id,
            session=session.reference,
            now=now,
        )
        servers = ice_servers(self._config.ice, un.id, now)
        return RoomAccess(
            room=un.id,
            token=token,
            expires_in=int(self._tokens.lifetime.total_seconds()),
            ice_servers=[IceServer(**server) for server in servers],
            ice_policy=self._config.ice_policy,
        )

    async def _own(self, unite: UniteSql, session: Session, identifier: str) -> Telecontrole:
        un = await unite.telecontrole(identifier)
        if un.medecin_conseil != session.subject:
            raise TelecontroleInconnu
        return un

    # --- the checks -----------------------------------------------------------------------------

    async def check_identity(
        self, session: Session, telecontrole: str, check: IdentityCheck
    ) -> Entry:
        """Verified or not, by a person, with how; no image is kept (rows ID-02, ID-06)."""
        async with self._registre.transaction() as unite:
            un = await self._own(unite, session, telecontrole)
            before = un.etat
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
                await self._end(unite, un, "identity")
        if not check.verified:
            await self._rooms.close(un.id, "medecin_conseil", "in_person", fact.instant)
        return await self._told(un.id)

    async def need_clinical_exam(self, session: Session, telecontrole: str) -> Entry:
        """« Examen clinique nécessaire »: exactly one in-person request; the call may go on."""
        async with self._registre.transaction() as unite:
            un = await self._own(unite, session, telecontrole)
            known = un.examen_clinique
            un.constater_examen_clinique(self._clock())
            if not known:
                await unite.enregistrer(un)
                await unite.inscrire(
                    un.id, self._recorder.fact(GenreFait.EXAMEN_CLINIQUE, Role.MEDECIN_CONSEIL)
                )
        return await self._told(un.id)

    async def _end(self, unite: UniteSql, un: Telecontrole, reason: str) -> None:
        fact = self._recorder.fact(
            GenreFait.FIN,
            Role.MEDECIN_CONSEIL,
            details={"by": "medecin_conseil", "reason": reason},
        )
        await unite.inscrire(un.id, fact)
        await self._recorder.seal(unite, un.id, MotifSceau.FIN)

    async def _told(self, telecontrole: str) -> Entry:
        self._changed(telecontrole)
        _, entry = await self.entry(telecontrole)
        return entry

    # --- the outcome ----------------------------------------------------------------------------

    async def record_outcome(
        self, session: Session, telecontrole: str, form: OutcomeForm
    ) -> Outcome:
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
            un = await self._own(unite, session, telecontrole)
            known = await milestones(unite.connection, un.id)
            signed = issues.etablir(
                un,
                await self._presences(unite, un),
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
            # The chain holds the hash of what was signed, not the conclusion itself.
            fact = self._recorder.fact(
                GenreFait.ISSUE_ENREGISTREE,
                Role.MEDECIN_CONSEIL,
                details={"version": signed.version, "empreinte": signed.empreinte()},
            )
            await unite.inscrire(un.id, fact)
            await self._recorder.seal(unite, un.id, MotifSceau.ISSUE)
            name = (await people.medecin(unite.connection, session.subject)).nom
        await self._rooms.close(un.id, "medecin_conseil", "ended", signed.instant)
        self._changed(un.id)
        return outcome(signed, name)

    async def _presences(self, unite: UniteSql, un: Telecontrole) -> Presences:
        lines = await unite.lignes(un.id)
        return presences([ligne.fait for ligne in lines], self._clock())

    async def detail(self, session: Session, telecontrole: str) -> Detail:
        async with self._registre.lecture() as unite:
            un = await self._own(unite, session, telecontrole)
            lines = await unite.lignes(un.id)
            facts = [ligne.fait for ligne in lines]
            known = await milestones(unite.connection, un.id)
            now = self._clock()
            there = presences(facts, now)
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
            await self._own(unite, session, telecontrole)
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
