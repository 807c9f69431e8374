"""The echo: what a page sends comes back, for a while, in bounds; and it leaves nothing behind."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from aiortc import MediaStreamError, RTCSessionDescription
from av import VideoFrame

from media.connection import NegotiationFailed, connection, outgoing
from media.echo import CANDIDATES, EchoLimits, EchoPeer, _candidates_last, _Picture, _Sound
from media.pictures import PacedTrack, TestPicture, TestTone
from media.sdp import SdpRefused

pytestmark = pytest.mark.row("JO-04")


class Page:
    """A page's side: it offers sound and picture, and counts what comes back."""

    def __init__(self, echo: EchoPeer, kinds: tuple[str, ...] = ("audio", "video")) -> None:
        self.echo = echo
        self.back: dict[str, asyncio.Event] = {kind: asyncio.Event() for kind in kinds}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pc = connection((), "all", self._tasks)
        self._tracks: list[PacedTrack] = [TestTone(), TestPicture()]
        self._pc.on("track", lambda track: self._tasks.add(asyncio.create_task(self._hear(track))))
        for track in self._tracks:
            if track.kind in kinds:
                self._pc.addTrack(track)
            track.flow()

    async def offer(self) -> str:
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return outgoing(self._pc.localDescription.sdp)

    async def meet(self) -> None:
        answer = await self.echo.answer(await self.offer())
        await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def _hear(self, track: Any) -> None:
        with suppress(MediaStreamError):
            while True:
                await track.recv()
                self.back[track.kind].set()

    async def returned(self) -> None:
        await asyncio.gather(*(one.wait() for one in self.back.values()))

    async def hang_up(self) -> None:
        for track in self._tracks:
            track.stop()
        await self._pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        await self.hang_up()
        await self.echo.close()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    one = Page(EchoPeer())
    yield one
    await one.close()


async def test_sound_and_picture_come_back_through_srtp(page: Page) -> None:
    await page.meet()

    await page.returned()

    await page.hang_up()
    stats = await page.echo.over()
    assert stats.bytes_received > 0
    assert stats.frames > 0
    assert stats.sounds > 0


async def test_it_ends_by_itself_when_its_time_is_up() -> None:
    page = Page(EchoPeer(limits=EchoLimits(seconds=0.5)))
    await page.meet()

    stats = await page.echo.over()

    assert stats.end == "time"
    await page.close()


async def test_it_ends_when_the_page_hangs_up(page: Page) -> None:
    await page.meet()
    await page.returned()

    await page.hang_up()

    assert (await page.echo.over()).end == "gone"


async def test_who_sends_too_much_is_cut_off() -> None:
    page = Page(EchoPeer(limits=EchoLimits(seconds=60, bytes=2_000)))
    await page.meet()

    stats = await page.echo.over()

    assert stats.end == "too_much"
    await page.close()


async def test_closing_leaves_no_task_behind_even_twice() -> None:
    before = asyncio.all_tasks()
    page = Page(EchoPeer())
    await page.meet()
    await page.returned()

    await page.close()
    await page.echo.close()

    assert asyncio.all_tasks() == before


SECTIONS = re.compile(r"(?=m=)")


async def offered() -> str:
    page = Page(EchoPeer())
    sdp = await page.offer()
    await page.close()
    return sdp


def with_a_channel(sdp: str) -> str:
    head, audio, _ = SECTIONS.split(sdp)
    transport = "".join(f"{one}\r\n" for one in audio.split("\r\n") if one.startswith(SHARED))
    return (
        f"{head}{audio}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n{transport}"
    )


def with_two_cameras(sdp: str) -> str:
    head, _, video = SECTIONS.split(sdp)
    return head + video + video.replace("a=mid:1", "a=mid:2")


SHARED = ("c=", "a=ice-", "a=fingerprint", "a=setup")
HOSTILE: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda _: "", "unfinished_line"),
    "a data channel": (with_a_channel, "echo_sections"),
    "two cameras": (with_two_cameras, "echo_sections"),
    "cut short": (lambda sdp: sdp[:300], "unfinished_line"),
    "endless": (lambda sdp: sdp + "a=x\r\n" * 5_000, "too_long"),
    "another's fingerprint too": (
        lambda sdp: sdp.replace("a=setup:actpass", f"a=fingerprint:sha-256 {'00:' * 31}00"),
        "repeated_attribute",
    ),
}


@pytest.mark.parametrize(("spoilt", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_description_is_refused(spoilt: Callable[[str], str], reason: str) -> None:
    echo = EchoPeer()

    with pytest.raises(SdpRefused) as refused:
        await echo.answer(spoilt(await offered()))

    assert refused.value.reason == reason
    await echo.close()


async def test_a_description_that_aiortc_cannot_use_is_refused_too() -> None:
    echo = EchoPeer()
    sdp = re.sub(r"a=rtpmap:\d+ \S+\r\n", "", await offered())

    with pytest.raises(NegotiationFailed):
        await echo.answer(sdp)

    await echo.close()


def test_few_of_many_candidates_are_tried_and_where_aiortc_finds_them() -> None:
    line = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"

    kept = _candidates_last(f"v=0\r\nm=audio\r\n{line * 60}m=video\r\na=mid:1\r\n")

    assert kept == "v=0\r\nm=audio\r\nm=video\r\na=mid:1\r\n" + line * CANDIDATES


async def test_a_sound_is_held_for_half_a_second_and_no_more_are_kept() -> None:
    returned, tone = _Sound(), TestTone()

    for index in range(200):
        returned.hear(tone.frame(index))

    assert len(returned._held) == 25
    assert returned._frames.qsize() == 4


def picture(width: int, height: int, index: int) -> VideoFrame:
    frame = VideoFrame(width, height, "yuv420p")
    frame.pts, frame.time_base = index * 3_000, Fraction(1, 90_000)
    return frame


async def test_a_picture_is_made_small_and_one_that_is_too_large_ends_it() -> None:
    ended: list[str] = []
    returned = _Picture(ended.append)

    for index in range(30):
        returned.hear(picture(640, 480, index))
    returned.hear(picture(2_000, 2_000, 30))

    sent = await returned.recv()
    assert isinstance(sent, VideoFrame)
    assert (sent.width, sent.height) == (320, 240)
    assert ended == ["too_much"]
