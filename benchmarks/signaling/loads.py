"""The loads: rendezvous until the server is full, and rooms that stay and talk or are still."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .payloads import PER_NEGOTIATION, TRICKLED, Pairs, Script
from .wire import Peer

#: Signals of the other side in one rendezvous: a description, its candidates, their end.
SIGNALS = 1 + TRICKLED + 1
#: Seconds for what is not measured: rooms that fill, a last answer.
PATIENCE = 20.0
#: Sockets that are opened at once where that is not the measure.
OPENING = 32


class LoadFailed(Exception):
    """The server refused or closed what it should not: no figure of this run stands."""


@dataclass(slots=True)
class Target:
    """Where to, in which dialect, with which tokens. `failures` says what went wrong."""

    port: int
    peer: type[Peer]
    tokens: Pairs
    failures: list[str] = field(default_factory=list)
    #: All that were opened: they stay.
    peers: list[Peer] = field(default_factory=list)
    #: Connections on their way, held so that none is collected.
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    over: bool = False
    phases: Iterator[int] = field(
        default_factory=lambda: itertools.cycle(range(0, PER_NEGOTIATION, 7))
    )

    @property
    def script(self) -> Script:
        return self.peer.script

    def failed(self, why: str) -> None:
        if not self.over:
            self.failures.append(why)

    def check(self) -> None:
        if self.failures:
            raise LoadFailed(f"{len(self.failures)} × {self.failures[0]}")

    def leave(self) -> None:
        """The run is over."""
        self.over = True
        for peer in self.peers:
            peer.abort()

    def open(self, peer: Peer) -> None:
        self.peers.append(peer)
        task = asyncio.get_running_loop().create_task(peer.connect())
        self.tasks.add(task)
        task.add_done_callback(self._connected)

    def _connected(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        wrong = None if task.cancelled() else task.exception()
        if wrong is not None:
            self.failed(f"not connected: {wrong}")


# --- rendezvous ---------------------------------------------------------------------------------


class Half:
    """One person of a rendezvous: sends the next candidate when the other's has come, as they
    trickle, so that no server gets them all in one read."""

    __slots__ = (
        "_meeting", "_offers", "_script", "acked_", "here", "peer", "sent", "signals", "told_",
    )  # fmt: skip

    def __init__(self, meeting: "Meeting", target: Target, token: str, *, offers: bool) -> None:
        self._meeting, self._offers, self._script = meeting, offers, target.script
        self.here = self.told_ = False
        self.acked_ = not target.peer.acks
        self.sent = self.signals = 0
        self.peer = target.peer(target.port, token, self)
        target.open(self.peer)

    @property
    def done(self) -> bool:
        return self.signals == SIGNALS and self.told_ and self.acked_

    def ready(self) -> None:
        self.here = True
        self._meeting.arrived()

    def begin(self) -> None:
        self.peer.send(self._script.offer(1))
        self.peer.send(self._script.devices)

    def relayed(self, data: bytes, start: int, stop: int) -> None:
        self.signals += 1
        if self.signals == 1 and not self._offers:
            self.peer.send(self._script.answer(1))
            self.peer.send(self._script.devices)
        if self.sent < TRICKLED:
            self.peer.send(self._script.candidate(1, self.sent))
            self.sent += 1
            if self.sent == TRICKLED:
                self.peer.send(self._script.end)
        if self.signals == SIGNALS:
            self._meeting.perhaps_over()

    def told(self, data: bytes, start: int, stop: int) -> None:
        if self.peer.last_word(data, start, stop):
            self.told_ = True
            self._meeting.perhaps_over()

    def acked(self) -> None:
        self.acked_ = True
        self._meeting.perhaps_over()

    def lost(self, why: str) -> None:
        self._meeting.target.failed(why)


class Meeting:
    """Two people from the first byte to the last message of their rendezvous."""

    __slots__ = ("_over", "first", "second", "target")

    def __init__(self, target: Target, tokens: tuple[str, str], over: Callable[[], None]) -> None:
        self.target, self._over = target, over
        self.first = Half(self, target, tokens[0], offers=False)
        self.second = Half(self, target, tokens[1], offers=True)

    def arrived(self) -> None:
        if self.first.here and self.second.here:
            self.second.begin()

    def perhaps_over(self) -> None:
        if self.first.done and self.second.done:
            self._over()


class Meetings:
    """So many rendezvous at once, the next as one is over, until there are no more rooms."""

    def __init__(self, target: Target, rooms: int) -> None:
        self._target, self._left = target, rooms
        self.count = 0
        self.exhausted = asyncio.Event()

    async def start(self, at_once: int) -> None:
        """Not all in one instant: a listening socket holds some 128 that wait."""
        for number in range(at_once):
            self._next()
            if number % 16 == 15:
                await asyncio.sleep(0.01)

    def _next(self) -> None:
        if self._left:
            self._left -= 1
            Meeting(self._target, next(self._target.tokens), self._over)
        else:
            self.exhausted.set()

    def _over(self) -> None:
        self.count += 1
        self._next()


def _batches(rooms: int) -> Iterator[range]:
    for start in range(0, rooms, OPENING):
        yield range(start, min(rooms, start + OPENING))


# --- rooms that stay ----------------------------------------------------------------------------


class Seat:
    """One person of an established room."""

    __slots__ = ("line", "peer", "ready_")

    def __init__(self, line: "Line", target: Target, token: str) -> None:
        self.line = line
        self.ready_ = asyncio.Event()
        self.peer = target.peer(target.port, token, self)
        target.open(self.peer)

    def ready(self) -> None:
        self.ready_.set()

    def relayed(self, data: bytes, start: int, stop: int) -> None:
        self.line.arrived(self, data, start)

    def told(self, data: bytes, start: int, stop: int) -> None:
        """States: not counted."""

    def acked(self) -> None:
        """Of an offer."""

    def lost(self, why: str) -> None:
        self.line.target.failed(why)


class Line:
    """An established room. After so many candidates nobody sends until all have come, and a new
    offer goes out: one negotiation of ours holds 96 messages, and what is late is refused."""

    def __init__(self, target: Target, tokens: tuple[str, str], samples: list[float]) -> None:
        self.target, self._samples = target, samples
        self._script = target.script
        self.seats = (Seat(self, target, tokens[0]), Seat(self, target, tokens[1]))
        self._negotiation = self._under_way = 0
        #: Where the first negotiation starts to count: rooms do not all renew at once.
        self._first = next(target.phases)
        self._index = PER_NEGOTIATION
        self._offering = False
        self._held: list[Seat] = []
        self._sent_at = [0.0] * PER_NEGOTIATION
        #: Each arrival is answered by the next message.
        self.closed_loop = False
        self.count = 0

    async def opened(self) -> None:
        for seat in self.seats:
            await seat.ready_.wait()

    def push(self, seat: Seat) -> None:
        if self._index == PER_NEGOTIATION:
            self._held.append(seat)
            self._renew()
            return
        self._sent_at[self._index] = time.perf_counter()
        seat.peer.send(self._script.candidate(self._negotiation, self._index))
        self._index += 1
        self._under_way += 1

    def _renew(self) -> None:
        if self._under_way or self._offering or not self._held:
            return
        self._offering = True
        self._negotiation += 1
        self.seats[1].peer.send(self._script.offer(self._negotiation))

    def arrived(self, seat: Seat, data: bytes, start: int) -> None:
        self.count += 1
        if self._offering:
            self._offering, self._index, self._first = False, self._first, 0
            held, self._held = self._held, []
            for one in held:
                self.push(one)
            return
        self._under_way -= 1
        if self.closed_loop:
            self.push(seat)
        else:
            at = data.find(b"candidate:", start) + 10
            index = int(data[at : at + 2])
            self._samples.append(time.perf_counter() - self._sent_at[index])
        if self._index == PER_NEGOTIATION:
            self._renew()


class Lines:
    """Established rooms, and what goes through them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lines: list[Line] = []
        self.samples: list[float] = []
        self._turn: Iterator[tuple[Line, Seat]] = iter(())

    async def open(self, rooms: int) -> None:
        """:raises LoadFailed: they did not all come in."""
        for batch in _batches(rooms):
            some = [Line(self._target, next(self._target.tokens), self.samples) for _ in batch]
            self._lines += some
            try:
                async with asyncio.timeout(PATIENCE):
                    for line in some:
                        await line.opened()
            except TimeoutError:
                self._target.check()
                raise LoadFailed("a room did not fill") from None
        self._target.check()
        self._turn = itertools.cycle([(line, seat) for line in self._lines for seat in line.seats])

    @property
    def count(self) -> int:
        return sum(line.count for line in self._lines)

    def flood(self, window: int) -> None:
        """Each side keeps so many messages on the way."""
        for line in self._lines:
            line.closed_loop = True
            for seat in line.seats * window:
                line.push(seat)

    async def pace(self, rate: float, seconds: float) -> list[float]:
        """So many messages a second, evenly; how long each took, sorted, in seconds.

        It spins: timers of an event loop are a millisecond coarse.
        """
        for line in self._lines:
            line.closed_loop = False
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        self.samples.clear()
        began, sent = time.perf_counter(), 0

        def tick() -> None:
            nonlocal sent
            passed = time.perf_counter() - began
            while sent < passed * rate:
                line, seat = next(self._turn)
                line.push(seat)
                sent += 1
            if passed < seconds:
                loop.call_soon(tick)
            else:
                over.set_result(None)

        tick()
        await over
        return sorted(self.samples)
