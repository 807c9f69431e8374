"""What changed goes to consoles and waiting rooms, one task for all, each thing once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import structlog

log = structlog.get_logger()

Kind = Literal["entry", "doctor", "day"]
Handler = Callable[[str], Awaitable[None]]


class Pusher:
    """A queue in which what is there already is not put twice.

    Ten changes of one room while the store is read make one push, of the newest state.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Kind, str]] = asyncio.Queue()
        self._waiting: set[tuple[Kind, str]] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self.handlers: dict[Kind, Handler] = {}

    def entry_changed(self, telecontrole: str) -> None:
        self._put(("entry", telecontrole))

    def doctor_changed(self, doctor: str, after: float = 0) -> None:
        """`after`: seconds to wait first, for what may undo itself (a reload)."""
        if after <= 0:
            self._put(("doctor", doctor))
            return
        loop = asyncio.get_running_loop()
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        self._timers.append(loop.call_later(after, self._put, ("doctor", doctor)))

    def day_changed(self, doctor: str) -> None:
        """Something came to this doctor's day, or left it."""
        self._put(("day", doctor))

    def _put(self, item: tuple[Kind, str]) -> None:
        if item not in self._waiting:
            self._waiting.add(item)
            self._queue.put_nowait(item)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                item = await self._queue.get()
                self._waiting.discard(item)
                try:
                    await self.handlers[item[0]](item[1])
                except Exception:
                    log.exception("push_failed")
        finally:
            for timer in self._timers:
                timer.cancel()
