"""What a robot shows and says: a test picture with a moving disc, and a soft 440 Hz tone."""

import asyncio
import math
from abc import abstractmethod
from array import array
from fractions import Fraction
from functools import cache

from aiortc import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame
from av.frame import Frame

WIDTH, HEIGHT, PICTURES_PER_SECOND = 640, 480, 25
SAMPLE_RATE, SAMPLES = 48_000, 960
TONE_HERTZ, TONE_LEVEL = 440, 0.1
_VIDEO_CLOCK = 90_000
#: A track that is later than this (seconds), or was held, skips to the present.
_PATIENCE = 0.2

#: Muted colour bars (Y, Cb, Cr; BT.601): recognisable, and calm on a person's screen.
_BARS = (
    (190, 128, 128),
    (172, 96, 136),
    (150, 142, 98),
    (134, 104, 100),
    (112, 152, 156),
    (98, 116, 164),
    (76, 164, 122),
)
_GROUND, _LIGHT = 32, 226
_RADIUS = 36
_STRIP = 400  # the first row of the dark strip in which the clock runs
_CLOCK_ROWS = range(432, 448)
_CLOCK_SECONDS = 10
_ORBIT = 8 * PICTURES_PER_SECOND  # pictures for one turn of the disc


class PacedTrack(MediaStreamTrack):
    """A source on its own clock, which a sender can be made to wait for.

    It begins held. Its timestamps follow the time since its first frame, also across a hold: for
    the receiver, a track that comes back is a pause and not a jump into the past. (`stop` would
    not do: aiortc's sender never sends again after a track that ended.)
    """

    def __init__(self, period: Fraction) -> None:
        super().__init__()
        self._period = period
        self._index = -1
        self._start: float | None = None
        self._flowing = asyncio.Event()
        # Set while no frame of ours is in the sender's hands.
        self._returned = asyncio.Event()
        self._returned.set()

    @abstractmethod
    def frame(self, index: int) -> Frame:
        """Make the frame that begins `index` periods after the first one."""

    def flow(self) -> None:
        """Let frames out."""
        self._flowing.set()

    async def hold(self) -> None:
        """Let no frame out; returns once the sender has sent the last one that it had taken."""
        self._flowing.clear()
        if self.readyState == "live":
            await self._returned.wait()

    def stop(self) -> None:
        """End for good, and wake who waits."""
        super().stop()
        self._flowing.set()
        self._returned.set()

    async def recv(self) -> Frame:
        """Wait for the next frame's time and return it. Raises MediaStreamError when stopped."""
        self._returned.set()
        while True:
            await self._flowing.wait()
            if self.readyState != "live":
                raise MediaStreamError
            index = self._next_index()
            await self._until(index)
            if self._flowing.is_set() and self.readyState == "live":
                break
        self._index = index
        self._returned.clear()
        return self.frame(index)

    def _next_index(self) -> int:
        now = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = now
        present = int((now - self._start) / self._period)
        late = (present - self._index - 1) * self._period > _PATIENCE
        return present if late else self._index + 1

    async def _until(self, index: int) -> None:
        assert self._start is not None  # noqa: S101 - _next_index came first
        due = self._start + float(index * self._period)
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


class TestPicture(PacedTrack):
    """640×480 at 25 pictures a second: bars, a disc that turns, a bar that fills in 10 s."""

    kind = "video"
    __test__ = False  # for pytest: not a test, in spite of its name

    def __init__(self) -> None:
        super().__init__(Fraction(1, PICTURES_PER_SECOND))

    def frame(self, index: int) -> VideoFrame:
        """Draw: a copy of the precomputed ground, some 100 short stripes over it."""
        luma, blue, red = (bytearray(plane) for plane in _ground())
        centre = _centre(index % _ORBIT)
        _stripe_disc(luma, WIDTH, centre, _RADIUS, _LIGHT)
        half = (centre[0] // 2, centre[1] // 2)
        for chroma in (blue, red):
            _stripe_disc(chroma, WIDTH // 2, half, _RADIUS // 2, 128)
        _stripe_clock(luma, index)
        picture = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, drawn in zip(picture.planes, (luma, blue, red), strict=True):
            plane.update(bytes(drawn))
        picture.pts = index * (_VIDEO_CLOCK // PICTURES_PER_SECOND)
        picture.time_base = Fraction(1, _VIDEO_CLOCK)
        return picture


class TestTone(PacedTrack):
    """440 Hz at a tenth of full scale, 48 kHz, mono, 20 ms at a time."""

    kind = "audio"
    __test__ = False

    def __init__(self) -> None:
        super().__init__(Fraction(SAMPLES, SAMPLE_RATE))

    def frame(self, index: int) -> AudioFrame:
        """Take the next of the five frames after which the sine is back where it began."""
        sounds = _tone()
        sound = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        plane = sound.planes[0]
        plane.update(sounds[index % len(sounds)].ljust(plane.buffer_size, b"\0"))
        sound.sample_rate = SAMPLE_RATE
        sound.pts = index * SAMPLES
        sound.time_base = Fraction(1, SAMPLE_RATE)
        return sound


@cache
def _ground() -> tuple[bytes, bytes, bytes]:
    """The still part of the picture as its three planes (Y, Cb, Cr; 4:2:0, no padding)."""
    luma, blue, red = zip(*_BARS, strict=True)
    return (
        _row(luma, WIDTH) * _STRIP + bytes([_GROUND]) * (WIDTH * (HEIGHT - _STRIP)),
        _half_plane(blue),
        _half_plane(red),
    )


def _half_plane(levels: tuple[int, ...]) -> bytes:
    width, strip = WIDTH // 2, _STRIP // 2
    return _row(levels, width) * strip + bytes([128]) * (width * (HEIGHT // 2 - strip))


def _row(levels: tuple[int, ...], width: int) -> bytes:
    return bytes(levels[x * len(levels) // width] for x in range(width))


def _centre(step: int) -> tuple[int, int]:
    angle = 2 * math.pi * step / _ORBIT
    return int(WIDTH / 2 + 220 * math.cos(angle)), int(_STRIP / 2 + 130 * math.sin(angle))


def _stripe_disc(
    plane: bytearray, width: int, centre: tuple[int, int], radius: int, level: int
) -> None:
    x, y = centre
    for row, half in enumerate(_half_widths(radius), start=y - radius):
        start = row * width + x - half
        plane[start : start + 2 * half] = bytes([level]) * (2 * half)


@cache
def _half_widths(radius: int) -> tuple[int, ...]:
    return tuple(int(math.sqrt(radius * radius - dy * dy)) for dy in range(-radius, radius + 1))


def _stripe_clock(luma: bytearray, index: int) -> None:
    turn = _CLOCK_SECONDS * PICTURES_PER_SECOND
    filled = WIDTH * (index % turn) // turn
    for row in _CLOCK_ROWS:
        luma[row * WIDTH : row * WIDTH + filled] = bytes([_LIGHT]) * filled


@cache
def _tone() -> tuple[bytes, ...]:
    """The tone as frames of 16-bit samples, as many as make a whole number of waves."""
    frames = SAMPLE_RATE // math.gcd(SAMPLE_RATE, TONE_HERTZ * SAMPLES)
    peak = TONE_LEVEL * 32_767
    step = 2 * math.pi * TONE_HERTZ / SAMPLE_RATE
    wave = array("h", (round(peak * math.sin(step * n)) for n in range(frames * SAMPLES)))
    data = wave.tobytes()
    return tuple(data[start : start + 2 * SAMPLES] for start in range(0, len(data), 2 * SAMPLES))
