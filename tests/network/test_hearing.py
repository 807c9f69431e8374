"""What samples say (hearing.py): the figures of the report rest on it."""

import pytest
from hearing import (
    RATE,
    Sample,
    back,
    bytes_a_minute,
    concealed,
    frames_a_second,
    grown,
    without_sound,
)


def looks(*frames: float, peer: int = 1, begin: float = 0) -> list[Sample]:
    """One look a second."""
    return [Sample(at=begin + 1_000 * n, peer=peer, frames=one) for n, one in enumerate(frames)]


def test_a_counter_goes_on_when_another_connection_takes_over() -> None:
    samples = looks(0, 20, 40) + looks(5, 25, peer=2, begin=3_000)

    assert grown(samples, "frames") == 65
    assert frames_a_second(samples) == pytest.approx(65 / 4)


def test_pictures_that_never_stood_still_are_back_at_once() -> None:
    assert back(looks(0, 20, 40, 60, 80), since=1_500, end=4_000) == 0.0


def test_pictures_are_back_when_they_move_again() -> None:
    samples = looks(0, 20, 20, 20, 20, 30, 50, 70)

    assert back(samples, since=3_500, end=7_000) == pytest.approx(1.5)


def test_pictures_that_come_once_and_stop_again_are_not_back() -> None:
    once = looks(0, 20, 20, 20, 30, 30, 30, 30)

    assert back(once, since=1_500, end=7_000) is None
    assert back([*once, *looks(50, 70, begin=8_000)], since=1_500, end=9_000) == 6.5


def test_pictures_that_stand_still_much_later_were_back() -> None:
    samples = looks(0, 20, 20, 20, 40, 60, 80, 100, 120, 120, 120, 120)

    assert back(samples, since=2_000, end=11_000) == 2.0


def test_a_page_that_looks_less_often_did_not_stand_still() -> None:
    samples = [*looks(0, 20, 40), *looks(140, 160, begin=7_000)]

    assert back(samples, since=1_000, end=8_000) == 0.0


def test_sound_that_was_made_up_is_no_sound() -> None:
    samples = [
        Sample(at=0, samples=0, concealed=0),
        Sample(at=10_000, samples=10 * RATE, concealed=4 * RATE),
    ]

    assert without_sound(samples, 0, 10_000) == pytest.approx(4.0)
    assert concealed(samples) == pytest.approx(0.4)


def test_a_page_that_plays_nothing_at_all_has_no_sound_either() -> None:
    samples = [Sample(at=0, samples=RATE), Sample(at=10_000, samples=RATE)]

    assert without_sound(samples, 0, 10_000) == pytest.approx(10.0)
    assert concealed(samples) == 1.0


def test_what_goes_both_ways_is_told_by_the_minute() -> None:
    samples = [Sample(at=0, sent=1_000, came=0), Sample(at=30_000, sent=301_000, came=200_000)]

    assert bytes_a_minute(samples) == pytest.approx(1_000_000)
