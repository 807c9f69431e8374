"""Every event × role × phase, and without a seat: what rights.py says, and nothing else."""

import itertools
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest
from room_scenes import LATER, admitted, both, ended, offered
from signaling_doubles import (
    ANSWER,
    GRACE,
    ROLES,
    Clock,
    FakeVoice,
    FakeWitness,
    House,
    candidate_of,
)
from signaling_doubles import description as described
from third_rooms import let_in, third_offered, with_thirds

from signaling import room as rules
from signaling.access import Access
from signaling.protocol import CLIENT_TO_SERVER, CONSOLE_TO_SERVER, Actor, Challenge, Phase
from signaling.rights import CONSOLE_EVENTS, EVENTS, PHASES
from signaling.rights import ROLES as ACTORS
from signaling.room import NotAllowed, Room
from signaling.rooms import Rooms
from signaling.verbs import (
    THIRD_VERBS,
    TIMED_VERBS,
    TIMED_VERBS_OF,
    TIMED_VERBS_OF_THIRDS,
    VERBS,
    VERBS_OF,
    VERBS_OF_THIRDS,
)

#: A payload with which each event has its effect, where it may.
PAYLOADS: dict[str, dict[str, Any]] = {
    "offer": described(negotiation=2),
    "answer": described(ANSWER),
    "candidate": candidate_of(),
    "renegotiate": {"reason": "network"},
    "devices": {"microphone": True, "camera": True},
    "media": {"state": "ready"},
    "company": {"others": ["proche"]},
    "spoken_code": {"result": "shown"},
    "challenge_result": {"result": "done"},
    "framing": {"on": True},
    "third_admit": {"seat": "tiers2"},
    "third_remove": {"seat": "tiers2"},
    "third_object": {"seat": "tiers2", "objects": True},
    "third_offer": {"to": "tiers2", **described(negotiation=2)},
    "third_answer": {"to": "medecin_conseil", **described(ANSWER)},
    "third_renegotiate": {"to": "medecin_conseil", "reason": "network"},
    "hold": {"on": True},
}
#: Allowed to this role in this phase, and refused by a rule of its own.
OWN_RULES = {("leave", "medecin_conseil", "admitted"): "in_call"}
#: Already so: nothing is told.
REPEATED = {
    ("admit", "admitted"), ("send_back", "waiting"), ("end", "ended"), ("third_admit", "admitted"),
}  # fmt: skip
OF_ONE_ROLE = [
    event for event, right in EVENTS.items() if len(right.roles) == 1 and "tiers" not in right.roles
]

COMBINATIONS = [
    (event, role, phase, seated)
    for event, role in itertools.product(CLIENT_TO_SERVER, ACTORS)
    for phase, seated in (*((one, True) for one in PHASES), ("admitted", False))
]


def room_in(phase: Phase) -> Room:
    """Both are there, an offer was made, and a gesture was asked for during the call."""
    if phase == "waiting":
        return with_thirds(offered(both()))
    called = msgspec.structs.replace(offered(admitted()), challenge=Challenge(kind="hand"))
    called = third_offered(let_in(with_thirds(called)))
    return called if phase == "admitted" else ended(called)


def sid_of(room: Room, role: Actor) -> str:
    place = room.thirds[0] if role == "tiers" and room.thirds else None
    return (place.sid if place else None if role == "tiers" else room.place(role).sid) or ""


def payload_of(event: str, role: Actor) -> dict[str, Any]:
    if event == "third_candidate":
        return {"to": "medecin_conseil" if role == "tiers" else "tiers1", **candidate_of()}
    return PAYLOADS.get(event, {})


def access_of(role: Actor) -> Access:
    return Access(
        kind="room", subject=f"one {role}", role=role, room="R", jti="j", session="s", expires=0
    )


def code_of(event: str, role: Actor, phase: Phase, *, seated: bool) -> str:
    """What is answered by the table; empty: it is done."""
    if not seated:
        return "not_seated"
    right = EVENTS[event]
    if role not in right.roles:
        return "wrong_role"
    if phase not in right.phases:
        return "ended" if phase == "ended" else "not_admitted"
    return OWN_RULES.get((event, role, phase), "")


async def asked(rooms: Rooms, event: str, role: Actor, sid: str) -> str:
    """The code of the refusal, or empty."""
    payload = msgspec.convert(payload_of(event, role), CLIENT_TO_SERVER[event])
    try:
        answer = rooms.ask(access_of(role), sid, event, payload)
        if isinstance(answer, Awaitable):
            await answer
    except NotAllowed as refused:
        return refused.code
    return ""


@pytest.mark.row("SP-02")
async def test_each_event_has_its_effect_where_the_table_says_and_nowhere_else() -> None:
    allowed = 0

    for event, role, phase, seated in COMBINATIONS:
        witness, voice = FakeWitness(), FakeVoice()
        rooms = Rooms(witness, Clock(LATER), GRACE)
        rooms.voice = voice
        before = rooms._rooms["R"] = room_in(phase)
        sid = sid_of(before, role) if seated else "a page of before"

        code = await asked(rooms, event, role, sid)

        expected = code_of(event, role, phase, seated=seated)
        assert code == expected, (event, role, phase, seated)
        told = bool(witness.facts or voice.said or rooms.get("R") is not before)
        if code:
            assert not told, (event, role, phase, seated)
        else:
            allowed += 1
            repeated = (event, phase) in REPEATED
            assert told is not repeated, (event, role, phase)

    assert 0 < allowed < len(COMBINATIONS)
    print(f"{len(COMBINATIONS)} combinations of event, role and phase, {allowed} allowed")


@pytest.mark.row("SP-02")
def test_the_table_has_one_line_for_each_event_of_the_protocol() -> None:
    assert EVENTS.keys() == CLIENT_TO_SERVER.keys() == {*VERBS, *TIMED_VERBS, *THIRD_VERBS}
    assert CONSOLE_EVENTS.keys() == CONSOLE_TO_SERVER.keys()
    assert all(right.roles and right.phases for right in EVENTS.values())


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("role", ACTORS)
def test_a_role_has_no_verb_that_is_not_its_own(role: Actor) -> None:
    if role == "tiers":
        has = {*VERBS_OF_THIRDS, *TIMED_VERBS_OF_THIRDS}
    else:
        has = {*VERBS_OF[role], *TIMED_VERBS_OF[role]}

    assert has == {event for event, right in EVENTS.items() if role in right.roles}


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("event", OF_ONE_ROLE)
def test_the_rules_of_a_room_know_the_role_by_themselves(event: str) -> None:
    """A verb that was reached by another way refuses too."""
    (own,) = (role for role in ROLES if role in EVENTS[event].roles)

    with pytest.raises(NotAllowed) as refused:
        rules.only(event, rules.other(own))

    assert refused.value.code == "wrong_role"
    rules.only(event, own)


@pytest.mark.row("SP-02")
async def test_a_socket_that_has_no_seat_is_not_heard(house: House) -> None:
    answers = [house.door.heard("no such socket", event, b"{}") for event in CLIENT_TO_SERVER]

    assert {answer.code for answer in answers} == {"not_seated"}  # type: ignore[union-attr]
    assert house.witness.facts == []


@pytest.mark.row("SP-02")
@pytest.mark.parametrize("event", CONSOLE_EVENTS)
async def test_a_console_s_event_is_its_doctor_s_alone(house: House, event: str) -> None:
    answers = [await house.consoles.trigger_event(event, "no such socket", {"minutes": 5})]
    for role in ROLES:
        house.consoles._who[role] = msgspec.structs.replace(access_of(role), kind="console")
        answers.append(await house.consoles.trigger_event(event, role, {"minutes": 5}))

    codes = [getattr(answer, "code", "") for answer in answers]
    assert codes == ["not_seated", "wrong_role", ""]
    assert house.desk.delays == [("one medecin_conseil", 5)]
