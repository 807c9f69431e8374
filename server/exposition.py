"""The signaling channel's numbers as Prometheus families, made when somebody asks for them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from signaling.room import Room
from signaling.tally import ROLES, Tally, Timings

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
#: By words of a closed list, one or several.
Numbers = Mapping[Any, float]

PHASES = ("waiting", "admitted")
PRESENT = ("present", "lost")
TRANSPORTS = ("none", "ready", "flowing", "lost")


class Signaling(Collector):
    """A tally's counts, and the rooms and sockets as they were last seen."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._now: list[Family] = []

    def see(
        self, rooms: Iterable[Room], cut: Mapping[str, int], sockets: int, consoles: int
    ) -> None:
        """Look at what is there now."""
        self._tally.expire()
        there = looked(rooms)
        self._now = [
            gauges("sockets", "Open sockets", (), {(): sockets}),
            gauges("consoles", "Connected consoles", (), {(): consoles}),
            gauges("rooms", "Rooms with somebody in them", ("phase",), there.phases),
            gauges("participants", "Seats taken or lost", ("role", "presence"), there.presences),
            gauges("transports", "Media paths, as pages tell them, of those who are there",
                   ("role", "state"), there.transports),
            counters("sockets_cut", "Sockets cut, by reason", "reason", cut),
        ]  # fmt: skip

    def collect(self) -> Iterator[Family]:
        yield from self._now
        yield from self._joins()
        yield from self._events()
        yield from self._media()

    def _joins(self) -> Iterator[Family]:
        tally = self._tally
        results = family("joins", "CONNECT by how it was answered", ("kind", "code"))
        for kind, joined in tally.joins.items():
            results.add_metric((kind, "ok"), joined)
            for code, count in tally.joins_refused[kind].items():
                # A refusal that never came has no line; each that comes is of a closed list.
                if count:
                    results.add_metric((kind, code), count)
        yield results
        yield timings(
            "join_seconds", "From CONNECT to the first snapshot", "kind", tally.join_seconds
        )

    def _events(self) -> Iterator[Family]:
        tally = self._tally
        yield counters("events_received", "Events of clients", "event", tally.events_in)
        yield counters("events_sent", "Events to clients", "event", tally.events_out)
        refused = {code: count for code, count in tally.events_refused.items() if count}
        yield counters("events_refused", "Events that were refused", "code", refused)

    def _media(self) -> Iterator[Family]:
        tally = self._tally
        yield counter("admissions", "Assurés let in", tally.admissions)
        yield timings(
            "admit_to_frame_seconds", "From the admission to this side's first picture or sound",
            "role", tally.frame_seconds,
        )  # fmt: skip
        yield counters(
            "admissions_without_media", "Admissions after which nothing flowed for a minute",
            "role", tally.frameless,
        )  # fmt: skip
        yield crossed(
            "transport_changes", "Media paths that became", ("role", "state"), tally.claims
        )
        yield crossed("media_paths", "Paths that media began to flow on", ("role", "path"),
                      tally.paths)  # fmt: skip
        yield counter("peer_connections", "Offers of a new connection", tally.connections)
        yield counter("ice_restarts", "Offers that restart ICE", tally.ice_restarts)
        yield counters("renegotiations", "Asked for by an assuré's page", "reason",
                       tally.renegotiations)  # fmt: skip


class There:
    """How many rooms and seats are in each state."""

    def __init__(self) -> None:
        self.phases = {(one,): 0 for one in PHASES}
        self.presences = {(role, one): 0 for role in ROLES for one in PRESENT}
        self.transports = {(role, one): 0 for role in ROLES for one in TRANSPORTS}


def looked(rooms: Iterable[Room]) -> There:
    """Once over all rooms that are not over; some thousands, while nothing else is served."""
    found = There()
    presences, transports = found.presences, found.transports
    for room in rooms:
        if room.phase == "ended":
            continue
        assure, doctor = room.assure, room.medecin_conseil
        for role, place in (("assure", assure), ("medecin_conseil", doctor)):
            presence = place.presence
            if presence == "present":
                transports[role, place.transport] += 1  # type: ignore[index]
                presences[role, presence] += 1  # type: ignore[index]
            elif presence == "lost":
                presences[role, presence] += 1  # type: ignore[index]
        if "present" in (assure.presence, doctor.presence):
            found.phases[room.phase,] += 1
    return found


# --- families -----------------------------------------------------------------------------------


def family(name: str, said: str, labels: Sequence[str]) -> CounterMetricFamily:
    return CounterMetricFamily(f"telecontrole_{name}", said, labels=labels)


def counter(name: str, said: str, value: float) -> Family:
    return CounterMetricFamily(f"telecontrole_{name}", said, value=value)


def counters(name: str, said: str, label: str, values: Numbers) -> Family:
    made = family(name, said, (label,))
    for word, value in values.items():
        made.add_metric((word,), value)
    return made


def crossed(
    name: str, said: str, labels: tuple[str, str], values: Mapping[Any, Numbers]
) -> Family:  # fmt: skip
    made = family(name, said, labels)
    for first, row in values.items():
        for second, value in row.items():
            made.add_metric((first, second), value)
    return made


def gauges(name: str, said: str, labels: Sequence[str], values: Numbers) -> Family:
    made = GaugeMetricFamily(f"telecontrole_{name}", said, labels=labels)
    for words, value in values.items():
        made.add_metric(words, value)
    return made


def timings(name: str, said: str, label: str, each: Mapping[Any, Timings]) -> Family:
    made = HistogramMetricFamily(f"telecontrole_{name}", said, labels=(label,))
    for word, measured in each.items():
        made.add_metric((word,), buckets(measured), measured.total)
    return made


def buckets(measured: Timings) -> list[tuple[str, float]]:
    ends = (*(str(float(end)) for end in measured.bounds), "+Inf")
    return list(zip(ends, accumulate(measured.counts), strict=True))


class Histograms(Collector):
    """Plain numbers, shown under one name: adding to them costs no more than an addition, and one
    for each combination of `labels` that was asked for (closed lists, all of them)."""

    def __init__(
        self, name: str, said: str, bounds: Iterable[float], labels: Sequence[str] = ()
    ) -> None:
        self._name, self._said, self._labels = name, said, tuple(labels)
        self._bounds = tuple(bounds)
        self._each: dict[tuple[str, ...], Timings] = {}

    def of(self, *words: str) -> Timings:
        found = self._each.get(words)
        if found is None:
            found = self._each[words] = Timings(self._bounds)
        return found

    def collect(self) -> Iterator[Family]:
        made = HistogramMetricFamily(self._name, self._said, labels=self._labels)
        for words, measured in list(self._each.items()):
            made.add_metric(words, buckets(measured), measured.total)
        yield made


def histogram(
    name: str, said: str, bounds: Iterable[float], registry: CollectorRegistry
) -> Timings:
    """One without labels."""
    whole = Histograms(name, said, bounds)
    registry.register(whole)
    return whole.of()
