"""Which role may send which event, and in which phases of the room that can have an effect.

The one table of it: rooms.py gives an event to its verb by the role's own column (verbs.py), so
that what has no line here reaches no verb at all. docs/roles.md is printed from it.
"""

from collections.abc import Mapping
from typing import NamedTuple, get_args

from .protocol import Phase, Role

ROLES: tuple[Role, ...] = get_args(Role)
PHASES: tuple[Phase, ...] = get_args(Phase)


class Right(NamedTuple):
    """`phases`: in the others the room refuses it (room.py)."""

    roles: frozenset[Role]
    phases: frozenset[Phase]


DOCTOR: frozenset[Role] = frozenset({"medecin_conseil"})
ASSURE: frozenset[Role] = frozenset({"assure"})
BOTH = DOCTOR | ASSURE

OPEN: frozenset[Phase] = frozenset({"waiting", "admitted"})
CALL: frozenset[Phase] = frozenset({"admitted"})
#: What is over stays over: asked twice, it is answered as done.
ALWAYS = frozenset(PHASES)

#: Namespace `/`; one line for each event of CLIENT_TO_SERVER.
EVENTS: Mapping[str, Right] = {
    "offer": Right(DOCTOR, OPEN),
    "answer": Right(ASSURE, OPEN),
    "candidate": Right(BOTH, OPEN),
    "renegotiate": Right(ASSURE, OPEN),
    "admit": Right(DOCTOR, OPEN),
    "send_back": Right(DOCTOR, OPEN),
    "end": Right(DOCTOR, ALWAYS),
    "leave": Right(BOTH, OPEN),
    "devices": Right(BOTH, OPEN),
    "media": Right(BOTH, OPEN),
    "spoken_code": Right(BOTH, OPEN),
    "challenge": Right(DOCTOR, CALL),
    "challenge_result": Right(DOCTOR, CALL),
    "framing": Right(DOCTOR, CALL),
    "company": Right(BOTH, OPEN),
}

#: Namespace `/console`; one line for each event of CONSOLE_TO_SERVER. It has no phase.
CONSOLE_EVENTS: Mapping[str, frozenset[Role]] = {"announce_delay": DOCTOR}
