"""What changed goes to consoles and waiting rooms, one task for all, each thing once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple

import structlog

log = structlog.get_logger()

Kind = Literal["entry", "doctor", "day"]
#: Tells several; gives the médecin-conseil whom each concerned, empty if there is none.
Handler = Callable[[Sequence[str]], Awaitable[Sequence[str]]]


def nowhere(kind: Kind, one: str, doctor: str) -> None:
    """There is no other worker."""


#: Seconds in which the changes of one entry make one push.
BREATH = 0.1
#: What is told at once: what it needs is read at once too.
MOST = 32
#: Seconds after one reading before the next: those that change meanwhile are read together, and
#: who is at the door comes before who watches. A lone change is told at once.
PACE = 0.02


class Item(NamedTuple):
    """`heard`: from another worker, which tells all whom it concerns."""

    kind: Kind
    one: str
    heard: bool = False


class Pusher:
    """What waits to be told, each thing once, and those of a kind together.

    Ten changes of one room while the store is read make one push, of the newest state.
    """

    def __init__(self) -> None:
        self._waiting: dict[Item, None] = {}
        self._some = asyncio.Event()
        #: Told within the last breath; changed again since.
        self._recent: set[Item] = set()
        self._soon: dict[Item, None] = {}
        self._breath: asyncio.TimerHandle | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.handlers: Mapping[Kind, Handler] = {}
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
        await self._told([Item("day", doctor)])

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
        self._waiting[item] = None
        self._some.set()

    async def _told(self, items: Sequence[Item]) -> None:
        """All of one kind."""
        kind = items[0].kind
        doctors = await self.handlers[kind]([item.one for item in items])
        for item, doctor in zip(items, doctors, strict=True):
            if not item.heard:
                self.elsewhere(kind, item.one, doctor)

    def _next(self) -> list[Item]:
        """The first of those that wait, and the next ones of its kind."""
        kind = next(iter(self._waiting)).kind
        items = list(islice((item for item in self._waiting if item.kind == kind), MOST))
        for item in items:
            del self._waiting[item]
        return items

    async def _tell(self, items: Sequence[Item]) -> None:
        try:
            await self._told(items)
        except Exception:
            if len(items) == 1:
                log.exception("push_failed")
                return
            # One of them cannot be told: the others must not miss theirs.
            for item in items:
                await self._tell([item])

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._some.wait()
                while self._waiting:
                    await self._tell(self._next())
                    await asyncio.sleep(PACE)
                self._some.clear()
        finally:
            for timer in (*self._timers, self._breath):
                if timer is not None:
                    timer.cancel()
