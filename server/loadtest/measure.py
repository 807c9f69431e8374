"""What a load generator counts: bounded in memory, and added up between processes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Self, TypeVar

import msgspec

#: Neighbouring buckets differ by so much: what a percentile may be wrong by.
PRECISION = 1.02
SMALLEST = 1e-6
PERCENTILES = (50, 95, 99)

#: Different error codes that are told apart.
MOST_CODES = 64

_LOG = math.log(PRECISION)


class Histogram(msgspec.Struct):
    """Seconds, in buckets of 2 %; count, sum and extremes are exact."""

    buckets: dict[int, int] = {}
    count: int = 0
    total: float = 0.0
    highest: float = 0.0

    def add(self, seconds: float) -> None:
        at = max(0, int(math.log(seconds / SMALLEST) / _LOG)) if seconds > SMALLEST else 0
        self.buckets[at] = self.buckets.get(at, 0) + 1
        self.count += 1
        self.total += seconds
        self.highest = max(self.highest, seconds)

    def percentile(self, percent: float) -> float | None:
        """Seconds; None: nothing was measured."""
        wanted, seen = math.ceil(self.count * percent / 100), 0
        for at in sorted(self.buckets):
            seen += self.buckets[at]
            if seen >= wanted:
                return min(SMALLEST * PRECISION ** (at + 1), self.highest)
        return None

    def take(self, other: "Histogram") -> None:
        for at, count in other.buckets.items():
            self.buckets[at] = self.buckets.get(at, 0) + count
        self.count += other.count
        self.total += other.total
        self.highest = max(self.highest, other.highest)

    def figures(self) -> dict[str, float | None]:
        """In milliseconds, to a microsecond."""
        told = {f"p{percent}": milliseconds(self.percentile(percent)) for percent in PERCENTILES}
        mean = self.total / self.count if self.count else None
        told["max"] = milliseconds(self.highest if self.count else None)
        told["mean"] = milliseconds(mean)
        return told


def milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


class Tally(msgspec.Struct):
    """Everything one process measured. A window is `width` seconds since `start` (monotonic)."""

    start: float = 0.0
    width: float = 1.0
    latencies: dict[str, Histogram] = {}
    #: By name, then by window.
    windows: dict[str, dict[int, Histogram]] = {}
    counts: dict[str, int] = {}
    counted: dict[str, dict[int, int]] = {}
    errors: dict[str, int] = {}

    def time(self, name: str, seconds: float, at: float) -> None:
        self.latencies.setdefault(name, Histogram()).add(seconds)
        window = self.windows.setdefault(name, {})
        place = self.window(at)
        if place not in window:
            window[place] = Histogram()
        window[place].add(seconds)

    def count(self, name: str, at: float, by: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + by
        place, counted = self.window(at), self.counted.setdefault(name, {})
        counted[place] = counted.get(place, 0) + by

    def fail(self, code: str, at: float) -> None:
        # A server's word: what is told of it is bounded.
        short = code[:64]
        known = short if short in self.errors or len(self.errors) < MOST_CODES else "other"
        self.errors[known] = self.errors.get(known, 0) + 1
        self.count("errors", at)

    def window(self, at: float) -> int:
        return max(0, int((at - self.start) / self.width))

    @classmethod
    def together(cls, all_of_them: Sequence["Tally"], start: float, width: float) -> Self:
        """Those of several processes, which share start and width."""
        whole = cls(start=start, width=width)
        for one in all_of_them:
            _take(whole.latencies, one.latencies.items())
            for name, windows in one.windows.items():
                _take(whole.windows.setdefault(name, {}), windows.items())
            for name, counted in one.counted.items():
                kept = whole.counted.setdefault(name, {})
                _add(kept, counted)
            _add(whole.counts, one.counts)
            _add(whole.errors, one.errors)
        return whole


Key = TypeVar("Key", str, int)


def _take(kept: dict[Key, Histogram], more: Iterable[tuple[Key, Histogram]]) -> None:
    for key, histogram in more:
        if key not in kept:
            kept[key] = Histogram()
        kept[key].take(histogram)


def _add(kept: dict[Key, int], more: Mapping[Key, int]) -> None:
    for key, count in more.items():
        kept[key] = kept.get(key, 0) + count
