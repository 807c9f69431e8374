"""Which verb of room.py each client event is: one table for those that ask the hour, one for the
others; and of each, the column of each role (rights.py)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, get_args

from . import checks, pause, thirds
from . import room as rules
from .protocol import Actor, Role, ThirdSeat
from .rights import EVENTS
from .room import Room, Step

V = TypeVar("V")

#: What a client asks, of which room, as whom, with what.
Verb = Callable[[Room, Role, Any], Step]
TimedVerb = Callable[[Room, Role, Any, datetime], Step]
#: The same of a third participant, as their seat.
ThirdVerb = Callable[[Room, ThirdSeat, Any], Step]
TimedThirdVerb = Callable[[Room, ThirdSeat, Any, datetime], Step]


VERBS: dict[str, Verb] = {
    "offer": rules.offer,
    "answer": rules.answer,
    "candidate": rules.candidate,
    "renegotiate": lambda room, role, _: rules.renegotiate(room, role),
    "send_back": lambda room, role, _: rules.send_back(room, role),
    "devices": rules.devices,
    "company": rules.company,
    "media": rules.media,
    "spoken_code": checks.spoken_code,
    "challenge": lambda room, _role, _: checks.challenge(room, checks.draw()),
    "challenge_result": checks.challenge_result,
    "framing": lambda room, _role, wanted: checks.framing(room, wanted),
    "third_admit": lambda room, _role, named: thirds.admit(room, named),
    "third_remove": lambda room, _role, named: thirds.remove(room, named),
    "third_object": lambda room, _role, said: thirds.objection(room, said),
    "third_offer": thirds.offer,
    "third_candidate": thirds.candidate,
}
TIMED_VERBS: dict[str, TimedVerb] = {
    "admit": lambda room, role, _, now: rules.admit(room, role, now),
    "end": lambda room, role, _, now: rules.end(room, role, "ended", now),
    "leave": lambda room, role, _, now: rules.leave(room, role, now),
    "hold": pause.hold,
}

THIRD_VERBS: dict[str, ThirdVerb] = {
    "devices": thirds.devices,
    "third_offer": thirds.offer,
    "third_answer": thirds.answer,
    "third_candidate": thirds.candidate,
    "third_renegotiate": thirds.renegotiate,
}
TIMED_THIRD_VERBS: dict[str, TimedThirdVerb] = {
    "leave": lambda room, seat, _, now: thirds.leave(room, seat, now),
}


def of(actor: Actor, verbs: Mapping[str, V]) -> dict[str, V]:
    """Of these, the ones that are theirs; an event without a line in rights.py is nobody's."""
    return {
        event: verb
        for event, verb in verbs.items()
        if event in EVENTS and actor in EVENTS[event].roles
    }


SEATED: tuple[Role, ...] = get_args(Role)
#: What rooms.py asks: one look-up says which verb, and whether this role has it.
VERBS_OF = {role: of(role, VERBS) for role in SEATED}
TIMED_VERBS_OF = {role: of(role, TIMED_VERBS) for role in SEATED}
VERBS_OF_THIRDS = of("tiers", THIRD_VERBS)
TIMED_VERBS_OF_THIRDS = of("tiers", TIMED_THIRD_VERBS)
