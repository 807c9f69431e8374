"""The rules of third participants, one by one (row CO-08)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from cluster_doubles import Workers, workers_on
from redis_server import RedisServer, until
from room_scenes import LATER, NOW, admitted, both, refusal
from signaling_doubles import GRACE, OFFER
from third_rooms import (
    come,
    let_in,
    third_answer,
    third_ice,
    third_offer,
    third_offered,
    with_thirds,
)

from signaling import room as rules
from signaling import thirds
from signaling.protocol import (
    Devices,
    Empty,
    InPerson,
    Reception,
    ThirdNamed,
    ThirdObjection,
    ThirdSignal,
)
from signaling.room import Room
from signaling.rooms import Memory, Rooms, minute
from signaling.thirds import Comer

FIRST = ThirdNamed(seat="tiers1")
RELAYED = "candidate:2 1 udp 1 198.51.100.9 40000 typ relay raddr 192.0.2.2 rport 43210"


def in_call() -> Room:
    return third_offered(let_in(with_thirds(admitted())))


@pytest.mark.row("CO-08")
def test_two_at_most_and_the_third_one_is_told_that_it_is_full() -> None:
    room = with_thirds(both())

    assert refusal(lambda: thirds.join(room, Comer("x", "proche"), "s", "page-three",
                                       now=NOW, grace=GRACE)) == "full"  # fmt: skip
    assert [(one.seat, one.kind) for one in room.thirds] == [
        ("tiers1", "interprete"), ("tiers2", "proche"),
    ]  # fmt: skip


@pytest.mark.row("CO-08")
@pytest.mark.parametrize(("seconds", "still"), [(59, True), (61, False)])
def test_whoever_was_lost_for_longer_than_the_grace_is_let_in_anew(
    seconds: int, still: bool
) -> None:
    room = let_in(come(admitted()))
    lost = thirds.drop(room, room.thirds[0].sid or "", NOW).room

    back = thirds.join(
        lost, Comer("one", "interprete"), "again", "page-one",
        now=NOW + timedelta(seconds=seconds), grace=GRACE,
    )  # fmt: skip

    assert back.room.thirds[0].admitted is still
    kinds = [fact.kind for fact in back.occurrences]
    assert kinds == ["third_returned"] + ([] if still else ["third_sent_back"])


@pytest.mark.row("CO-08")
def test_whoever_left_is_let_in_anew() -> None:
    room = let_in(come(admitted()))
    left = thirds.leave(room, "tiers1", LATER).room

    back = come(left, now=LATER)

    assert (left.thirds[0].presence, left.thirds[0].sid) == ("left", None)
    assert not back.thirds[0].admitted


@pytest.mark.row("CO-08")
def test_an_objection_outlives_leaving_and_keeps_its_seat_from_others() -> None:
    room = thirds.objection(with_thirds(both()), ThirdObjection(seat="tiers1", objects=True)).room
    room = thirds.leave(room, "tiers1", LATER).room

    again = come(room, "one", now=LATER)
    other = refusal(lambda: thirds.join(room, Comer("three", "proche"), "s", "page-three",
                                        now=LATER, grace=GRACE))  # fmt: skip

    assert again.thirds[0].objected
    assert refusal(lambda: thirds.admit(again, FIRST)) == "third_objected"
    assert other == "full"


@pytest.mark.row("CO-08")
def test_a_newer_page_negotiates_anew_and_the_numbers_go_on() -> None:
    room = in_call()

    after = come(room, "one", page="another-page")

    assert after.thirds[0].admitted
    assert [pair.mail for pair in after.pairs] == [(), ()]
    assert (
        refusal(lambda: thirds.offer(after, "assure", third_offer("tiers1", 1, OFFER + "a=x\r\n")))
        == "stale"
    )
    assert thirds.offer(after, "assure", third_offer("tiers1", 2)).third is not None


@pytest.mark.row("CO-08")
@pytest.mark.parametrize(
    "close",
    [
        lambda room: rules.send_back(room, "medecin_conseil").room,
        lambda room: rules.leave(room, "assure", LATER).room,
        lambda room: thirds.objection(room, ThirdObjection(seat="tiers1", objects=True)).room,
        lambda room: thirds.leave(room, "tiers1", LATER).room,
        lambda room: thirds.remove(room, FIRST).room,
        lambda room: rules.end(room, "medecin_conseil", "ended", LATER).room,
        lambda room: rules.hand_over(room, "a colleague", Reception(doctor="available")).room,
    ],
)
def test_whatever_closes_the_gate_keeps_no_word_for_anybody(close) -> None:  # type: ignore[no-untyped-def]
    room = close(in_call())

    code = refusal(lambda: thirds.candidate(room, "medecin_conseil", third_ice("tiers1")))

    assert code in {"not_admitted", "ended"}
    assert all(not pair.mail for pair in room.pairs)
    assert room.snapshot("tiers1", LATER).third_signals == []


@pytest.mark.row("CO-08")
def test_a_colleague_lets_in_by_themselves() -> None:
    room = rules.hand_over(in_call(), "a colleague", Reception(doctor="available")).room

    assert [one.admitted for one in room.thirds] == [False, False]


@pytest.mark.row("CO-08")
def test_whoever_comes_back_gets_what_was_said_to_them_alone() -> None:
    room = thirds.candidate(in_call(), "assure", third_ice("tiers1")).room
    room = thirds.answer(room, "tiers1", third_answer("assure")).room

    def said(seat):  # type: ignore[no-untyped-def]
        return [(one.source, one.kind) for one in room.snapshot(seat, NOW).third_signals]

    assert said("tiers1") == [
        ("medecin_conseil", "offer"), ("assure", "offer"), ("assure", "candidate"),
    ]  # fmt: skip
    assert said("assure") == [("tiers1", "answer")]
    assert said("tiers2") == []


@pytest.mark.row("CO-08")
def test_the_same_offer_twice_is_relayed_once() -> None:
    room = in_call()

    again = thirds.offer(room, "assure", third_offer("tiers1"))

    assert again.third is None
    assert again.room is room


@pytest.mark.row("CO-08")
def test_candidates_are_bounded_and_an_address_must_be_one() -> None:
    room = in_call()
    for number in range(rules.MAX_SIGNALS - 1):
        room = thirds.candidate(
            room,
            "assure",
            third_ice("tiers1", text=f"candidate:{number} 1 udp 1 192.0.2.2 9 typ host"),
        ).room

    assert (
        refusal(lambda: thirds.candidate(room, "assure", third_ice("tiers1")))
        == "too_many_candidates"
    )
    bad = third_ice("tiers1", text="candidate:1 1 udp 1 evil.example 9 typ host")
    assert refusal(lambda: thirds.candidate(in_call(), "assure", bad)) == "candidate_refused"
    assert (
        refusal(lambda: thirds.offer(in_call(), "assure", third_offer("tiers1", 2, "v=0")))
        == "sdp_refused"
    )


@pytest.mark.row("CO-08")
@pytest.mark.row("SE-09")
@pytest.mark.parametrize(("source", "to"), [("assure", "tiers1"), ("tiers1", "assure")])
def test_the_address_of_whom_the_room_keeps_apart_never_passes(source, to) -> None:  # type: ignore[no-untyped-def]
    room = msgspec.structs.replace(in_call(), apart=frozenset({source}))
    if source == "tiers1":
        room = thirds.answer(room, "tiers1", third_answer("assure")).room

    own = thirds.candidate(room, source, third_ice(to))
    relayed = thirds.candidate(room, source, third_ice(to, text=RELAYED))

    assert own.third is None
    assert relayed.third is not None
    signal = relayed.third[1]
    assert isinstance(signal, ThirdSignal)
    assert signal.candidate is not None
    assert "192.0.2.2" not in signal.candidate.candidate


@pytest.mark.row("CO-08")
def test_what_a_third_is_shown_has_nothing_of_the_assure_s_own() -> None:
    place = InPerson(
        start="2026-12-01T09:00", timezone="Europe/Paris", site="Rennes", address="1 rue"
    )
    room = rules.meet(with_thirds(both()), place).room
    ended = rules.end(room, "assure", "refused", LATER).room

    shown = thirds.snapshot(room, room.thirds[0].sid or "", NOW).state
    over = thirds.snapshot(ended, "nobody", NOW).state

    assert shown.in_person is None
    assert over.ending is not None
    assert over.ending.reason == "ended"


@pytest.mark.row("CO-08")
def test_a_seat_of_before_a_restart_is_given_back_to_its_own_invitation_alone() -> None:
    known = msgspec.structs.replace(
        let_in(come(admitted())).thirds[0], holder="", sid=None, instance=None, presence="lost"
    )
    room = msgspec.structs.replace(admitted(), thirds=(known,))

    stranger = come(room, "another", "interprete")
    own = come(room, "one", "interprete", seat="tiers1")

    assert [(one.seat, one.admitted) for one in stranger.thirds] == [
        ("tiers1", True), ("tiers2", False),
    ]  # fmt: skip
    assert stranger.thirds[0].presence == "lost"
    assert [(one.seat, one.admitted, one.holder) for one in own.thirds] == [("tiers1", True, "one")]


@pytest.mark.row("CO-08")
def test_the_heartbeat_says_who_is_there_and_devices_go_on_no_record() -> None:
    room = with_thirds(both())
    step = thirds.devices(room, "tiers1", Devices(microphone=True, camera=False))

    assert minute(room).detail["tiers1"] == "present"
    assert step.occurrences == ()
    assert step.room.thirds[0].microphone


# --- several workers ----------------------------------------------------------------------------


@pytest.fixture
async def workers(redis: RedisServer) -> AsyncIterator[Workers]:
    async with workers_on(redis) as some:
        yield some


@pytest.mark.row("CO-08")
@pytest.mark.row("OPS-04")
async def test_a_third_on_another_worker_is_let_in_signalled_to_and_seen_out(
    workers: Workers,
) -> None:
    owner, other = await workers.start(), await workers.start()
    await owner.join("assure")
    doctor = await owner.join("medecin_conseil")
    third = await other.join("tiers", memory=Memory("waiting", kind="proche"))

    await owner.ask(doctor, "admit", Empty())
    await owner.ask(doctor, "third_admit", FIRST)
    await owner.ask(doctor, "third_offer", third_offer("tiers1"))
    await other.hears(third, "third_signal")
    await other.ask(third, "third_answer", third_answer("medecin_conseil"))
    await owner.hears(doctor, "third_signal", lambda one: one.kind == "answer")
    await other.rooms.dismiss("R", "tiers of R")

    await other.hears(third, "removed")
    assert (await other.hears(third, "snapshot")).you == "tiers1"
    await until(lambda: not owner.rooms.get("R").thirds)


@pytest.mark.row("CO-08")
async def test_a_room_with_somebody_waiting_in_it_is_not_forgotten(workers: Workers) -> None:
    worker = await workers.start()
    await worker.join("tiers", memory=Memory("waiting", kind="proche"))
    workers.clock.advance(3_600)

    await worker.rooms.beat()

    assert isinstance(worker.rooms, Rooms)
    assert worker.rooms.get("R") is not None
