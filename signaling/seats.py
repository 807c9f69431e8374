"""The seats of a room, and what is kept of the signalling with third participants."""

from datetime import datetime
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from .protocol import (
    CodeResult,
    Companion,
    Missing,
    Pair,
    Seat,
    SeatName,
    SeatPresence,
    Third,
    ThirdKind,
    ThirdSeat,
    ThirdSignal,
    Transport,
)

SEATS: tuple[ThirdSeat, ...] = get_args(ThirdSeat)
#: Of a pair, the one named first offers: offers never cross.
ORDER: dict[SeatName, int] = {seat: rank for rank, seat in enumerate(get_args(SeatName))}


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


class Place(Struct, frozen=True, gc=False):
    """One seat; `sid` is the socket that holds it now."""

    presence: SeatPresence = "absent"
    since: datetime | None = None
    sid: str | None = None
    instance: str | None = None
    microphone: bool = False
    camera: bool = False
    missing: Missing = ""
    virtual: bool = False
    #: That its camera is a program is on record already: once is enough.
    reported: bool = False
    transport: Transport = "none"
    #: This side's last word on the spoken code.
    code: CodeResult = ""
    #: The certificates that word is about.
    certificates: str = ""
    #: Which person has it: the médecin-conseil may become another one.
    holder: str = ""
    #: Who is with this person; None: they have not said.
    company: tuple[Companion, ...] | None = None
    #: The pages that had it before this one: they do not come back (`succeeded`).
    former: tuple[str, ...] = ()

    def shown(self) -> Seat:
        return Seat(
            presence=self.presence,
            since=iso(self.since),
            instance=self.instance,
            microphone=self.microphone,
            camera=self.camera,
            missing=self.missing,
            virtual=self.virtual,
            transport=self.transport,
            code=self.code,
            company=None if self.company is None else list(self.company),
        )


class ThirdPlace(Struct, frozen=True, gc=False):
    """One third participant's seat; `sid` is the socket that holds it now."""

    seat: ThirdSeat
    kind: ThirdKind
    presence: SeatPresence = "present"
    since: datetime | None = None
    sid: str | None = None
    instance: str | None = None
    #: By the médecin-conseil; it counts while the assuré is admitted too.
    admitted: bool = False
    #: The assuré does not want them in.
    objected: bool = False
    microphone: bool = False
    camera: bool = False
    #: The invitation that they came by; empty: not known since a restart.
    holder: str = ""
    #: As of `Place`.
    former: tuple[str, ...] = ()

    def shown(self) -> Third:
        return Third(
            seat=self.seat,
            kind=self.kind,
            presence=self.presence,
            since=iso(self.since),
            instance=self.instance,
            admitted=self.admitted,
            objected=self.objected,
            microphone=self.microphone,
            camera=self.camera,
        )


class Kept(Struct, frozen=True, gc=False):
    """What was relayed to somebody of a pair, for when they come back."""

    to: SeatName
    signal: ThirdSignal


class Between(Struct, frozen=True, gc=False):
    """A pair with a third participant in it, and its negotiation in course."""

    offers: SeatName
    answers: SeatName
    negotiation: int = 0
    mail: tuple[Kept, ...] = ()

    def shown(self) -> Pair:
        return Pair(offers=self.offers, answers=self.answers, negotiation=self.negotiation)


Pairs = tuple[Between, ...]


def addressed(pairs: Pairs, seat: SeatName) -> list[ThirdSignal]:
    """What was relayed to this seat, of all its pairs, in the order of saying."""
    found = [kept.signal for pair in pairs for kept in pair.mail if kept.to == seat]
    return sorted(found, key=lambda signal: signal.seq)


def silenced(pairs: Pairs, seat: SeatName | None = None) -> Pairs:
    """Nothing of it is kept any more: the gate is closed, or (`seat`) that page is another one.

    The numbers stay: the next offer is higher than whatever a page has seen.
    """
    return tuple(
        replace(pair, mail=()) if seat in (None, pair.offers, pair.answers) else pair
        for pair in pairs
    )


def not_admitted(thirds: tuple[ThirdPlace, ...]) -> tuple[ThirdPlace, ...]:
    """Whoever receives now has let nobody in yet."""
    return tuple(replace(one, admitted=False) for one in thirds)
