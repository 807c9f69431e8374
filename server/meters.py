"""What /metrics shows (Prometheus), without a person, a room or an address in it."""

import asyncio
import time
from datetime import datetime

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from signaling.rooms import Rooms
from signaling.transport import GuardedServer

from .notify.outbox import Progress

#: Seconds; from a fast answer to one that a person notices.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Meters:
    """One registry per application, so that two in one process (tests) do not add up."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "telecontrole_http_seconds", "Time to answer", ["route", "method", "status"],
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.pushes = Counter(
            "telecontrole_console_pushes_total", "Entries pushed to consoles",
            registry=self.registry,
        )  # fmt: skip
        self._sockets = Gauge("telecontrole_sockets", "Open sockets", registry=self.registry)
        self._rooms = Gauge(
            "telecontrole_rooms", "Rooms with somebody in them", ["phase"], registry=self.registry
        )
        self._cut = Gauge(
            "telecontrole_sockets_cut_total", "Sockets cut, by reason", ["reason"],
            registry=self.registry,
        )  # fmt: skip
        self._lag = Gauge(
            "telecontrole_loop_lag_seconds", "How late the event loop runs a timer",
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
        self._requests.labels(route or "none", known, status).observe(seconds)

    def outbox(self, progress: Progress, now: datetime) -> None:
        """How far the messages are."""
        for state in ("waiting", "sending", "sent", "failed", "expired"):
            self._outbox.labels(state).set(getattr(progress, state))
        late = (now - progress.oldest).total_seconds() if progress.oldest else 0.0
        self._oldest.set(late)

    def text(self, rooms: Rooms, sio: GuardedServer) -> bytes:
        """The exposition, with the gauges read now."""
        self._sockets.set(len(sio.eio.sockets))
        for phase in ("waiting", "admitted"):
            self._rooms.labels(phase).set(
                sum(1 for room in rooms if room.occupied and room.phase == phase)
            )
        for reason, count in sio.cut.items():
            self._cut.labels(reason).set(count)
        return generate_latest(self.registry)

    async def watch_lag(self, every: float = 1.0) -> None:
        """Runs for ever: how late does a timer fire?"""
        while True:
            start = time.perf_counter()
            await asyncio.sleep(every)
            self._lag.set(max(0.0, time.perf_counter() - start - every))


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
