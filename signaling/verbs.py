"""Which verb of room.py each client event is: one table for those that ask the hour, one for the
others; and of each, the column of each role (rights.py)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from . import checks
from . import room as rules
from .protocol import Role
from .rights import EVENTS, ROLES
from .room import Room, Step

V = TypeVar("V")

#: What a client asks, of which room, as whom, with what.
Verb = Callable[[Room, Role, Any], Step]
TimedVerb = Callable[[Room, Role, Any, datetime], Step]


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
}
TIMED_VERBS: dict[str, TimedVerb] = {
    "admit": lambda room, role, _, now: rules.admit(room, role, now),
    "end": lambda room, role, _, now: rules.end(room, role, "ended", now),
    "leave": lambda room, role, _, now: rules.leave(room, role, now),
}


def by_role(verbs: Mapping[str, V]) -> dict[Role, dict[str, V]]:
    """Each role's own; an event without a line in rights.py is nobody's."""
    return {
        role: {
            event: verb
            for event, verb in verbs.items()
            if event in EVENTS and role in EVENTS[event].roles
        }
        for role in ROLES
    }


#: What rooms.py asks: one look-up says which verb, and whether this role has it.
VERBS_OF = by_role(VERBS)
TIMED_VERBS_OF = by_role(TIMED_VERBS)
