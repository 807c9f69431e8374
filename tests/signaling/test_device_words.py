"""What a page says of its devices: shown to the other side, and a camera that is a program kept
once, as that page's word."""

import pytest
from room_scenes import GRACE, LATER, NOW, admitted, both

from signaling import room as rules
from signaling.protocol import Devices
from signaling.room import Room, Step


def reported(room: Room, *, virtual: bool = True) -> Step:
    return rules.devices(room, "assure", Devices(microphone=True, camera=True, virtual=virtual))


@pytest.mark.row("JO-08")
def test_who_comes_without_a_camera_is_seen_so_by_the_other() -> None:
    step = rules.devices(both(), "assure", Devices(microphone=True, camera=False, missing="camera"))

    seat = step.room.state(NOW).assure

    assert (seat.missing, seat.microphone, seat.camera) == ("camera", True, False)
    assert step.occurrences == ()


@pytest.mark.row("CO-14")
def test_a_virtual_camera_is_shown_and_put_on_record_once_as_a_claim_without_a_name() -> None:
    first = reported(both())
    again = reported(reported(first.room, virtual=False).room)

    (fact,) = first.occurrences

    assert (fact.kind, fact.role, fact.claim) == ("camera_reported", "assure", True)
    assert fact.detail == {}
    assert first.room.state(NOW).assure.virtual
    assert again.room.state(NOW).assure.virtual
    assert again.occurrences == ()


@pytest.mark.row("CO-14")
def test_a_reload_of_the_page_does_not_report_the_same_camera_twice() -> None:
    room = reported(both()).room

    back = rules.join(room, "assure", "s2", "another-page", now=LATER, grace=GRACE).room
    step = reported(back)

    assert not back.assure.virtual
    assert step.occurrences == ()


@pytest.mark.row("CO-14")
def test_nothing_follows_from_a_virtual_camera_by_itself() -> None:
    before = admitted()

    after = reported(before).room

    assert (after.phase, after.ending, after.assure.presence) == ("admitted", None, "present")
