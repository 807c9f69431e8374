"""The aiortc peer behind « tester mon matériel »: what it hears and sees, it sends back.

It talks to one page alone, for some seconds, and keeps nothing: a sound is held for half a second,
so that one hears oneself apart from one's own voice, and a picture until the next one has come.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from aiortc import MediaStreamError, MediaStreamTrack, RTCSessionDescription
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from av import VideoFrame
from av.frame import Frame

from media.connection import connection, hang_up, incoming, or_failed, outgoing
from media.guard import guard
from media.ice import Policy
from media.sdp import SdpRefused, check_description

#: Frames of 20 ms between a sound and its echo.
DELAY = 25
#: What is sent back: wide enough to recognise oneself, cheap to encode.
WIDTH, PICTURES_PER_SECOND = 320, 15
#: Beyond this a picture is no camera's of ours (the page asks for 640×480).
PIXELS = 1280 * 960
#: Frames that may wait to be sent; the oldest goes.
ROOM = 4
#: Candidates of the page that are tried: a phone has some six, several networks included.
CANDIDATES = 20
_SECTION = re.compile(r"^m=([a-z]+) ", re.MULTILINE)

#: Why it came to its end.
End = Literal["time", "gone", "too_much"]


@dataclass(frozen=True)
class EchoLimits:
    """`connecting` seconds from the answer on, `seconds` from then on, bytes of RTP payload."""

    seconds: float = 8.0
    connecting: float = 12.0
    #: Three times what a camera sends at its best.
    bytes: int = 6_000_000


@dataclass(frozen=True)
class EchoStats:
    """What passed."""

    end: End
    frames: int
    sounds: int
    bytes_received: int


class EchoPeer:
    """One echo, for one connection; make it within a running loop, and `close` it."""

    def __init__(
        self,
        *,
        servers: Sequence[Mapping[str, Any]] = (),
        policy: Policy = "all",
        limits: EchoLimits | None = None,
    ) -> None:
        self._limits = limits or EchoLimits()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        #: It is connected, or over.
        self._up = asyncio.Event()
        self._bytes = 0
        self._passed = {"audio": 0, "video": 0}
        self._returned: dict[str, _Returned] = {}
        self._pc = connection(servers, policy, self._tasks)
        self._pc.on("connectionstatechange", self._look)
        self._pc.on("track", self._watch)

    async def answer(self, sdp: str) -> str:
        """Take the page's offer, complete, and return the answer, complete.

        :raises SdpRefused: not what a page of ours offers.
        :raises NegotiationFailed: aiortc cannot use it.
        """
        check_description(sdp, "offer")
        _check_offer(sdp)
        description = RTCSessionDescription(sdp=_candidates_last(incoming(sdp)), type="offer")
        await or_failed(self._take(description))
        return outgoing(self._pc.localDescription.sdp)

    async def over(self) -> EchoStats:
        """Wait for the end: the page hung up, its time is up, or it sent too much."""
        end: End = "time"
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.connecting):
                await self._up.wait()
            async with asyncio.timeout(self._limits.seconds):
                end = await asyncio.shield(self._over)
        return EchoStats(end, self._passed["video"], self._passed["audio"], self._bytes)

    async def close(self) -> None:
        """Hang up and wait for the end of everything that was begun; may be called twice."""
        await hang_up(self._pc, self._returned.values(), self._tasks)
        self._tasks.clear()

    async def _take(self, description: RTCSessionDescription) -> None:
        for kind in _SECTION.findall(description.sdp):
            self._prepare(kind)
        await self._pc.setRemoteDescription(description)
        await self._pc.setLocalDescription(await self._pc.createAnswer())

    def _prepare(self, kind: str) -> None:
        self._returned[kind] = _Sound() if kind == "audio" else _Picture(self._end)
        transceiver = self._pc.addTransceiver(self._returned[kind], direction="sendrecv")
        if not transceiver._bundled:
            guard(transceiver.receiver.transport.transport._connection)
        self._count_bytes(transceiver.receiver)

    def _count_bytes(self, receiver: RTCRtpReceiver) -> None:
        handle = receiver._handle_rtp_packet

        async def counted(packet: Any, arrival_time_ms: int) -> None:
            self._bytes += len(packet.payload)
            if self._bytes > self._limits.bytes:
                # Not decoded any more either.
                self._end("too_much")
                return
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = counted  # type: ignore[method-assign]

    def _look(self) -> None:
        if self._pc.connectionState == "connected":
            self._up.set()
        elif self._pc.connectionState in ("failed", "closed"):
            self._end("gone")

    def _end(self, why: End) -> None:
        if not self._over.done():
            self._over.set_result(why)
        self._up.set()

    def _watch(self, track: MediaStreamTrack) -> None:
        self._tasks.add(asyncio.create_task(self._consume(track)))

    async def _consume(self, track: MediaStreamTrack) -> None:
        """Take every decoded frame, sent back or not: aiortc would keep them all in memory."""
        returned = self._returned[track.kind]
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, Frame):
                self._passed[track.kind] += 1
                returned.hear(frame)


class _Returned(MediaStreamTrack):
    """What is sent back; few frames wait, the newest ones."""

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(ROOM)

    def hear(self, frame: Frame) -> None:
        """A frame has come."""
        self._offer(frame)

    def stop(self) -> None:
        """End for good, and wake who waits."""
        super().stop()
        self._offer(None)

    async def recv(self) -> Frame:
        """Wait for the next frame. Raises MediaStreamError when stopped."""
        frame = await self._frames.get()
        if frame is None or self.readyState != "live":
            raise MediaStreamError
        return frame

    def _offer(self, frame: Frame | None) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)


class _Sound(_Returned):
    """Half a second later."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._held: deque[Frame] = deque()

    def hear(self, frame: Frame) -> None:
        self._held.append(frame)
        if len(self._held) > DELAY:
            self._offer(self._held.popleft())


class _Picture(_Returned):
    """Smaller, and not every one."""

    kind = "video"

    def __init__(self, end: Any) -> None:
        super().__init__()
        self._end = end
        self._last: Fraction | None = None

    def hear(self, frame: Frame) -> None:
        if not isinstance(frame, VideoFrame) or frame.pts is None or frame.time_base is None:
            return
        if frame.width * frame.height > PIXELS:
            self._end("too_much")
            return
        at = frame.pts * frame.time_base
        if self._last is not None and 0 <= at - self._last < Fraction(1, PICTURES_PER_SECOND):
            return
        self._last = at
        self._offer(_small(frame))


def _small(frame: VideoFrame) -> VideoFrame:
    if frame.width <= WIDTH:
        return frame
    height = max(2, frame.height * WIDTH // frame.width // 2 * 2)
    small = frame.reformat(width=WIDTH, height=height)
    small.pts, small.time_base = frame.pts, frame.time_base
    return small


def _check_offer(sdp: str) -> None:
    """One sound, one picture at most, and nothing else: there is nobody here to talk to."""
    kinds = _SECTION.findall(sdp)
    if len(kinds) != len(set(kinds)) or not set(kinds) <= {"audio", "video"}:
        raise SdpRefused("echo_sections")


def _candidates_last(sdp: str) -> str:
    """No more than a device has, each being an address that we would send checks to; and in the
    last section, where aiortc looks for those of a whole bundle (a browser says them in the first).
    """
    lines = sdp.splitlines()
    told = [line for line in lines if line.startswith("a=candidate:")]
    rest = [line for line in lines if not line.startswith("a=candidate:")]
    return "\r\n".join([*rest, *told[:CANDIDATES]]) + "\r\n"
