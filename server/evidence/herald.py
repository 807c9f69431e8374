"""The herald: makes a head each minute and soon after each end, and has it taken elsewhere.

Two tasks, so that a place that is slow delays no head; neither is waited for by who writes facts.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import structlog

from controle.temoignage import MotifTete
from server.store.database import Database

from .beginning import mark_former_lines
from .heads import Heads
from .places import Places, Progress

log = structlog.get_logger()

#: Seconds between an end and its head: others end meanwhile, and what was told us before its
#: commit is durable by then. What is not is covered a minute later.
SOON = 1.0
#: Seconds after which it is seen whose turn has come again.
LOOK = 15.0
#: Seconds for the last head and its sending when the service stops.
FAREWELL = 3.0


class Watch(Protocol):
    """Who measures."""

    def head_failed(self) -> None: ...


class Herald:
    """`every`: how often a head is made where something changes."""

    def __init__(
        self, database: Database, heads: Heads, places: Places, watch: Watch, every: timedelta
    ) -> None:
        self._database = database
        self._heads = heads
        self._places = places
        self._watch = watch
        self._every = every.total_seconds()
        self._ended = asyncio.Event()
        self._made = asyncio.Event()

    def ended(self) -> None:
        """A télécontrôle ended, or its outcome was signed: not to be left for a minute."""
        self._ended.set()

    async def watch_over(self) -> None:
        """Runs for ever: heads."""
        while True:
            why = await self._next()
            with suppress(Exception):
                await self.once(why)

    async def tell(self) -> None:
        """Runs for ever: the other places. Those that are away are looked at again by the minute
        or more often, when their turn comes."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._made.wait(), min(self._every, LOOK))
            self._made.clear()
            try:
                await self._places.tell()
            except Exception:
                log.exception("heads_not_sent")

    async def once(self, why: MotifTete) -> None:
        """All that no head covers yet. What fails is counted, and raised."""
        try:
            marked = await mark_former_lines(self._database)
            if marked:
                log.warning("former_lines_marked", count=marked)
            while await self._heads.make(why):
                why = MotifTete.FIN
        except Exception:
            self._watch.head_failed()
            log.exception("head_failed")
            raise
        self._made.set()

    async def farewell(self) -> None:
        """The last head, when nothing more is written."""
        with suppress(Exception):
            async with asyncio.timeout(FAREWELL):
                await self.once(MotifTete.ARRET)
                await self._places.tell()

    async def progress(self) -> tuple[float | None, list[Progress]]:
        """For /metrics: the instant of the last head (seconds), and how far each place is."""
        made, places = await self._places.progress()
        return made.timestamp() if made else None, places

    async def _next(self) -> MotifTete:
        try:
            await asyncio.wait_for(self._ended.wait(), self._every)
        except TimeoutError:
            return MotifTete.MINUTE
        await asyncio.sleep(SOON)
        self._ended.clear()
        return MotifTete.FIN
