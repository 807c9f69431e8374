"""What a page's samples (watching.js) say: how long nothing was seen or heard, and by which way.

Pure. A sample is one look at the peer connection in use; hours are in ms, as `Date.now()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

#: Samples of sound a second, as WebRTC plays it.
RATE = 48_000
#: A picture that stands still for less is no interruption: samples are 200 ms apart.
STILL = 1_000
#: What comes back for no longer has not come back.
AGAIN = 3_000


@dataclass(frozen=True)
class Sample:
    """One look. Counters are of peer connection number `peer` alone, and begin again with each."""

    at: float
    peer: int = 1
    state: str = "connected"
    frames: float = 0
    width: float = 0
    samples: float = 0
    concealed: float = 0
    silent: float = 0
    sound: float = 0
    received: float = 0
    sent: float = 0
    came: float = 0
    local: str = ""
    remote: str = ""
    relay: str = ""
    rtt: float = 0

    @property
    def relayed(self) -> bool:
        return "relay" in (self.local, self.remote)


def read(found: Sequence[dict[str, Any]]) -> list[Sample]:
    return [Sample(**one) for one in found]


def within(samples: Sequence[Sample], begin: float, end: float) -> list[Sample]:
    return [one for one in samples if begin <= one.at <= end]


def grown(samples: Sequence[Sample], counter: str) -> float:
    """How much a counter rose from the first sample to the last, whatever connections came."""
    total = 0.0
    for before, after in pairwise(samples):
        base = getattr(before, counter) if before.peer == after.peer else 0.0
        total += max(0.0, getattr(after, counter) - base)
    return total


def heard(samples: Sequence[Sample]) -> float:
    """Seconds of sound that came from the other side: what was played but what was made up."""
    return (grown(samples, "samples") - grown(samples, "concealed")) / RATE


def without_sound(samples: Sequence[Sample], begin: float, end: float) -> float:
    """Seconds between two hours that had no sound of the other side."""
    return max(0.0, (end - begin) / 1000 - heard(within(samples, begin, end)))


def concealed(samples: Sequence[Sample]) -> float:
    """The share of the sound played that was made up (0 to 1)."""
    played = grown(samples, "samples")
    return grown(samples, "concealed") / played if played else 1.0


def frames_a_second(samples: Sequence[Sample]) -> float:
    seconds = (samples[-1].at - samples[0].at) / 1000 if len(samples) > 1 else 0
    return grown(samples, "frames") / seconds if seconds else 0.0


def bytes_a_minute(samples: Sequence[Sample]) -> float:
    """What one side sends and gets, headers and repairs and all."""
    seconds = (samples[-1].at - samples[0].at) / 1000 if len(samples) > 1 else 0
    both = grown(samples, "sent") + grown(samples, "came")
    return both * 60 / seconds if seconds else 0.0


def stills(samples: Sequence[Sample], end: float) -> list[tuple[float, float | None]]:
    """When pictures stood still for more than STILL, from and until; None: still at the end.

    Between two looks is no stillness if there were more pictures at the second: a page that is
    short of processor looks less often.
    """
    found: list[tuple[float, float | None]] = []
    moved = samples[0].at if samples else end
    for before, after in pairwise(samples):
        if after.at > end or after.frames <= (before.frames if before.peer == after.peer else 0):
            continue
        if before.at - moved > STILL:
            found.append((moved, after.at))
        moved = after.at
    return [*found, (moved, None)] if end - moved > STILL else found


def back(samples: Sequence[Sample], since: float, end: float) -> float | None:
    """Seconds from `since` until pictures moved again; None: they do not at the end.

    0 where they did not stand still. What stops again within AGAIN had not come back yet; what
    stands still later has other causes.
    """
    came = since
    for begin, until in stills(samples, end):
        if begin > came + AGAIN:
            break
        if until is None:
            return None
        came = max(came, until)
    return (came - since) / 1000
