"""Which rooms are this worker's: claimed in Redis, one by one, and let go again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from .bus import Bus, BusDown
from .calls import unavailable

#: After a break of the line, seconds in which nobody takes a room: its owner may not be back yet.
SETTLE = 2.0

Interrupted = Callable[[str], Awaitable[None]]


class Claims:
    """`owned` outlives a break of the line: the rooms of this worker go on without Redis.

    `first`: a whole service starts; what its former workers owned is not « taken over ».
    """

    def __init__(self, bus: Bus, *, first: bool) -> None:
        self._bus = bus
        self._first = first
        self.owned: set[str] = set()
        #: Of those, the ones taken from a dead worker, which is not on their record yet.
        self._taken: set[str] = set()
        #: One claim or release of a room at a time.
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ready = False
        self._broken = False
        self._settled = 0.0

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def settled(self) -> bool:
        """Whoever is alive had the time to come back."""
        return self._ready and asyncio.get_running_loop().time() >= self._settled

    async def again(self) -> set[str]:
        """The line is there: the rooms that are not ours any more.

        :raises BusDown:
        """
        if self._first:
            await self._bus.sweep()
            self._first = False
        lost = {room for room in list(self.owned) if (await self._bus.claim(room))[0] != self.me}
        self.owned -= lost
        self._settled = asyncio.get_running_loop().time() + (SETTLE if self._broken else 0.0)
        self._ready = True
        return lost

    @property
    def broken_before(self) -> bool:
        """The line was there, and was lost since."""
        return self._broken

    def broken(self) -> None:
        self._ready, self._broken = False, True

    @property
    def me(self) -> str:
        return self._bus.id

    async def owner(self, room: str) -> str:
        """The worker whose it is: this one, if it was nobody's.

        :raises NotAllowed: it cannot be found out now.
        """
        async with self._door(room):
            if room in self.owned:
                return self.me
            if not self.settled:
                raise unavailable()
            try:
                owner, former = await self._bus.claim(room)
            except BusDown:
                raise unavailable() from None
            if owner == self.me:
                self.owned.add(room)
                if former:
                    self._taken.add(room)
        return owner

    async def tell_taken(self, room: str, interrupted: Interrupted) -> None:
        """It goes on record before anybody is let in; if that fails, before the next one is."""
        if room not in self._taken:
            return
        async with self._door(room):
            if room in self._taken:
                await interrupted(room)
                self._taken.discard(room)

    async def release(self, room: str, unused: Callable[[], bool]) -> bool:
        """Whoever comes next carries it, if it is still unused when its turn has come."""
        async with self._door(room):
            if not unused():
                return False
            self.owned.discard(room)
            self._taken.discard(room)
            # Without Redis the claim stays: who is sent here for it makes us claim it again.
            with suppress(BusDown):
                await self._bus.release(room)
        return True

    def _door(self, room: str) -> asyncio.Lock:
        return self._doors.setdefault(room, asyncio.Lock())
