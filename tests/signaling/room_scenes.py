"""Rooms in each state, made by their own verbs, for the tests of the rules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from signaling_doubles import ANSWER, GRACE, HOST, OFFER

from signaling import room as rules
from signaling.protocol import Candidate, Description, Role
from signaling.room import NotAllowed, Room, Step

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)


def joined(room: Room, role: Role, sid: str = "", page: str = "", now: datetime = NOW) -> Room:
    return rules.join(
        room, role, sid or f"{role}-1", page or f"page-{role}", now=now, grace=GRACE
    ).room


def both() -> Room:
    return joined(joined(Room("R"), "assure"), "medecin_conseil")


def admitted() -> Room:
    return rules.admit(both(), "medecin_conseil", NOW).room


def ended(room: Room | None = None) -> Room:
    return rules.end(room or admitted(), "medecin_conseil", "ended", LATER).room


def offer(negotiation: int = 1, sdp: str = OFFER) -> Description:
    return Description(sdp=sdp, negotiation=negotiation, fresh=True)


def answer(negotiation: int = 1, sdp: str = ANSWER) -> Description:
    return Description(sdp=sdp, negotiation=negotiation, fresh=True)


def ice(negotiation: int = 1, text: str = HOST) -> Candidate:
    return Candidate(negotiation=negotiation, candidate=text, sdp_mid="0", sdp_m_line_index=0)


def offered(room: Room | None = None, negotiation: int = 1) -> Room:
    return rules.offer(room or both(), "medecin_conseil", offer(negotiation)).room


def kinds(step: Step) -> list[str]:
    return [occurrence.kind for occurrence in step.occurrences]


def refusal(verb: Callable[[], Step]) -> str:
    with pytest.raises(NotAllowed) as refused:
        verb()
    assert refused.value.message
    return refused.value.code
