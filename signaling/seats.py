"""The seats of third participants, and what is kept of the signalling between them and others."""

from datetime import datetime
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from .protocol import Pair, SeatName, SeatPresence, Third, ThirdKind, ThirdSeat, ThirdSignal

SEATS: tuple[ThirdSeat, ...] = get_args(ThirdSeat)
#: Of a pair, the one named first offers: offers never cross.
ORDER: dict[SeatName, int] = {seat: rank for rank, seat in enumerate(get_args(SeatName))}


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

    def shown(self) -> Third:
        return Third(
            seat=self.seat,
            kind=self.kind,
            presence=self.presence,
            since=self.since.isoformat() if self.since else None,
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
