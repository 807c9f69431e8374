"""What /metrics shows (Prometheus), without a person, a room or an address in it.

What happens seldom is counted by prometheus_client. What happens with every message is a plain
number in signaling/tally.py, read when somebody asks (server/exposition.py). docs/metrics.md tells
each of them.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version

from aiohttp import hdrs, web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from signaling.rooms import Rooms
from signaling.tally import Tally

from .evidence.places import Progress as HeadsTaken
from .exposition import Histograms, Signaling, histogram
from .notify.outbox import Progress

#: Seconds; from a fast answer to one that a person notices.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
#: Jobs in one transaction of the ledger.
GROUPS = (1, 2, 4, 8, 16, 32, 64, 128)
#: Seconds between two looks at the event loop: often enough for a percentile of a minute.
LOOK = 0.25


class Meters:
    """One registry per application, so that two in one process (tests) do not add up."""

    def __init__(self) -> None:
        # A second series for each counter, which no query here needs.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        #: What the signaling channel counts.
        self.tally = Tally()
        self._signaling = Signaling(self.tally)
        self.registry.register(self._signaling)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._say_version()
        self._watch_http()
        self._watch_ledger()
        self._watch_heads()
        self._watch_store()
        self._lag = histogram(
            "telecontrole_loop_lag_seconds", "How late the event loop runs a timer",
            BUCKETS, self.registry,
        )  # fmt: skip

    def _say_version(self) -> None:
        build = Gauge(
            "telecontrole_build_info", "Always 1; which version this is", ["version"],
            registry=self.registry,
        )  # fmt: skip
        build.labels(version("telecontrole")).set(1)

    def _watch_http(self) -> None:
        self._requests = Histograms(
            "telecontrole_http_seconds", "Time to answer", BUCKETS, ("route", "method", "status")
        )
        self.registry.register(self._requests)
        self.pushes = Counter(
            "telecontrole_console_pushes_total", "Entries pushed to consoles",
            registry=self.registry,
        )  # fmt: skip

    def _watch_ledger(self) -> None:
        self._groups = histogram(
            "telecontrole_ledger_group_size", "Jobs in one transaction", GROUPS, self.registry
        )
        self._commits = histogram(
            "telecontrole_ledger_commit_seconds", "Time of one transaction of facts",
            BUCKETS, self.registry,
        )  # fmt: skip
        self._waits = histogram(
            "telecontrole_ledger_wait_seconds", "From asking for a job to its being durable",
            BUCKETS, self.registry,
        )  # fmt: skip

    def _watch_heads(self) -> None:
        self._head_failures = Counter(
            "telecontrole_head_failures_total", "Heads of the register that could not be made",
            registry=self.registry,
        )  # fmt: skip
        self._refusals = Counter(
            "telecontrole_witness_failures_total", "Times that another place did not take heads",
            ["place"], registry=self.registry,
        )  # fmt: skip
        self._head = Gauge(
            "telecontrole_head_timestamp_seconds", "When the last head of the register was made",
            registry=self.registry,
        )  # fmt: skip
        self._behind = Gauge(
            "telecontrole_witness_behind", "Heads that another place has not taken yet",
            ["place"], registry=self.registry,
        )  # fmt: skip
        self._taken = Gauge(
            "telecontrole_witness_timestamp_seconds", "When another place last took heads",
            ["place"], registry=self.registry,
        )  # fmt: skip

    def _watch_store(self) -> None:
        self._store_up = Gauge(
            "telecontrole_store_up", "Whether the database answered this scrape",
            registry=self.registry,
        )  # fmt: skip
        self._outbox = Gauge(
            "telecontrole_outbox", "Messages due now, in hand, and of the last day by their end",
            ["state"], registry=self.registry,
        )  # fmt: skip
        self._oldest = Gauge(
            "telecontrole_outbox_oldest_due_seconds", "How long the longest waiting message is due",
            registry=self.registry,
        )  # fmt: skip

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        # A method is the client's word too: what is none of HTTP's does not become a label.
        known = method if method in hdrs.METH_ALL else "other"
        self._requests.of(route or "none", known, str(status)).add(seconds)

    def ledger_group(self, jobs: int, seconds: float) -> None:
        """One transaction that did so many jobs, from its begin to its commit."""
        self._groups.add(jobs)
        self._commits.add(seconds)

    def ledger_wait(self, seconds: float) -> None:
        """One job, from being asked for to being durable."""
        self._waits.add(seconds)

    def head_failed(self) -> None:
        """A head that could not be made."""
        self._head_failures.inc()

    def head_refused(self, place: str) -> None:
        """One of the other places (a closed list of names) did not take heads."""
        self._refusals.labels(place).inc()

    def heads(self, made: float | None, places: Sequence[HeadsTaken]) -> None:
        """When the last head was made (seconds), and how far each other place is."""
        self._head.set(made or 0)
        for place in places:
            # A counter that never counted is shown all the same.
            self._refusals.labels(place.name)
            self._behind.labels(place.name).set(place.behind)
            self._taken.labels(place.name).set(place.taken.timestamp() if place.taken else 0)

    def store(self, progress: Progress | None, now: datetime) -> None:
        """How far the messages are; None: the store did not answer, and what was last known of
        them stays."""
        self._store_up.set(progress is not None)
        if progress is None:
            return
        for state in ("waiting", "sending", "sent", "failed", "expired"):
            self._outbox.labels(state).set(getattr(progress, state))
        late = (now - progress.oldest).total_seconds() if progress.oldest else 0.0
        self._oldest.set(late)

    def see(self, rooms: Rooms, cut: Mapping[str, int], sockets: int, consoles: int) -> None:
        """Look at what is now: rooms, sockets cut since the start by reason, open sockets,
        connected consoles."""
        self._signaling.see(rooms, cut, sockets, consoles)

    def text(self) -> bytes:
        """The exposition. It may be made in a thread: some milliseconds of formatting, for which
        no message should wait."""
        return generate_latest(self.registry)

    async def watch_lag(self, every: float = LOOK) -> None:
        """Runs for ever: how late does a timer fire?"""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(every)
            self._lag.add(max(0.0, time.perf_counter() - start - every))


def timed(meters: Meters) -> object:
    """A middleware that measures every answer by its route's pattern."""

    @web.middleware
    async def measure(request: web.Request, handler: object) -> web.StreamResponse:
        start = time.perf_counter()
        status = 500
        try:
            response: web.StreamResponse = await handler(request)  # type: ignore[operator]
            status = response.status
        except web.HTTPException as answer:
            status = answer.status
            raise
        else:
            return response
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource else ""
            # A socket's request lasts as long as the socket: it is no answer time.
            if not route.startswith("/socket.io"):
                meters.answered(route, request.method, status, time.perf_counter() - start)

    return measure
