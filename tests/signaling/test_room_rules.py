"""Who is in a room: coming, going, the gate and the end, one test per rule."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace
from room_scenes import (
    LATER,
    NOW,
    admitted,
    answer,
    both,
    ended,
    ice,
    joined,
    kinds,
    offer,
    offered,
    refusal,
)
from signaling_doubles import GRACE, ROLES

from signaling import room as rules
from signaling.protocol import Devices, Media, Role
from signaling.room import Room, Step

pytestmark = pytest.mark.row("SP-02")


# --- coming -------------------------------------------------------------------------------------


def test_who_comes_is_present_since_then() -> None:
    step = rules.join(Room("R"), "assure", "s", "page-one", now=NOW, grace=GRACE)

    place = step.room.assure

    assert (place.presence, place.since, place.sid) == ("present", NOW, "s")
    assert kinds(step) == ["joined"]


def test_coming_opens_no_gate() -> None:
    room = both()

    phase = room.phase

    assert phase == "waiting"


@pytest.mark.row("ID-07")
def test_the_newest_page_takes_the_seat() -> None:
    step = rules.join(both(), "assure", "assure-2", "page-two", now=LATER, grace=GRACE)

    place = step.room.assure

    assert (place.sid, place.instance) == ("assure-2", "page-two")
    assert (step.replaced_sid, step.stale_sid, kinds(step)) == ("assure-1", None, ["replaced"])


@pytest.mark.row("ID-07")
def test_a_takeover_does_not_restart_the_presence() -> None:
    step = rules.join(both(), "assure", "assure-2", "page-two", now=LATER, grace=GRACE)

    place = step.room.assure

    assert (place.presence, place.since) == ("present", NOW)


@pytest.mark.row("ID-07")
@pytest.mark.parametrize("newer", ["there", "lost", "left"])
def test_an_older_page_whose_line_comes_back_does_not_take_the_seat(newer: str) -> None:
    room = rules.drop(both(), "assure", "assure-1", LATER).room
    room = joined(room, "assure", "assure-2", "page-two")
    if newer == "lost":
        room = rules.drop(room, "assure", "assure-2", LATER).room
    elif newer == "left":
        room = rules.leave(room, "assure", LATER).room

    code = refusal(
        lambda: rules.join(room, "assure", "assure-3", "page-assure", now=LATER, grace=GRACE)
    )

    assert code == "replaced"
    assert joined(room, "assure", "assure-3", "page-three").assure.sid == "assure-3"


@pytest.mark.row("ID-07")
def test_so_many_older_pages_are_remembered() -> None:
    room = both()
    for number in range(rules.FORMER + 5):
        room = joined(room, "assure", f"assure-{number}", f"page-{number}")

    assert room.assure.former == tuple(f"page-{number}" for number in range(4, rules.FORMER + 4))


def test_the_same_page_reconnecting_is_no_takeover() -> None:
    step = rules.join(both(), "assure", "assure-2", "page-assure", now=LATER, grace=GRACE)

    place = step.room.assure

    assert (place.sid, place.since) == ("assure-2", NOW)
    assert (step.replaced_sid, step.stale_sid, kinds(step)) == (None, "assure-1", [])


def test_a_reconnection_keeps_what_the_page_said_of_its_devices_and_its_path() -> None:
    room = rules.devices(both(), "assure", Devices(microphone=True, camera=True)).room
    room = rules.media(room, "assure", Media(state="ready")).room

    place = joined(room, "assure", "assure-2").assure

    assert (place.microphone, place.camera, place.transport) == (True, True, "ready")


def test_another_page_starts_with_nothing_said() -> None:
    room = rules.devices(both(), "assure", Devices(microphone=True, camera=True)).room
    room = rules.media(room, "assure", Media(state="ready")).room

    place = joined(room, "assure", "assure-2", "page-two").assure

    assert (place.microphone, place.camera, place.transport) == (False, False, "none")


@pytest.mark.parametrize("role", ROLES)
def test_nobody_comes_into_an_ended_room(role: Role) -> None:
    room = ended()

    code = refusal(lambda: rules.join(room, role, "s", "page-new", now=LATER, grace=GRACE))

    assert code == "ended"


# --- going --------------------------------------------------------------------------------------


def test_a_socket_gone_without_a_word_is_lost_and_never_left() -> None:
    step = rules.drop(both(), "assure", "assure-1", LATER)

    place = step.room.assure

    assert (place.presence, place.since, place.sid) == ("lost", LATER, None)
    assert kinds(step) == ["lost"]


def test_the_loss_of_a_replaced_socket_changes_nothing() -> None:
    room = joined(both(), "assure", "assure-2", "page-two")

    step = rules.drop(room, "assure", "assure-1", LATER)

    assert step == Step(room)


def test_the_loss_of_who_left_changes_nothing() -> None:
    room = rules.leave(both(), "assure", NOW).room

    step = rules.drop(room, "assure", "assure-1", LATER)

    assert step == Step(room)


def test_a_lost_person_who_comes_back_has_returned() -> None:
    room = rules.drop(both(), "assure", "assure-1", NOW).room

    step = rules.join(room, "assure", "assure-2", "page-assure", now=LATER, grace=GRACE)

    assert kinds(step) == ["returned"]
    assert step.occurrences[0].detail == {"reload": False}


def test_a_return_by_another_page_says_so() -> None:
    room = rules.drop(both(), "assure", "assure-1", NOW).room

    step = rules.join(room, "assure", "assure-2", "page-two", now=LATER, grace=GRACE)

    assert step.occurrences[0].detail == {"reload": True}


def test_leaving_is_on_purpose_and_gives_up_the_seat() -> None:
    step = rules.leave(both(), "assure", LATER)

    place = step.room.assure

    assert (place.presence, place.sid, place.instance) == ("left", None, None)
    assert kinds(step) == ["left"]


def test_an_assure_who_left_is_admitted_anew() -> None:
    room = rules.leave(admitted(), "assure", LATER).room

    again = joined(room, "assure", "assure-2", now=LATER)

    assert (again.phase, again.admitted_at) == ("waiting", None)


def test_the_medecin_does_not_leave_an_admitted_assure_behind() -> None:
    room = admitted()

    code = refusal(lambda: rules.leave(room, "medecin_conseil", LATER))

    assert code == "in_call"


def test_the_medecin_may_leave_while_the_assure_waits() -> None:
    step = rules.leave(both(), "medecin_conseil", LATER)

    presence = step.room.medecin_conseil.presence

    assert presence == "left"


# --- the gate -----------------------------------------------------------------------------------


@pytest.mark.row("WR-01")
def test_the_medecin_admits_who_is_there() -> None:
    step = rules.admit(both(), "medecin_conseil", LATER)

    room = step.room

    assert (room.phase, room.admitted_at, kinds(step)) == ("admitted", LATER, ["admitted"])


def test_the_assure_does_not_admit_himself() -> None:
    room = both()

    code = refusal(lambda: rules.admit(room, "assure", LATER))

    assert code == "wrong_role"


@pytest.mark.parametrize("presence", ["absent", "lost", "left"])
def test_nobody_is_admitted_who_is_not_there(presence: str) -> None:
    room = both()
    room = replace(room, assure=replace(room.assure, presence=presence))

    code = refusal(lambda: rules.admit(room, "medecin_conseil", LATER))

    assert code == "assure_absent"


def test_admitting_twice_is_admitting_once() -> None:
    room = admitted()

    step = rules.admit(room, "medecin_conseil", LATER)

    assert step == Step(room)


def test_sending_back_closes_the_gate_and_keeps_the_transport() -> None:
    room = rules.media(admitted(), "assure", Media(state="flowing")).room
    room = rules.media(room, "medecin_conseil", Media(state="flowing")).room

    step = rules.send_back(room, "medecin_conseil")

    assert (step.room.phase, step.room.admitted_at) == ("waiting", None)
    assert {step.room.place(role).transport for role in ROLES} == {"ready"}
    assert step.room.signals == room.signals


def test_the_assure_does_not_send_himself_back() -> None:
    room = admitted()

    code = refusal(lambda: rules.send_back(room, "assure"))

    assert code == "wrong_role"


def test_sending_back_who_waits_changes_nothing() -> None:
    room = both()

    step = rules.send_back(room, "medecin_conseil")

    assert step == Step(room)


@pytest.mark.parametrize("late", [False, True])
def test_a_lost_assure_is_still_admitted_within_the_grace_and_no_longer(late: bool) -> None:
    room = rules.drop(admitted(), "assure", "assure-1", NOW).room
    back = NOW + GRACE + timedelta(seconds=late)

    step = rules.join(room, "assure", "assure-2", "page-assure", now=back, grace=GRACE)

    assert step.room.phase == ("waiting" if late else "admitted")
    assert kinds(step) == (["returned", "sent_back"] if late else ["returned"])


def test_nothing_flows_after_the_grace_is_over() -> None:
    room = rules.media(admitted(), "medecin_conseil", Media(state="flowing")).room
    room = rules.media(room, "assure", Media(state="flowing")).room
    room = rules.drop(room, "assure", "assure-1", NOW).room

    room = joined(room, "assure", "assure-2", now=NOW + 2 * GRACE)

    assert {room.place(role).transport for role in ROLES} == {"ready"}


def test_the_medecin_may_be_lost_for_long_and_the_assure_stays_admitted() -> None:
    room = rules.drop(admitted(), "medecin_conseil", "medecin_conseil-1", NOW).room

    room = joined(room, "medecin_conseil", "medecin_conseil-2", now=NOW + 10 * GRACE)

    assert room.phase == "admitted"


# --- the end ------------------------------------------------------------------------------------


def test_both_get_the_same_ending() -> None:
    room = ended()

    endings = [room.snapshot(role, LATER).state.ending for role in ROLES]

    assert endings[0] == endings[1]
    assert endings[0] is not None
    assert (endings[0].at, endings[0].by) == (LATER.isoformat(), "medecin_conseil")


def test_ending_twice_keeps_the_first_hour() -> None:
    room = ended()

    step = rules.end(room, "service", "cancelled", LATER + GRACE)

    assert step == Step(room)


def test_an_ended_room_forgets_its_negotiation_and_carries_no_media() -> None:
    room = rules.media(offered(admitted()), "assure", Media(state="flowing")).room

    room = ended(room)

    assert (room.signals, room.assure.transport) == ((), "ready")


AFTER_THE_END: dict[str, Callable[[Room], Step]] = {
    "offer": lambda room: rules.offer(room, "medecin_conseil", offer(9)),
    "answer": lambda room: rules.answer(room, "assure", answer()),
    "candidate": lambda room: rules.candidate(room, "assure", ice()),
    "renegotiate": lambda room: rules.renegotiate(room, "assure"),
    "admit": lambda room: rules.admit(room, "medecin_conseil", LATER),
    "send_back": lambda room: rules.send_back(room, "medecin_conseil"),
    "leave": lambda room: rules.leave(room, "assure", LATER),
    "devices": lambda room: rules.devices(room, "assure", Devices(microphone=True, camera=True)),
    "media": lambda room: rules.media(room, "assure", Media(state="lost")),
}


@pytest.mark.parametrize("event", AFTER_THE_END)
def test_an_ended_room_refuses(event: str) -> None:
    room = ended(offered(admitted()))

    code = refusal(lambda: AFTER_THE_END[event](room))

    assert code == "ended"
