"""« Qui est dans la pièce »: each side's own word, shown to the other, on record as numbers."""

import msgspec
import pytest
from room_scenes import GRACE, LATER, NOW, admitted, both, ended, joined, refusal
from signaling_doubles import ROLES

from signaling import room as rules
from signaling.protocol import Companion, Company, Role
from signaling.room import Room, Step
from signaling.rooms import Memory, remembered

pytestmark = pytest.mark.row("CO-09")


def company(*others: Companion) -> Company:
    return Company(others=list(others))


def shown(room: Room, role: Role) -> list[str] | None:
    state = room.state(NOW)
    return (state.assure if role == "assure" else state.medecin_conseil).company


@pytest.mark.parametrize("role", ROLES)
def test_nobody_has_said_anything_until_they_do(role: Role) -> None:
    room = both()

    alone = rules.company(room, role, company()).room

    assert shown(room, role) is None
    assert shown(alone, role) == []


def test_roles_are_shown_and_numbers_go_on_record_as_a_claim() -> None:
    step = rules.company(both(), "assure", company("proche", "interprete", "proche"))

    assert shown(step.room, "assure") == ["interprete", "proche", "proche"]
    (fact,) = step.occurrences
    assert (fact.kind, fact.role, fact.claim) == ("company", "assure", True)
    assert fact.detail == {"nombre": 3, "interprete": 1, "proche": 2}


def test_it_may_change_during_the_call_and_the_same_again_changes_nothing() -> None:
    room = rules.company(admitted(), "assure", company()).room

    changed = rules.company(room, "assure", company("soignant"))
    again = rules.company(changed.room, "assure", company("soignant"))

    assert shown(changed.room, "assure") == ["soignant"]
    assert changed.room.phase == "admitted"
    assert again == Step(changed.room)


def test_nobody_is_kept_from_admitting_by_it() -> None:
    room = rules.admit(both(), "medecin_conseil", NOW).room

    assert room.phase == "admitted"
    assert shown(room, "assure") is None


def test_it_is_kept_over_a_loss_and_a_reload() -> None:
    room = rules.company(both(), "assure", company("proche")).room

    lost = rules.drop(room, "assure", "assure-1", NOW).room
    back = joined(lost, "assure", "assure-2", "page-after-a-reload", LATER)

    assert shown(lost, "assure") == shown(back, "assure") == ["proche"]


def test_who_left_is_asked_again() -> None:
    room = rules.company(both(), "assure", company("proche")).room

    room = joined(rules.leave(room, "assure", NOW).room, "assure")

    assert shown(room, "assure") is None


def test_who_receives_instead_is_asked_for_themselves() -> None:
    room = both()
    room = rules.join(
        room, "medecin_conseil", "s1", "page-one", now=NOW, grace=GRACE, holder="mc-1"
    ).room
    room = rules.company(room, "medecin_conseil", company("soignant")).room

    same = rules.join(
        room, "medecin_conseil", "s2", "page-two", now=NOW, grace=GRACE, holder="mc-1"
    ).room
    other = rules.join(
        room, "medecin_conseil", "s2", "page-two", now=NOW, grace=GRACE, holder="mc-2"
    ).room

    assert shown(same, "medecin_conseil") == ["soignant"]
    assert shown(other, "medecin_conseil") is None


def test_a_room_remembers_it_from_the_record() -> None:
    memory = Memory("waiting", lost=frozenset({"assure"}), company={"assure": ("proche",)})

    back = joined(remembered("R", memory, NOW), "assure")

    assert shown(back, "assure") == ["proche"]


def test_what_is_over_is_not_declared_any_more() -> None:
    room = ended()

    assert refusal(lambda: rules.company(room, "assure", company())) == "ended"


@pytest.mark.parametrize(
    "payload",
    [{}, {"others": None}, {"others": ["Mme Durand"]}, {"others": ["proche"] * 10},
     {"others": "proche"}, {"others": [1]}, {"others": [["proche"]]}],
)  # fmt: skip
def test_no_name_and_no_crowd_can_be_said(payload: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(payload), type=Company)
