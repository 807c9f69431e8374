"""What a load test counts, what it is asked to hold, and what it refuses to be asked."""

import math
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.loadtest.measure import PRECISION, Histogram, Tally
from server.loadtest.plan import Misused, Plan, address_of
from server.loadtest.samples import drift
from server.loadtest.slo import judged, objective
from server.loadtest.words import Words, new_mark
from signaling.protocol import Candidate, Description

SECONDS = some.floats(1e-6, 100)


def of(values: Sequence[float]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@pytest.mark.row("OPS-01")
@given(some.lists(SECONDS, min_size=1), some.sampled_from((50, 95, 99, 100)))
def test_a_percentile_is_within_two_per_cent_of_the_exact_one(
    values: list[float], percent: int
) -> None:
    exact = sorted(values)[math.ceil(len(values) * percent / 100) - 1]

    told = of(values).percentile(percent)

    assert told is not None
    assert exact / PRECISION**1.01 <= told <= exact * PRECISION**1.01


@given(some.lists(SECONDS), some.lists(SECONDS))
def test_what_two_processes_measured_adds_up(one: list[float], other: list[float]) -> None:
    tallies = [Tally(start=10), Tally(start=10)]
    for tally, values in zip(tallies, (one, other), strict=True):
        for number, value in enumerate(values):
            tally.time("relay", value, 10 + number)
            tally.fail("too_late", 10 + number)

    whole = Tally.together(tallies, 10, 1)

    relay = whole.latencies.get("relay", Histogram())
    assert (relay.count, relay.buckets) == (len(one + other), of([*one, *other]).buckets)
    assert sum(h.count for h in whole.windows.get("relay", {}).values()) == relay.count
    assert whole.errors.get("too_late", 0) == len(one + other)


def test_the_servers_words_for_errors_are_bounded() -> None:
    tally = Tally()

    for number in range(500):
        tally.fail(f"{number}" + "x" * 1_000, 0)

    assert len(tally.errors) <= 65
    assert max(map(len, tally.errors)) <= 64
    assert sum(tally.errors.values()) == 500


@pytest.mark.parametrize(
    ("text", "value", "held"),
    [
        ("join_p95<300ms", 299.9, True),
        ("join_p95<300ms", 300.0, False),
        (" join_p95 <= 0.3s ", 300.0, True),
        ("errors<1", 0, True),
        ("joins_per_second>=45", 44.9, False),
        ("server_memory_max<500MB", 499, True),
        ("admission_p99<1s", None, False),
    ],
)
def test_an_objective_is_held_by_what_was_measured(
    text: str, value: float | None, held: bool
) -> None:
    one = objective(text)

    (verdict,) = judged([one], {one.name: value})

    assert verdict.held is held


@pytest.mark.parametrize("text", ["join_p95", "join_p95<", "join<3", "errors==0", "errors<1 kg"])
def test_an_objective_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Misused, match="--slo"):
        objective(text)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"rooms": 0}, "--rooms"),
        ({"rooms": 20_001}, "--rooms"),
        ({"rate": 0.0}, "--rate"),
        ({"rate": float("nan")}, "--rate"),
        ({"hold": -1.0}, "--hold"),
        ({"hold": float("inf")}, "--hold"),
        ({"media": 51}, "--media"),
        ({"processes": 0}, "--processes"),
        ({"spread": 0.5}, "--spread"),
        ({"spread": 301.0}, "--spread"),
        ({"rooms": 20_000, "rate": 2_000.0, "consoles": True, "media": 50}, "connexions"),
        ({"rooms": 20_000, "rate": 0.01}, "durerait"),
    ],
)
def test_what_goes_beyond_the_bounds_is_refused_by_its_name(
    asked: dict[str, float], named: str
) -> None:
    with pytest.raises(Misused, match=named):
        Plan(**asked).checked()  # type: ignore[arg-type]


def test_the_national_plan_is_within_the_bounds() -> None:
    plan = Plan(scenario="storm", rooms=1_500, rate=50, hold=60, consoles=True).checked()

    assert plan.sockets == 4_500


@pytest.mark.parametrize(
    "url",
    [
        "http://controle.example", "ftp://127.0.0.1", "127.0.0.1:8000", "https://", "https://a/b",
        "https://user@host", "http://127.0.0.1:port", "https://a?b=c",
    ],
)  # fmt: skip
def test_the_key_is_sent_to_an_origin_over_tls_or_to_this_machine_only(url: str) -> None:
    with pytest.raises(Misused):
        address_of(url)


def test_origins_that_may_be_tried() -> None:
    addresses = [address_of(url).url for url in ("https://a.example/", "http://[::1]:8000")]

    assert addresses == ["https://a.example:443", "http://[::1]:8000"]


def test_what_the_imaginary_people_say_is_of_the_protocol_and_of_their_room() -> None:
    mark = new_mark()
    words = Words(mark)

    offer = msgspec.json.decode(words.offer, type=Description)
    answer = msgspec.json.decode(words.answer, type=Description)
    candidates = [msgspec.json.decode(one, type=Candidate) for one in words.candidates]

    assert (2_500 < len(words.offer) < 4_000, 1_500 < len(words.answer) < 2_600) == (True, True)
    assert {f"a=ice-ufrag:{mark}" in one.sdp for one in (offer, answer)} == {True}
    assert [one.username_fragment for one in candidates] == [mark] * 10


def test_a_drift_is_the_slope_of_the_second_half() -> None:
    leak = [(float(at), 100.0 + (at - 50) / 60 if at > 50 else 90.0 + at / 5) for at in range(100)]

    assert drift(leak) == pytest.approx(60, abs=1)
    assert drift([(float(at), 100.0) for at in range(100)]) == 0
    assert drift(leak[:10]) is None
