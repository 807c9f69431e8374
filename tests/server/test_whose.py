"""Which médecin-conseil each room is for, both ways, and no longer than the room."""

import pytest

from server.whose import Whose

pytestmark = pytest.mark.row("OPS-02")


def test_a_doctor_s_rooms_are_found_and_a_room_s_doctor() -> None:
    whose = Whose()
    whose.put("a", "dr-1")
    whose.put("b", "dr-1")
    whose.put("c", "dr-2")
    assert whose.rooms("dr-1") == {"a", "b"}
    assert [whose.doctor(room) for room in ("a", "c", "d")] == ["dr-1", "dr-2", None]


def test_a_room_that_becomes_a_colleague_s_is_no_longer_the_first_one_s() -> None:
    whose = Whose()
    whose.put("a", "dr-1")
    whose.put("a", "dr-2")
    assert not whose.rooms("dr-1")
    assert whose.rooms("dr-2") == {"a"}


def test_what_is_gone_is_forgotten() -> None:
    whose = Whose()
    whose.put("a", "dr-1")
    whose.put("b", "dr-1")
    whose.keep(["b", "z"])
    assert whose.known == {"b"}
    assert whose.rooms("dr-1") == {"b"}
    whose.keep([])
    assert not whose.rooms("dr-1")
