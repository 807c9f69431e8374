"""The introduction of signaling to controle: what happens in a room becomes a dated fact, and
what the domain does not allow does not happen in the room."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from controle.chaine import MotifSceau
from controle.presence import GenreFait, Role
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Acces, Etat, Fenetre, Telecontrole
from signaling.access import Access
from signaling.protocol import Reception
from signaling.room import NotAllowed, Occurrence, OccurrenceKind, Room
from signaling.rooms import Memory

from .assure.standing import in_person
from .clock import SystemClock
from .identity.sessions import Sessions
from .medecin.entries import ending, phase_of
from .record import Recorder
from .store import alive, people
from .store.facts import Milestones, milestones
from .store.sql import RegistreSql, UniteSql

FACTS: dict[OccurrenceKind, GenreFait] = {
    "joined": GenreFait.ENTREE,
    "returned": GenreFait.RETOUR,
    "replaced": GenreFait.REPRISE,
    "left": GenreFait.SORTIE,
    "lost": GenreFait.PERTE,
    "admitted": GenreFait.ADMISSION,
    "sent_back": GenreFait.REMISE_EN_ATTENTE,
    "ended": GenreFait.FIN,
    "media_ready": GenreFait.MEDIA_PRET,
    "media_flowing": GenreFait.MEDIA_ETABLI,
    "media_lost": GenreFait.MEDIA_PERDU,
    "media_kept": GenreFait.MEDIA_MAINTENU,
    "minute": GenreFait.PRESENCE_CONSTATEE,
}

ENDED_BY: dict[str | None, Literal["assure", "medecin_conseil"]] = {
    "assure": "assure",
    "medecin_conseil": "medecin_conseil",
}
CLOSED: dict[Acces, tuple[str, str]] = {
    Acces.TROP_TOT: ("too_early", "La salle n'est pas encore ouverte."),
    Acces.TROP_TARD: ("too_late", "L'heure du rendez-vous est passée."),
}


#: A télécontrôle that nobody ended is over after this.
FORGOTTEN = timedelta(hours=12)
#: The mark of life is written each minute: what is shorter is no outage that it could show.
OUTAGE = timedelta(minutes=2)


class Listeners(Protocol):
    """Who is told, without waiting, that something changed."""

    def entry_changed(self, telecontrole: str) -> None: ...

    def doctor_changed(self, doctor: str) -> None: ...


class RoomWitness:
    """signaling's Witness over the registre. `online`: whether a doctor's console is connected."""

    def __init__(
        self,
        *,
        registre: RegistreSql,
        sessions: Sessions,
        recorder: Recorder,
        clock: SystemClock,
        fenetre: Fenetre,
        online: Callable[[str], bool],
        listeners: Listeners,
    ) -> None:
        self._registre = registre
        self._sessions = sessions
        self._recorder = recorder
        self._clock = clock
        self._fenetre = fenetre
        self._online = online
        self._listeners = listeners
        #: Whose room it is, for those that were entered since the start.
        self.doctor_of: dict[str, str] = {}

    async def enter(self, access: Access) -> Memory:
        """Check what a signature cannot: session, single use, whose room, is it open."""
        async with self._registre.transaction() as unite:
            if not await self._sessions.alive(unite.connection, access.session, self._clock()):
                raise NotAllowed("token_revoked", "Cette session est fermée.")
            if not await self._sessions.use_token(unite.connection, access.jti, access.expires):
                raise NotAllowed("token_used", "Cet accès a déjà servi.")
            try:
                un = await unite.telecontrole(access.room)
            except TelecontroleInconnu:
                raise NotAllowed("closed", "Ce rendez-vous n'existe pas.") from None
            self._check_holder(un, access)
            self._check_open(un, access)
            self.doctor_of[un.id] = un.medecin_conseil
            known = await milestones(unite.connection, un.id)
            if access.role == "assure" and not known.last_fact(GenreFait.INFORMATION_ACCEPTEE):
                raise NotAllowed("information", "Lisez d'abord l'information sur vos droits.")
            memory = self._memory(un, known, await self.reception(unite, un))
            booked = await in_person(unite.connection, un.id)
            return replace(memory, in_person=booked.told() if booked else None)

    def _check_holder(self, un: Telecontrole, access: Access) -> None:
        holder = un.assure if access.role == "assure" else un.medecin_conseil
        if holder != access.subject:
            raise NotAllowed("closed", "Ce rendez-vous n'est pas le vôtre.")

    def _check_open(self, un: Telecontrole, access: Access) -> None:
        acces = un.acces(self._clock(), self._fenetre)
        if access.role == "assure" and acces in CLOSED:
            raise NotAllowed(*CLOSED[acces])

    def _memory(self, un: Telecontrole, known: Milestones, reception: Reception) -> Memory:
        admission = known.last_fact(GenreFait.ADMISSION)
        end = known.last_fact(GenreFait.FIN)
        acces = un.acces(self._clock(), self._fenetre)
        return Memory(
            phase=phase_of(un.etat),
            admitted_at=admission.instant if admission and un.etat is Etat.EN_COURS else None,
            ended_at=end.instant if end else None,
            ended_by=ENDED_BY.get(end.role if end else None, "service"),
            ended_why=ending(acces),
            lost=frozenset(role.value for role in Role if known.was_there(role)),
            lost_since={
                role.value: since for role in Role if (since := known.lost_since(role)) is not None
            },
            reception=reception,
        )

    async def reception(self, unite: UniteSql, un: Telecontrole) -> Reception:
        """What the waiting person is told of this doctor; nothing about anybody else."""
        medecin = await people.medecin(unite.connection, un.medecin_conseil)
        others = [o for o in await unite.en_cours(un.medecin_conseil) if o.id != un.id]
        delay = medecin.delay(self._clock())
        if not self._online(un.medecin_conseil):
            return Reception(doctor="absent", delay_minutes=delay)
        return Reception(doctor="busy" if others else "available", delay_minutes=delay)

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        """One transaction: the domain's rule, then the facts, then (at the end) the seal."""
        try:
            async with self._registre.transaction() as unite:
                un = await unite.telecontrole(room)
                before = un.etat
                for occurrence in occurrences:
                    await self._apply(unite, un, occurrence)
                if un.etat is not before:
                    await unite.enregistrer(un)
        except Refus as refused:
            raise NotAllowed(refused.code, refused.message) from refused
        if un.etat is not before:
            self._listeners.doctor_changed(un.medecin_conseil)

    async def _apply(self, unite: UniteSql, un: Telecontrole, occurrence: Occurrence) -> None:
        kind, role = occurrence.kind, occurrence.role
        if kind in ("joined", "returned") and role == "assure":
            un.entrer(self._clock(), self._fenetre)
        elif kind == "admitted":
            await self._one_at_a_time(unite, un)
            un.admettre()
        elif kind == "sent_back" or (kind == "left" and role == "assure"):
            un.remettre_en_attente()
        elif kind == "ended":
            un.terminer()
        fact = self._recorder.fact(
            FACTS[kind], role, details=occurrence.detail, claim=occurrence.claim
        )
        await unite.inscrire(un.id, fact)
        if kind == "ended":
            await self._recorder.seal(unite, un.id, MotifSceau.FIN)

    async def _one_at_a_time(self, unite: UniteSql, un: Telecontrole) -> None:
        for other in await unite.en_cours(un.medecin_conseil):
            if other.id != un.id:
                raise NotAllowed("in_call", "Un autre télécontrôle est en cours.")

    def changed(self, room: Room) -> None:
        self._listeners.entry_changed(room.id)

    async def restarted(self) -> int:
        """On the record of whoever was waiting or talking, or could have come meanwhile: the
        server was away until now."""
        now = self._clock()
        async with self._registre.transaction() as unite:
            inside = await unite.en_etat(Etat.EN_ATTENTE, Etat.EN_COURS)
            # What nobody concluded last week is not touched.
            touched = [un for un in inside if now - un.debut < FORGOTTEN]
            touched += await self._kept_out(unite, now)
            for un in touched:
                await unite.inscrire(un.id, self._recorder.fact(GenreFait.REDEMARRAGE_SERVEUR))
            await alive.mark(unite.connection, now)
        return len(touched)

    async def _kept_out(self, unite: UniteSql, now: datetime) -> Sequence[Telecontrole]:
        """Their door should have been open while nobody was there to open it: if they did not
        come, that may be why (the table of controle/qualification.py proposes it)."""
        since = await alive.last(unite.connection)
        if since is None or now - since < OUTAGE:
            return []
        since = max(since, now - FORGOTTEN)
        return await unite.expected(since - self._fenetre.apres, now + self._fenetre.avant)
