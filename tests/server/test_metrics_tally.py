"""What the signaling channel counts: admission to first frame, paths, restarts, refusals."""

import ast
from pathlib import Path

import pytest
from msgspec.structs import replace

from signaling.protocol import Candidate, Description, Media, Renegotiate, Role, Transport
from signaling.room import Room
from signaling.seats import Place
from signaling.tally import CODES, FRAME, OTHER, PATIENCE, Tally, Timings

ROOT = Path(__file__).parents[2]


class HandClock:
    """Seconds, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tally(clock: HandClock) -> Tally:
    return Tally(clock)


WAITING = Room("room-1", assure=Place("present"), medecin_conseil=Place("present"))
ADMITTED = replace(WAITING, phase="admitted")


def saying(room: Room, role: Role, transport: Transport) -> Room:
    return replace(room, **{role: replace(room.place(role), transport=transport)})  # type: ignore[arg-type]


def test_each_side_s_first_media_after_the_admission_is_timed_once(
    tally: Tally, clock: HandClock
) -> None:
    tally.changed(WAITING, ADMITTED)
    clock.now += 0.12
    both = saying(ADMITTED, "assure", "flowing")
    tally.changed(ADMITTED, both)
    clock.now += 5
    tally.changed(both, ADMITTED)
    tally.changed(ADMITTED, both)

    measured = tally.frame_seconds["assure"]
    assert measured.total == pytest.approx(0.12)
    assert measured.counts[FRAME.index(0.15)] == sum(measured.counts) == 1
    assert sum(tally.frame_seconds["medecin_conseil"].counts) == 0


def test_a_second_admission_is_timed_anew(tally: Tally, clock: HandClock) -> None:
    flowing = saying(ADMITTED, "assure", "flowing")
    for seconds in (0.2, 0.4):
        tally.changed(WAITING, ADMITTED)
        clock.now += seconds
        tally.changed(ADMITTED, flowing)
        tally.changed(flowing, WAITING)

    measured = tally.frame_seconds["assure"]
    assert (sum(measured.counts), measured.total) == (2, pytest.approx(0.6))
    assert (tally.admissions, tally.frameless["medecin_conseil"]) == (2, 0)


def test_an_admission_that_nothing_follows_is_counted_and_forgotten(
    tally: Tally, clock: HandClock
) -> None:
    tally.changed(WAITING, ADMITTED)
    tally.changed(ADMITTED, saying(ADMITTED, "assure", "flowing"))
    clock.now += PATIENCE + 1
    tally.expire()
    tally.changed(ADMITTED, saying(ADMITTED, "medecin_conseil", "flowing"))

    assert tally.frameless == {"assure": 0, "medecin_conseil": 1}
    assert sum(tally.frame_seconds["medecin_conseil"].counts) == 0


def test_what_is_awaited_stays_small_whatever_becomes_of_the_rooms(
    tally: Tally, clock: HandClock
) -> None:
    for index in range(1_000):
        clock.now += 1
        room = replace(WAITING, id=f"room-{index}")
        tally.changed(room, replace(room, phase="admitted"))

    assert len(tally._awaited) <= PATIENCE + 1


def test_a_path_is_counted_where_media_begins_to_flow_on_it(tally: Tally) -> None:
    for media in (
        Media(state="ready", path="relayed"),
        Media(state="flowing", path="relayed"),
        Media(state="flowing", path="relayed", continuous=True),
        Media(state="flowing"),
        Media(state="lost", path="relayed"),
    ):
        tally.done("assure", media)

    assert tally.paths["assure"] == {"direct": 0, "relayed": 1, "unknown": 1}


def test_an_offer_is_a_new_connection_or_an_ice_restart(tally: Tally) -> None:
    for negotiation, fresh in ((1, True), (2, False), (3, False), (4, True)):
        tally.done("medecin_conseil", Description(sdp="v=0", negotiation=negotiation, fresh=fresh))
        tally.done("assure", Description(sdp="v=0", negotiation=negotiation, fresh=fresh))
        tally.done("assure", Candidate(negotiation=negotiation, candidate=""))
    tally.done("assure", Renegotiate(reason="network"))

    assert (tally.connections, tally.ice_restarts) == (2, 2)
    assert tally.renegotiations == {"disconnected": 0, "failed": 0, "network": 1, "fresh": 0}


def test_a_code_that_is_not_of_the_list_is_an_other(tally: Tally) -> None:
    tally.refused("room", "too_early")
    tally.refused("room", "mme-zwijnaarde")
    tally.answered("stale")
    tally.answered("creneau_pris")

    assert {code: n for code, n in tally.joins_refused["room"].items() if n} == {
        "too_early": 1,
        OTHER: 1,
    }
    assert {code: n for code, n in tally.events_refused.items() if n} == {"stale": 1, OTHER: 1}


def test_every_code_that_the_server_refuses_with_is_of_the_list() -> None:
    found = set()
    for file in (*(ROOT / "signaling").glob("*.py"), ROOT / "server" / "witness.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                named = node.func.id in ("NotAllowed", "AccessRefused")
                if named and isinstance(first, ast.Constant):
                    found.add(first.value)

    assert len(found) > 15
    assert found - set(CODES) == set()


def test_buckets_hold_what_is_at_their_end_as_prometheus_has_it() -> None:
    measured = Timings((0.1, 1.0))

    for seconds in (0.05, 0.1, 0.2, 1.0, 7.0):
        measured.add(seconds)

    assert (measured.counts, measured.total) == ([2, 2, 1], pytest.approx(8.35))
