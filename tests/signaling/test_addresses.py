"""Whose addresses the other side never learns: decided where a message is relayed."""

from datetime import timedelta

import pytest
from room_scenes import NOW, answer, both, ice, offer, offered, refusal
from signaling_doubles import ANSWER, HOST, OFFER, ROLES

from signaling import room as rules
from signaling.protocol import Role
from signaling.room import Room, Step
from signaling.rooms import Memory, remembered

RELAYED = "candidate:4 1 udp 41885695 198.51.100.3 60000 typ relay raddr 203.0.113.9 rport 46154"
DOCTOR: frozenset[Role] = frozenset({"medecin_conseil"})
BOTH: frozenset[Role] = frozenset(ROLES)

pytestmark = pytest.mark.row("SP-08")


def room(apart: frozenset[Role]) -> Room:
    return rules.replace(offered(), apart=apart)


def said(step: Step) -> str | None:
    if step.relay is None:
        return None
    one = step.relay.signal
    return one.candidate.candidate if one.candidate else one.description and one.description.sdp


@pytest.mark.parametrize("role", ROLES)
def test_of_who_is_kept_apart_only_relays_pass(role: Role) -> None:
    apart = room(BOTH)

    own = rules.candidate(apart, role, ice(text=HOST))
    relay = rules.candidate(apart, role, ice(text=RELAYED))
    end = rules.candidate(apart, role, ice(text=""))

    assert own == Step(apart)
    assert said(relay) == RELAYED.replace("raddr 203.0.113.9 rport 46154", "raddr 0.0.0.0 rport 9")
    assert said(end) == ""


def test_one_side_may_be_kept_apart_and_the_other_not() -> None:
    apart = room(DOCTOR)

    assert said(rules.candidate(apart, "assure", ice(text=HOST))) == HOST
    assert said(rules.candidate(apart, "medecin_conseil", ice(text=HOST))) is None


def test_by_default_a_candidate_passes_as_it_came() -> None:
    one = ice(text=RELAYED)

    step = rules.candidate(offered(), "assure", one)

    assert step.relay is not None
    assert step.relay.signal.candidate == one


def test_a_description_passes_without_its_addresses() -> None:
    host = f"a={HOST}\r\n"
    apart = rules.replace(both(), apart=BOTH)

    offered = rules.offer(apart, "medecin_conseil", offer(sdp=OFFER + host))
    answered = rules.answer(offered.room, "assure", answer(sdp=ANSWER + host))

    assert "candidate:" not in (said(offered) or "candidate:")
    assert "candidate:" not in (said(answered) or "candidate:")
    assert "127.0.0.1" not in (said(offered) or "127.0.0.1")


def test_what_is_sent_again_is_known_again() -> None:
    apart = rules.replace(both(), apart=BOTH)
    offered = rules.offer(apart, "medecin_conseil", offer()).room
    answered = rules.answer(offered, "assure", answer()).room

    assert rules.offer(answered, "medecin_conseil", offer()) == Step(answered)
    assert rules.answer(answered, "assure", answer()) == Step(answered)


def test_an_address_that_cannot_be_taken_out_is_refused() -> None:
    apart = rules.replace(both(), apart=BOTH)
    hidden = offer(sdp=f"{OFFER}a=x-from:192.168.1.20\r\n")

    assert refusal(lambda: rules.offer(apart, "medecin_conseil", hidden)) == "sdp_refused"
    assert rules.offer(both(), "medecin_conseil", hidden).relay is not None


def test_a_room_is_kept_apart_as_it_is_remembered() -> None:
    memory = Memory("waiting", apart=DOCTOR)

    assert remembered("R", memory, NOW + timedelta(minutes=1)).apart == DOCTOR
