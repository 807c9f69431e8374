"""Rooms with third participants in them, made by their own verbs."""

from datetime import datetime

from room_scenes import NOW
from signaling_doubles import ANSWER, GRACE, HOST, OFFER

from signaling import thirds
from signaling.protocol import (
    SeatName,
    ThirdCandidate,
    ThirdDescription,
    ThirdKind,
    ThirdNamed,
    ThirdSeat,
)
from signaling.room import Room
from signaling.thirds import Comer


def come(
    room: Room,
    invitation: str = "one",
    kind: ThirdKind = "interprete",
    *,
    page: str = "",
    now: datetime = NOW,
    seat: ThirdSeat | None = None,
) -> Room:
    comer = Comer(invitation, kind, seat)
    sid = f"sid-{invitation}-{room.version}"
    return thirds.join(room, comer, sid, page or f"page-{invitation}", now=now, grace=GRACE).room


def with_thirds(room: Room) -> Room:
    return come(come(room, "one"), "two", "proche")


def let_in(room: Room) -> Room:
    for place in room.thirds:
        room = thirds.admit(room, ThirdNamed(seat=place.seat)).room
    return room


def third_offer(to: SeatName, negotiation: int = 1, sdp: str = OFFER) -> ThirdDescription:
    return ThirdDescription(to=to, sdp=sdp, negotiation=negotiation, fresh=True)


def third_answer(to: SeatName, negotiation: int = 1) -> ThirdDescription:
    return third_offer(to, negotiation, ANSWER)


def third_ice(to: SeatName, negotiation: int = 1, text: str = HOST) -> ThirdCandidate:
    return ThirdCandidate(to=to, negotiation=negotiation, candidate=text, sdp_mid="0")


def third_offered(room: Room) -> Room:
    """By both to the first of them."""
    for source in ("medecin_conseil", "assure"):
        room = thirds.offer(room, source, third_offer("tiers1")).room
    return room
