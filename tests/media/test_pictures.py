"""The robot's picture and tone: recognisable, in time, and quiet when held."""

import asyncio
from fractions import Fraction
from itertools import pairwise

import pytest
from aiortc import MediaStreamError

from media.pictures import HEIGHT, SAMPLES, WIDTH, PacedTrack, TestPicture, TestTone


def luma(picture: TestPicture, index: int) -> bytes:
    return bytes(picture.frame(index).planes[0])


async def test_the_picture_is_640_by_480_and_moves() -> None:
    picture = TestPicture()

    first, second = luma(picture, 0), luma(picture, 1)

    assert len(first) == WIDTH * HEIGHT == 640 * 480
    assert first != second
    assert len(set(first[:WIDTH])) == 7


async def test_the_clock_bar_fills_and_begins_again() -> None:
    picture = TestPicture()
    row = slice(440 * WIDTH, 441 * WIDTH)

    filled = [luma(picture, index)[row].count(226) for index in (0, 125, 249, 250)]

    assert filled == [0, 320, 637, 0]


async def test_the_tone_is_continuous_from_frame_to_frame() -> None:
    tone = TestTone()
    samples = [
        value
        for index in range(12)
        for value in memoryview(bytes(tone.frame(index).planes[0])).cast("h")[:SAMPLES]
    ]

    steps = [abs(after - before) for before, after in pairwise(samples)]

    assert max(steps) < 200
    assert 3200 < max(samples) < 3300


@pytest.mark.parametrize(
    ("track", "step"),
    [(TestPicture, Fraction(1, 25)), (TestTone, Fraction(1, 50))],
)
async def test_timestamps_advance_by_one_period(track: type[PacedTrack], step: Fraction) -> None:
    source = track()  # type: ignore[call-arg]
    source.flow()

    times = [frame.pts * frame.time_base for frame in [await source.recv() for _ in range(3)]]

    assert times == [0, step, 2 * step]


async def test_a_track_that_was_held_comes_back_later_in_its_own_time() -> None:
    track = TestTone()
    track.flow()
    loop = asyncio.get_running_loop()
    first = await track.recv()
    waiting = asyncio.create_task(track.recv())
    await track.hold()
    track._start = loop.time() - 5  # as if five seconds had passed
    assert not waiting.done()

    track.flow()
    frame = await waiting

    assert first.pts == 0
    assert frame.pts >= 5 * 48_000 - SAMPLES


async def test_holding_waits_for_the_frame_that_the_sender_has_taken() -> None:
    track = TestTone()
    track.flow()
    await track.recv()
    holding = asyncio.create_task(track.hold())
    await asyncio.wait([holding], timeout=0)
    assert not holding.done()

    asking_again = asyncio.create_task(track.recv())
    await holding

    assert not asking_again.done()
    track.stop()
    with pytest.raises(MediaStreamError):
        await asking_again


async def test_a_stopped_track_gives_nothing() -> None:
    track = TestPicture()
    track.stop()

    with pytest.raises(MediaStreamError):
        await track.recv()
    await track.hold()
