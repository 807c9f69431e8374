"""The introduction of signaling to controle: what happens in a room becomes a dated fact, and
what the domain does not allow does not happen in the room."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, Protocol

from controle.chaine import MotifSceau
from controle.presence import TIERS, GenreFait, Role
from controle.refus import Refus
from controle.registre import TelecontroleInconnu
from controle.telecontrole import Acces, Etat, Fenetre, Telecontrole
from signaling.access import Access
from signaling.protocol import EndReason, InPerson, Reception, SeatName
from signaling.protocol import Role as Seated
from signaling.room import NotAllowed, Occurrence, OccurrenceKind, Room
from signaling.rooms import Memory

from .clock import SystemClock
from .ledger import Ledger
from .medecin.entries import ending, phase_of
from .record import Recorder
from .store import alive, chains, people
from .store.facts import SEATS, Milestones
from .store.page import Draft, Needs, Page
from .store.receiving import Receiving, receiving
from .store.sql import RegistreSql, UniteSql
from .thirds.seating import check_third, keep_third, seats_of, with_third
from .tickets import check_token
from .whose import Whose

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
    "company": GenreFait.PERSONNES_PRESENTES,
    "minute": GenreFait.PRESENCE_CONSTATEE,
    "code_shown": GenreFait.CODE_AFFICHE,
    "code_unavailable": GenreFait.CODE_INDISPONIBLE,
    "code_identical": GenreFait.CODE_IDENTIQUE,
    "code_different": GenreFait.CODE_DIFFERENT,
    "camera_reported": GenreFait.CAMERA_SIGNALEE,
    "challenge_asked": GenreFait.GESTE_DEMANDE,
    "challenge_done": GenreFait.GESTE_FAIT,
    "challenge_not_done": GenreFait.GESTE_NON_FAIT,
    "challenge_not_offered": GenreFait.GESTE_NON_PROPOSE,
    "held": GenreFait.PAUSE,
    "resumed": GenreFait.REPRISE_ENTRETIEN,
    "third_joined": GenreFait.TIERS_ENTRE,
    "third_returned": GenreFait.TIERS_REVENU,
    "third_replaced": GenreFait.TIERS_REPRIS,
    "third_left": GenreFait.TIERS_SORTI,
    "third_lost": GenreFait.TIERS_PERDU,
    "third_admitted": GenreFait.TIERS_ADMIS,
    "third_sent_back": GenreFait.TIERS_REMIS_EN_ATTENTE,
    "third_removed": GenreFait.TIERS_EXCLU,
    "third_objected": GenreFait.TIERS_REFUSE,
    "third_accepted": GenreFait.TIERS_ACCEPTE,
}

#: Both persons, and what a room calls them: made once, for the enumeration is slow to ask.
ROLES: tuple[tuple[Role, Seated], ...] = tuple((role, SEATS[role]) for role in Role)

#: What a third participant does, and nobody else.
OF_THIRDS: frozenset[OccurrenceKind] = frozenset(
    {"third_joined", "third_returned", "third_replaced", "third_left", "third_lost"}
)

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
        ledger: Ledger,
        recorder: Recorder,
        clock: SystemClock,
        fenetre: Fenetre,
        online: Callable[[str], bool],
        listeners: Listeners,
        apart: frozenset[SeatName] = frozenset(),
    ) -> None:
        self._registre = registre
        self._ledger = ledger
        self._recorder = recorder
        self._clock = clock
        self._fenetre = fenetre
        self._online = online
        self._listeners = listeners
        self._apart = apart
        self.whose = Whose()

    async def enter(self, access: Access) -> Memory:
        """Check what a signature cannot: session, single use, whose room, is it open."""
        memory, doctor = await self._ledger.write(entering(access), partial(self._enter, access))
        self.whose.put(access.room, doctor)
        return memory

    async def arrive(self, access: Access, come: Callable[[Memory], Sequence[Occurrence]]) -> None:
        """Both in one transaction: a token is used up by an arrival that is on record."""
        try:
            work = partial(self._arrive, access, come)
            doctor, changed = await self._ledger.write(entering(access), work)
        except Refus as refused:
            raise NotAllowed(refused.code, refused.message) from refused
        self.whose.put(access.room, doctor)
        if changed is not None:
            self._listeners.doctor_changed(changed)

    def _arrive(
        self, access: Access, come: Callable[[Memory], Sequence[Occurrence]], page: Page
    ) -> tuple[str, str | None]:
        memory, doctor = self._looked(access, page)
        occurrences = come(memory)
        changed = self._record(access.room, occurrences, access, page) if occurrences else None
        page.use(access.jti, access.expires)
        return doctor, changed

    def _enter(self, access: Access, page: Page) -> tuple[Memory, str]:
        found = self._looked(access, page)
        page.use(access.jti, access.expires)
        return found

    def _looked(self, access: Access, page: Page) -> tuple[Memory, str]:
        """What is known of the room, and whose it is, if this token still opens it."""
        now = self._clock()
        check_token(page, access, now)
        try:
            un = page.telecontrole(access.room)
        except TelecontroleInconnu:
            raise NotAllowed("closed", "Ce rendez-vous n'existe pas.") from None
        acces = un.acces(now, self._fenetre)
        check_holder(un, access)
        if access.role != "medecin_conseil" and acces in CLOSED:
            raise NotAllowed(*CLOSED[acces])
        known = page.milestones(un.id)
        if access.role == "tiers":
            check_third(page.third(access.subject), access.room)
        if access.role == "assure" and not known.last_fact(GenreFait.INFORMATION_ACCEPTEE):
            raise NotAllowed("information", "Lisez d'abord l'information sur vos droits.")
        others = page.in_call(un.medecin_conseil) - {un.id}
        memory = remember(
            un.etat,
            known,
            ending(acces),
            self._reception(page.medecin(un.medecin_conseil), busy=bool(others)),
            page.in_person(un.id),
            self._apart,
        )
        if access.role == "tiers":
            memory = with_third(memory, page.third(access.subject))
        return memory, un.medecin_conseil

    async def reception(self, unite: UniteSql, un: Telecontrole) -> Reception:
        """What the waiting person is told of this doctor; nothing about anybody else."""
        found = await receiving(unite.connection, [un.medecin_conseil])
        return self.received(un.id, found[un.medecin_conseil])

    def received(self, telecontrole: str, by: Receiving) -> Reception:
        return self._reception(by.medecin, busy=bool(by.calls - {telecontrole}))

    def _reception(self, medecin: people.Medecin, *, busy: bool) -> Reception:
        there: Literal["absent", "busy", "available"] = "busy" if busy else "available"
        return Reception(
            doctor=there if self._online(medecin.id) else "absent",
            delay_minutes=medecin.delay(self._clock()),
            name=medecin.nom,
            function=medecin.fonction,
        )

    async def record(self, room: str, occurrences: Sequence[Occurrence], by: Access | None) -> None:
        """All or nothing: the domain's rule, then the facts, then (at the end) the seal."""
        needs = Needs(room, calls=any(one.kind == "admitted" for one in occurrences))
        try:
            work = partial(self._record, room, occurrences, by)
            doctor = await self._ledger.write(needs, work)
        except Refus as refused:
            raise NotAllowed(refused.code, refused.message) from refused
        if doctor is not None:
            self._listeners.doctor_changed(doctor)

    def _record(
        self, room: str, occurrences: Sequence[Occurrence], by: Access | None, page: Page
    ) -> str | None:
        """The médecin-conseil who is now free for others, or no longer."""
        draft = page.draft(room)
        if by is not None and by.role == "medecin_conseil" and is_an_act(occurrences):
            # It may have become a colleague's since they came in.
            check_holder(draft.un, by)
        before = draft.un.etat
        for occurrence in occurrences:
            self._apply(page, draft, occurrence)
        draft.keep()
        for occurrence in occurrences:
            keep_third(page, room, occurrence, self._clock())
        changed = (before is Etat.EN_COURS) is not (draft.un.etat is Etat.EN_COURS)
        return draft.un.medecin_conseil if changed else None

    def _apply(self, page: Page, draft: Draft, occurrence: Occurrence) -> None:
        un, kind, role = draft.un, occurrence.kind, occurrence.role
        if kind in ("joined", "returned") and role == "assure":
            un.entrer(self._clock(), self._fenetre)
        elif kind == "admitted":
            if page.in_call(un.medecin_conseil) - {un.id}:
                raise NotAllowed("in_call", "Un autre télécontrôle est en cours.")
            un.admettre()
        elif kind == "sent_back" or (kind == "left" and role == "assure"):
            un.remettre_en_attente()
        elif kind == "ended":
            un.terminer()
        draft.inscribe(
            self._recorder.fact(
                FACTS[kind],
                TIERS if role is None and kind in OF_THIRDS else role,
                details=occurrence.detail,
                claim=occurrence.claim,
            )
        )
        if kind == "ended":
            draft.seal(self._recorder.seal_of(un.id, draft.head, MotifSceau.FIN))

    def changed(self, room: Room) -> None:
        doctor = self.whose.doctor(room.id)
        # A console that opens later reads its whole day.
        if doctor is None or self._online(doctor):
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
            restart = self._recorder.fact(GenreFait.REDEMARRAGE_SERVEUR)
            await chains.inscribe(unite.connection, [(un.id, restart) for un in touched])
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


def entering(access: Access) -> Needs:
    """What is looked at of who comes in."""
    third = access.subject if access.role == "tiers" else ""
    return Needs(access.room, session=access.session, token=access.jti, calls=True, third=third)


def is_an_act(occurrences: Sequence[Occurrence]) -> bool:
    """Whether it takes the seat's holder to say so: to be lost, it does not."""
    return any(one.kind not in ("lost", "minute") for one in occurrences)


def check_holder(un: Telecontrole, access: Access) -> None:
    if access.role == "tiers":
        # Of their own invitation (server/thirds/seating.py).
        return
    holder = un.assure if access.role == "assure" else un.medecin_conseil
    if holder != access.subject:
        raise NotAllowed("closed", "Ce rendez-vous n'est pas le vôtre.")


def remember(
    etat: Etat,
    known: Milestones,
    why: EndReason,
    reception: Reception,
    in_person: InPerson | None,
    apart: frozenset[SeatName],
) -> Memory:
    admission = known.last_fact(GenreFait.ADMISSION)
    end = known.last_fact(GenreFait.FIN)
    return Memory(
        phase=phase_of(etat),
        admitted_at=admission.instant if admission and etat is Etat.EN_COURS else None,
        ended_at=end.instant if end else None,
        ended_by=ENDED_BY.get(end.role if end else None, "service"),
        ended_why=why,
        lost=frozenset(seat for role, seat in ROLES if known.was_there(role)),
        lost_since={
            seat: since for role, seat in ROLES if (since := known.lost_since(role)) is not None
        },
        reception=reception,
        in_person=in_person,
        company={seat: said for role, seat in ROLES if (said := known.company(role)) is not None},
        apart=apart,
        held=known.held(),
        thirds=seats_of(known.facts),
    )
