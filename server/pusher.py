"""What changed goes to consoles and waiting rooms, one task for all, each thing once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

import structlog

log = structlog.get_logger()

Kind = Literal["entry", "doctor", "day"]
#: Gives the médecin-conseil whom it concerned.
Handler = Callable[[str], Awaitable[str]]


def nowhere(kind: Kind, one: str, doctor: str) -> None:
    """There is no other worker."""


#: Seconds in which the changes of one entry make one push.
BREATH = 0.1


class Item(NamedTuple):
    """`heard`: from another worker, which tells all whom it concerns."""

    kind: Kind
    one: str
    heard: bool = False


class Pusher:
    """A queue in which what is there already is not put twice.

    Ten changes of one room while the store is read make one push, of the newest state.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Item] = asyncio.Queue()
        self._waiting: set[Item] = set()
        #: Told within the last breath; changed again since.
        self._recent: set[Item] = set()
        self._soon: dict[Item, None] = {}
        self._breath: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.handlers: dict[Kind, Handler] = {}
        #: Tells the other workers, once it is done here.
        self.elsewhere: Callable[[Kind, str, str], None] = nowhere

    def entry_changed(self, telecontrole: str) -> None:
        """At once, and then once a breath: two people who meet change their room ten times in a
        moment."""
        item = Item("entry", telecontrole)
        if item in self._recent:
            self._soon[item] = None
            return
        self._recent.add(item)
        self._put(item)
        if self._breath is None:
            self._breathe()

    def _breathe(self) -> None:
        self._breath = asyncio.get_running_loop().call_later(BREATH, self._put_soon)

    def _put_soon(self) -> None:
        self._breath = None
        soon, self._soon = self._soon, {}
        self._recent = set(soon)
        for item in soon:
            self._put(item)
        if soon:
            self._breathe()

    def doctor_changed(self, doctor: str, after: float = 0) -> None:
        """`after`: seconds to wait first, for what may undo itself (a reload)."""
        self._put_after(after, Item("doctor", doctor))

    def day_changed(self, doctor: str) -> None:
        """Something came to this doctor's day, or left it."""
        self._put(Item("day", doctor))

    async def day_now(self, doctor: str) -> None:
        """The same, and it has been told here when this returns."""
        await self._told(Item("day", doctor))

    def heard(self, kind: Kind, one: str, after: float = 0) -> None:
        """Another worker said so: it is told to this worker's people alone."""
        self._put_after(after, Item(kind, one, heard=True))

    def _put_after(self, seconds: float, item: Item) -> None:
        if seconds <= 0:
            self._put(item)
            return
        loop = asyncio.get_running_loop()
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        self._timers.append(loop.call_later(seconds, self._put, item))

    def _put(self, item: Item) -> None:
        if item not in self._waiting:
            self._waiting.add(item)
            self._queue.put_nowait(item)

    async def _told(self, item: Item) -> None:
        doctor = await self.handlers[item.kind](item.one)
        if not item.heard:
            self.elsewhere(item.kind, item.one, doctor)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                item = await self._queue.get()
                self._waiting.discard(item)
                try:
                    await self._told(item)
                except Exception:
                    log.exception("push_failed")
        finally:
            for timer in (*self._timers, self._breath):
                if timer is not None:
                    timer.cancel()
