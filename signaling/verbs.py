"""Which verb of room.py each client event is: one table for those that ask the hour, one for the
others."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from . import room as rules
from .protocol import Role
from .room import NotAllowed, Room, Step

#: What a client asks, of which room, as whom, with what.
Verb = Callable[[Room, Role, Any], Step]
TimedVerb = Callable[[Room, Role, Any, datetime], Step]


def _ended(room: Room, role: Role, _: Any, now: datetime) -> Step:
    if role != "medecin_conseil":
        raise NotAllowed("wrong_role", "Seul le médecin-conseil termine le télécontrôle.")
    return rules.end(room, role, "ended", now)


VERBS: dict[str, Verb] = {
    "offer": rules.offer,
    "answer": rules.answer,
    "candidate": rules.candidate,
    "renegotiate": lambda room, role, _: rules.renegotiate(room, role),
    "send_back": lambda room, role, _: rules.send_back(room, role),
    "devices": rules.devices,
    "media": rules.media,
}
TIMED_VERBS: dict[str, TimedVerb] = {
    "admit": lambda room, role, _, now: rules.admit(room, role, now),
    "end": _ended,
    "leave": lambda room, role, _, now: rules.leave(room, role, now),
}
