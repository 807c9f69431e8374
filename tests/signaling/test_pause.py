"""The pause: each side's own, kept over a loss, over with the admission."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room_scenes import LATER, NOW, admitted, both, ended, joined, kinds, refusal
from signaling_doubles import GRACE

from signaling import room as rules
from signaling.pause import hold
from signaling.protocol import Hold, Reception, Role
from signaling.room import Room
from signaling.rooms import Memory, remembered

pytestmark = pytest.mark.row("CO-12")

ON, OFF = Hold(on=True), Hold(on=False)


def paused(by: Role = "assure", room: Room | None = None) -> Room:
    return hold(room or admitted(), by, ON, LATER).room


def held_by(room: Room) -> list[str]:
    return [one.by for one in room.state(LATER).held]


@pytest.mark.parametrize("by", ["assure", "medecin_conseil"])
def test_either_person_pauses_and_takes_it_back(by: Role) -> None:
    step = hold(admitted(), by, ON, LATER)
    [one] = step.room.state(LATER).held
    back = hold(step.room, by, OFF, LATER)

    assert (kinds(step), one.by, one.since) == (["held"], by, LATER.isoformat())
    assert (kinds(back), held_by(back.room)) == (["resumed"], [])
    assert step.occurrences[0].role == back.occurrences[0].role == by
    assert back.room.version > step.room.version


def test_what_one_paused_the_other_cannot_take_back() -> None:
    room = paused("assure")

    step = hold(room, "medecin_conseil", OFF, LATER)

    assert (step.room, step.occurrences) == (room, ())


def test_two_pauses_are_over_when_both_are() -> None:
    room = paused("medecin_conseil", paused("assure"))

    room = hold(room, "assure", OFF, LATER).room

    assert held_by(room) == ["medecin_conseil"]


def test_said_again_it_is_not_a_new_fact() -> None:
    room = paused()

    assert hold(room, "assure", ON, LATER + timedelta(seconds=5)).room == room
    assert hold(admitted(), "assure", OFF, LATER).occurrences == ()


@pytest.mark.parametrize(("room", "code"), [(both(), "not_admitted"), (ended(), "ended")])
def test_only_a_consultation_is_paused(room: Room, code: str) -> None:
    assert refusal(lambda: hold(room, "assure", ON, LATER)) == code


def test_a_lost_or_reloaded_page_finds_it_as_it_was() -> None:
    lost = rules.drop(paused(), "assure", "assure-1", LATER).room

    back = joined(lost, "assure", "assure-2", "page-other", now=LATER)

    assert held_by(lost) == held_by(back) == ["assure"]
    assert back.snapshot("assure", LATER).state.held == lost.state(LATER).held


def test_whoever_comes_back_too_late_waits_without_a_pause() -> None:
    lost = rules.drop(paused(), "assure", "assure-1", NOW).room

    back = joined(lost, "assure", "assure-2", now=NOW + GRACE + timedelta(seconds=1))

    assert (back.phase, held_by(back)) == ("waiting", [])


def test_what_ends_the_admission_ends_the_pause() -> None:
    room = paused("medecin_conseil", paused("assure"))
    colleague = Reception(doctor="available")

    after = [
        rules.send_back(room, "medecin_conseil").room,
        rules.end(room, "medecin_conseil", "ended", LATER).room,
        rules.leave(room, "assure", LATER).room,
        rules.hand_over(room, "another", colleague).room,
    ]

    assert [held_by(one) for one in after] == [[], [], [], []]


def test_a_server_that_comes_back_still_knows_it() -> None:
    since = (("assure", NOW),)

    inside = remembered("R", Memory("admitted", admitted_at=NOW, held=since), LATER)
    outside = remembered("R", Memory("waiting", held=since), LATER)

    assert (held_by(inside), held_by(outside)) == (["assure"], [])


@given(st.lists(st.tuples(st.sampled_from(["assure", "medecin_conseil"]), st.booleans())))
def test_it_is_held_exactly_while_somebody_has_not_resumed(asked: list[tuple[Role, bool]]) -> None:
    room, model = admitted(), set[str]()

    for role, on in asked:
        room = hold(room, role, Hold(on=on), LATER).room
        (model.add if on else model.discard)(role)

        assert set(held_by(room)) == model
