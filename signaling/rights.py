"""Which role may send which event, and in which phases of the room that can have an effect.

The one table of it: rooms.py gives an event to its verb by the role's own column (verbs.py), so
that what has no line here reaches no verb at all. docs/roles.md is printed from it.
"""

from collections.abc import Mapping
from typing import NamedTuple, get_args

from .protocol import Actor, Phase

ROLES: tuple[Actor, ...] = get_args(Actor)
PHASES: tuple[Phase, ...] = get_args(Phase)


class Right(NamedTuple):
    """`phases`: in the others the room refuses it (room.py)."""

    roles: frozenset[Actor]
    phases: frozenset[Phase]


DOCTOR: frozenset[Actor] = frozenset({"medecin_conseil"})
ASSURE: frozenset[Actor] = frozenset({"assure"})
THIRD: frozenset[Actor] = frozenset({"tiers"})
BOTH = DOCTOR | ASSURE
ALL = BOTH | THIRD

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
    "leave": Right(ALL, OPEN),
    "devices": Right(ALL, OPEN),
    "media": Right(BOTH, OPEN),
    "spoken_code": Right(BOTH, OPEN),
    "challenge": Right(DOCTOR, CALL),
    "challenge_result": Right(DOCTOR, CALL),
    "framing": Right(DOCTOR, CALL),
    "company": Right(BOTH, OPEN),
    "hold": Right(BOTH, CALL),
    "third_admit": Right(DOCTOR, OPEN),
    "third_remove": Right(DOCTOR, OPEN),
    "third_object": Right(ASSURE, OPEN),
    # Of a pair the first offers, the other answers and asks for a new offer (SeatName).
    "third_offer": Right(ALL, CALL),
    "third_answer": Right(THIRD, CALL),
    "third_candidate": Right(ALL, CALL),
    "third_renegotiate": Right(THIRD, CALL),
}

#: Namespace `/console`; one line for each event of CONSOLE_TO_SERVER. It has no phase.
CONSOLE_EVENTS: Mapping[str, frozenset[Actor]] = {"announce_delay": DOCTOR}
