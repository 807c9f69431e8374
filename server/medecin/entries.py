"""One télécontrôle as the console's day list shows it: the store and the live room together."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from controle.etats import A_CONCLURE
from controle.presence import GenreFait, Role
from controle.telecontrole import Acces, Etat, Fenetre
from server.store import listed
from server.store.facts import Milestones
from server.store.listed import Listed
from server.store.receiving import zones
from server.store.sql import UniteSql
from signaling.protocol import Day, EndReason, Entry, Phase, Seat
from signaling.room import Room

NOBODY = Seat(presence="absent")


def phase_of(etat: Etat) -> Phase:
    """What the state means for the room."""
    if etat is Etat.EN_COURS:
        return "admitted"
    waiting = {Etat.CONVOQUE, Etat.ACCUSE, Etat.RAPPELE, Etat.EN_ATTENTE, Etat.BROUILLON}
    return "waiting" if etat in waiting else "ended"


#: Where the télécontrôle is over, and with which word its room says so.
ENDINGS: dict[Acces, EndReason] = {
    Acces.PRESENTIEL: "in_person",
    Acces.REFUSE: "refused",
    Acces.ANNULE: "cancelled",
    Acces.REPORTE: "cancelled",
}


def ending(acces: Acces) -> EndReason:
    return ENDINGS.get(acces, "ended")


class Today(NamedTuple):
    """Midnight where the caisse is, and until when its list may show something."""

    start: datetime
    last: datetime

    @classmethod
    def of(cls, now: datetime, zone: str) -> Self:
        date = now.astimezone(ZoneInfo(zone)).date()
        start = datetime.combine(date, datetime.min.time(), ZoneInfo(zone))
        last = max(start + timedelta(days=1), now + timedelta(hours=3))
        return cls(start, last)


class Entries:
    """`room`: the live room of a télécontrôle, if this process holds it."""

    def __init__(
        self, fenetre: Fenetre, clock: Callable[[], datetime], room: Callable[[str], Room | None]
    ) -> None:
        self._fenetre = fenetre
        self._clock = clock
        self._room = room
        self._version = 0

    async def days(self, unite: UniteSql, doctors: Collection[str]) -> Mapping[str, Day]:
        """Of these médecins-conseils, at least one, each that there is: today in their caisse's
        time zone, whatever is open around midnight, and of the days before what still waits for
        them: it is reached from nowhere else."""
        now, theirs = self._clock(), await zones(unite.connection, doctors)
        if not theirs:
            return {}
        todays = {doctor: Today.of(now, zone) for doctor, (_, zone) in theirs.items()}
        found = await listed.of_doctors(
            unite.connection,
            theirs,
            min(today.start for today in todays.values()),
            max(today.last for today in todays.values()),
        )
        entries: dict[str, list[Entry]] = {doctor: [] for doctor in theirs}
        for one in found:
            un, today = one.un, todays[one.un.medecin_conseil]
            if un.debut < today.last and (un.debut >= today.start or _to_do(one)):
                entries[un.medecin_conseil].append(self.shown(one))
        return {
            doctor: Day(
                date=todays[doctor].start.date().isoformat(),
                timezone=zone,
                server_time=now.isoformat(),
                delay_minutes=medecin.delay(now),
                entries=entries[doctor],
            )
            for doctor, (medecin, zone) in theirs.items()
        }

    async def entry(self, unite: UniteSql, telecontrole: str) -> Entry:
        """:raises TelecontroleInconnu: there is none."""
        return self.shown(await listed.one(unite.connection, telecontrole))

    def shown(self, one: Listed) -> Entry:
        """With what its room, if there is one, says now."""
        un, known = one.un, one.known
        room = self._room(un.id)
        return Entry(
            id=un.id,
            version=self._next_version(),
            start=un.debut.isoformat(),
            opens=un.ouverture(self._fenetre).isoformat(),
            closes=un.fermeture(self._fenetre).isoformat(),
            timezone=un.fuseau,
            duration_minutes=int(un.duree.total_seconds() // 60),
            context=str(un.contexte),
            assure_name=one.name,
            status=str(un.etat),
            phase=phase_of(un.etat),
            assure=room.assure.shown() if room else seat_on_record(known, Role.ASSURE),
            doctor=room.medecin_conseil.shown() if room else NOBODY,
            arrived_at=known.first(GenreFait.ENTREE, Role.ASSURE),
            admitted_at=known.last(GenreFait.ADMISSION) if un.etat is Etat.EN_COURS else None,
            ended_at=known.last(GenreFait.FIN),
            identity=identity(known),
            clinical_exam=un.examen_clinique,
            in_person=un.presentiel is not None,
            outcome_version=one.outcomes,
            needs=list(un.besoins),
            justification=one.justification,
            equipment=one.equipment,
            thirds=[third.shown() for third in room.thirds] if room else [],
            undelivered=one.undelivered,
        )

    def _next_version(self) -> int:
        """Grows over restarts too: a console keeps the highest it has seen."""
        self._version = max(self._version + 1, int(self._clock().timestamp() * 1000))
        return self._version


def _to_do(one: Listed) -> bool:
    """An outcome to sign (a call that nobody ended too: it keeps the next one from being admitted),
    or a reason to read."""
    to_sign = not one.outcomes and one.un.etat in A_CONCLURE
    return to_sign or one.justification == "deposee"


def seat_on_record(known: Milestones, role: Role) -> Seat:
    """Without a live room (after a restart): who was there is shown as lost, never removed."""
    if known.was_there(role):
        return Seat(presence="lost", since=known.last_seen(role))
    return NOBODY


def identity(known: Milestones) -> Literal["", "verified", "not_confirmed"]:
    verdict = known.last_detail(GenreFait.IDENTITE_CONTROLEE, "verifiee")
    if verdict is None:
        return ""
    return "verified" if verdict else "not_confirmed"
