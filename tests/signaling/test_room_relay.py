"""What passes through a room: descriptions, candidates, words on media, one test per rule."""

import pytest
from room_scenes import (
    LATER,
    NOW,
    admitted,
    answer,
    both,
    ice,
    joined,
    offer,
    offered,
    refusal,
)
from signaling_doubles import OFFER, ROLES

from signaling import room as rules
from signaling.protocol import Devices, InPerson, Media, Reception, Role
from signaling.room import MAX_SIGNALS, Room, Step

pytestmark = pytest.mark.row("SP-02")


# --- what passes --------------------------------------------------------------------------------


def test_an_offer_goes_to_the_assure() -> None:
    step = rules.offer(both(), "medecin_conseil", offer())

    relay = step.relay

    assert relay is not None
    assert (relay.to, relay.signal.kind, relay.signal.seq) == ("assure", "offer", 1)


def test_an_answer_goes_to_the_medecin() -> None:
    step = rules.answer(offered(), "assure", answer())

    relay = step.relay

    assert relay is not None
    assert (relay.to, relay.signal.kind, relay.signal.seq) == ("medecin_conseil", "answer", 2)


@pytest.mark.parametrize(("role", "to"), [ROLES, ROLES[::-1]])
def test_a_candidate_goes_to_the_other(role: Role, to: Role) -> None:
    step = rules.candidate(offered(), role, ice())

    relay = step.relay

    assert relay is not None
    assert (relay.to, relay.signal.kind) == (to, "candidate")


def test_only_the_medecin_offers() -> None:
    room = both()

    code = refusal(lambda: rules.offer(room, "assure", offer()))

    assert code == "wrong_role"


def test_only_the_assure_answers() -> None:
    room = offered()

    code = refusal(lambda: rules.answer(room, "medecin_conseil", answer()))

    assert code == "wrong_role"


def test_only_the_assure_asks_for_a_negotiation() -> None:
    room = offered()

    code = refusal(lambda: rules.renegotiate(room, "medecin_conseil"))

    assert code == "wrong_role"


def test_asking_for_a_negotiation_is_not_kept() -> None:
    room = offered()

    step = rules.renegotiate(room, "assure")

    assert step == Step(room)


def test_nobody_offers_to_an_empty_chair() -> None:
    room = joined(Room("R"), "medecin_conseil")

    code = refusal(lambda: rules.offer(room, "medecin_conseil", offer()))

    assert code == "peer_absent"


def test_an_offer_to_a_lost_assure_waits_for_the_return() -> None:
    room = rules.drop(both(), "assure", "assure-1", NOW).room
    room = offered(room)

    snapshot = joined(room, "assure", "assure-2").snapshot("assure", LATER)

    assert [signal.kind for signal in snapshot.signals] == ["offer"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_offer_with_an_old_number_is_stale(number: int) -> None:
    room = offered(offered(), 2)

    code = refusal(
        lambda: rules.offer(room, "medecin_conseil", offer(number, OFFER + "a=x-more\r\n"))
    )

    assert code == "stale"


def test_the_same_offer_again_changes_nothing() -> None:
    room = offered()

    step = rules.offer(room, "medecin_conseil", offer())

    assert step == Step(room)


def test_the_same_answer_again_changes_nothing() -> None:
    room = rules.answer(offered(), "assure", answer()).room

    step = rules.answer(room, "assure", answer())

    assert step == Step(room)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_an_answer_of_another_negotiation_is_stale(number: int) -> None:
    room = offered(offered(), 2)

    code = refusal(lambda: rules.answer(room, "assure", answer(number)))

    assert code == "stale"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_candidate_of_another_negotiation_is_stale(number: int) -> None:
    room = offered(offered(), 2)

    code = refusal(lambda: rules.candidate(room, "assure", ice(number)))

    assert code == "stale"


def test_before_the_first_offer_there_is_nothing_to_answer() -> None:
    room = both()

    code = refusal(lambda: rules.answer(room, "assure", answer(0)))

    assert code == "stale"


@pytest.mark.row("SP-02")
def test_a_description_that_is_none_is_refused() -> None:
    room = both()

    code = refusal(lambda: rules.offer(room, "medecin_conseil", offer(sdp="v=0\r\nhello")))

    assert code == "sdp_refused"


def test_an_offer_is_no_answer() -> None:
    room = offered()

    code = refusal(lambda: rules.answer(room, "assure", answer(sdp=OFFER)))

    assert code == "sdp_refused"


def test_a_candidate_that_is_none_is_refused() -> None:
    room = offered()

    code = refusal(lambda: rules.candidate(room, "assure", ice(text="candidate:x\r\na=evil")))

    assert code == "candidate_refused"


def test_the_end_of_candidates_is_one_too() -> None:
    step = rules.candidate(offered(), "assure", ice(text=""))

    relay = step.relay

    assert relay is not None


def test_only_so_many_candidates_are_kept() -> None:
    room = offered()
    while len(room.signals) < MAX_SIGNALS:
        room = rules.candidate(room, "assure", ice()).room

    code = refusal(lambda: rules.candidate(room, "assure", ice()))

    assert code == "too_many_candidates"


def test_a_new_offer_starts_a_new_list() -> None:
    room = rules.candidate(offered(), "assure", ice()).room

    room = offered(room, 2)

    assert [relay.signal.kind for relay in room.signals] == ["offer"]
    assert room.seq == 3


def test_a_snapshot_repeats_what_was_signalled_to_that_side_alone() -> None:
    room = rules.candidate(offered(), "assure", ice()).room
    room = rules.answer(room, "assure", answer()).room

    signals = {role: [signal.kind for signal in room.snapshot(role, NOW).signals] for role in ROLES}

    assert signals == {"assure": ["offer"], "medecin_conseil": ["candidate", "answer"]}


@pytest.mark.parametrize("role", ROLES)
def test_a_new_page_on_either_side_clears_the_negotiation(role: Role) -> None:
    room = rules.answer(offered(), "assure", answer()).room

    room = joined(room, role, "newer", "page-new")

    assert room.signals == ()
    assert room.negotiation == 1


@pytest.mark.parametrize("role", ROLES)
def test_the_same_page_finds_the_negotiation_again(role: Role) -> None:
    room = rules.answer(offered(), "assure", answer()).room

    again = joined(rules.drop(room, role, f"{role}-1", NOW).room, role, "newer")

    assert again.signals == room.signals


# --- words on media -----------------------------------------------------------------------------


def test_media_does_not_flow_before_admission() -> None:
    room = both()

    code = refusal(lambda: rules.media(room, "assure", Media(state="flowing")))

    assert code == "not_admitted"


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        (Media(state="ready"), "media_ready"),
        (Media(state="flowing"), "media_flowing"),
        (Media(state="flowing", continuous=True), "media_kept"),
        (Media(state="lost", cause="failed"), "media_lost"),
        (Media(state="lost", continuous=True), "media_lost"),
        (Media(state="ready", continuous=True), "media_ready"),
    ],
)
def test_a_word_on_media_is_kept_as_that_sides_claim(claim: Media, kind: str) -> None:
    step = rules.media(admitted(), "assure", claim)

    fact = step.occurrences[0]

    assert (fact.kind, fact.role, fact.claim) == (kind, "assure", True)
    assert step.room.assure.transport == claim.state


def test_why_media_was_lost_is_kept() -> None:
    step = rules.media(admitted(), "assure", Media(state="lost", cause="failed"))

    detail = step.occurrences[0].detail

    assert detail == {"cause": "failed"}


def test_devices_are_shown_to_the_other_and_not_put_on_record() -> None:
    step = rules.devices(both(), "assure", Devices(microphone=True, camera=False))

    seat = step.room.state(NOW).assure

    assert (seat.microphone, seat.camera, step.occurrences) == (True, False, ())


def test_saying_the_same_of_ones_devices_changes_nothing() -> None:
    room = both()

    step = rules.devices(room, "assure", Devices(microphone=False, camera=False))

    assert step == Step(room)


def test_what_the_waiting_person_is_told_is_a_change_of_the_room() -> None:
    room = both()
    told = Reception(doctor="busy", delay_minutes=10)

    after = rules.receive(room, told).room

    assert (after.reception, after.version) == (told, room.version + 1)
    assert rules.receive(after, told) == Step(after)


SOON = InPerson(
    start="2026-12-01T09:00:00+00:00", timezone="Europe/Paris", site="Rennes", address="1 rue X"
)


@pytest.mark.row("IP-03")
@pytest.mark.parametrize("room", [both(), admitted()], ids=["waiting", "admitted"])
def test_a_date_in_person_is_in_the_state_of_both_and_moves_nobody(room: Room) -> None:
    step = rules.meet(room, SOON)

    assert step.room.state(NOW).in_person == SOON
    assert (step.room.phase, step.room.version) == (room.phase, room.version + 1)
    assert step.occurrences == ()


@pytest.mark.row("IP-03")
def test_the_same_date_in_person_changes_nothing() -> None:
    room = rules.meet(both(), SOON).room

    assert rules.meet(room, SOON) == Step(room)
    assert rules.meet(room, None).room.state(NOW).in_person is None
