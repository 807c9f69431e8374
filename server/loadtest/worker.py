"""One generator process: takes its share as a line of JSON, tells its progress, gives its tally.

`python -m server.loadtest.worker`; lines come on standard input (the share, then orders) and go to
standard output. Standard input at its end means that whoever started it is gone: it stops.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any

import aiohttp
import msgspec
import uvloop

from .client import PeerRefused
from .control import Control, Unreachable, line_to
from .measure import Tally, milliseconds
from .plan import Address, Plan
from .room import ROLES, Meeting, Seated

#: Seconds between two looks at this process itself, and between two lines of progress.
LOOK, TELL = 0.05, 0.5
#: What is not said by then, once told to stop, is not said.
FAREWELL = 4.0
#: Of a token's life: those of arrivals within it are asked for in one go.
AHEAD = 0.4
#: Longest line: a tally of hours.
LINE = 1 << 26


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one process does. `first`: the number of its first room among `every` processes."""

    plan: Plan
    rooms: int
    media: int
    first: int
    every: int
    address: Address
    key: str
    run: str
    ca: str


class Go(msgspec.Struct, frozen=True, tag="go"):
    """Arrivals begin at this monotonic time, the same for all processes."""

    start: float


class Order(msgspec.Struct, frozen=True, tag="order"):
    """`prepare`: fresh tokens; `storm`: the lines fall by themselves; `cut`: cut them; `stop`."""

    word: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """`ready`: the first rooms are made. `cpu`: of one core, since the last line."""

    ready: bool
    prepared: bool
    counts: dict[str, int]
    errors: dict[str, int]
    relay_p95: float | None
    join_p95: float | None
    cpu: float


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    tally: Tally


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It could not go on; the reason is for a person (French)."""

    reason: str


Told = Progress | Finished | Failed


class Generator:
    """One share, until it is done or told to stop."""

    def __init__(self, share: Share, control: Control) -> None:
        self._share, self._plan, self._control = share, share.plan, control
        self.tally = Tally(width=share.plan.width)
        self._stop, self._storm = asyncio.Event(), asyncio.Event()
        self._meetings: dict[str, Meeting] = {}
        self._fresh: dict[str, Seated] = {}
        self._coming: asyncio.Queue[Seated] = asyncio.Queue()
        self._asked = 0
        self._ready = self._prepared = False
        self._cpu = (monotonic(), time.process_time())
        self._cut = False

    # --- orders and news ------------------------------------------------------------------------

    async def listen(self, lines: asyncio.StreamReader) -> None:
        """Until whoever started us is gone."""
        while line := await lines.readline():
            order = msgspec.json.decode(line, type=Order)
            if order.word == "stop":
                self._stop.set()
            elif order.word == "prepare":
                await self._prepare()
            elif order.word in ("storm", "cut"):
                self._cut = order.word == "cut"
                for meeting in self._meetings.values():
                    meeting.expect_storm()
                self._storm.set()
        self._stop.set()

    async def _prepare(self) -> None:
        rooms = list(self._meetings)
        given = await self._control.renew(rooms, consoles=self._plan.consoles) if rooms else None
        self._fresh = {one.assure.room: one for one in given.rooms} if given else {}
        self._prepared = True
        self._tell()

    def _tell(self) -> None:
        then, used = self._cpu
        self._cpu = now, total = monotonic(), time.process_time()
        p95 = {name: one.percentile(95) for name, one in self.tally.latencies.items()}
        tell(
            Progress(
                ready=self._ready,
                prepared=self._prepared,
                counts=self.tally.counts,
                errors=self.tally.errors,
                relay_p95=milliseconds(p95.get("relay")),
                join_p95=milliseconds(p95.get("join")),
                cpu=(total - used) / max(now - then, 0.001),
            )
        )

    async def watch(self) -> None:
        """How late does this process do what it is to do? Told every now and then."""
        told = monotonic()
        while True:
            before = monotonic()
            await asyncio.sleep(LOOK)
            now = monotonic()
            if self.tally.start and now > self.tally.start:
                self.tally.time("lag", max(0.0, now - before - LOOK), now)
            if now - told > TELL:
                told = now
                self._tell()

    # --- the run --------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """The first rooms, before the clock starts."""
        await self._ask_rooms()
        self._ready = True
        self._tell()

    async def run(self, start: float) -> None:
        """Until the share is done; told to stop, so many seconds at most to say goodbye."""
        whole = asyncio.create_task(self._whole(start))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait((whole, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if self._stop.is_set():
            await asyncio.wait((whole,), timeout=FAREWELL)
            whole.cancel()
        with suppress(asyncio.CancelledError):
            await whole

    async def _whole(self, start: float) -> None:
        self.tally.start = start
        async with asyncio.TaskGroup() as all_of_them:
            if self._share.media:
                all_of_them.create_task(self._play(start))
            if self._share.rooms:
                await self._arrivals(start, all_of_them)

    async def _arrivals(self, start: float, group: asyncio.TaskGroup) -> None:
        for number in range(self._share.rooms):
            due = start + (self._share.first + number * self._share.every) / self._plan.rate
            await self._until(due)
            if self._stop.is_set():
                return
            if self._coming.empty():
                await self._ask_rooms()
            if self._coming.empty():
                return
            late = monotonic() - due
            self.tally.time("late", max(0.0, late), due)
            group.create_task(self._one(self._coming.get_nowait()))

    async def _ask_rooms(self) -> None:
        """Those that arrive while tokens hold; a long run comes back for more."""
        left = self._share.rooms - self._asked
        if not left:
            return
        lifetime = 300.0 * AHEAD
        count = min(left, max(1, int(lifetime * self._plan.rate / self._share.every)))
        self._asked += count
        given = await self._control.make(count, consoles=self._plan.consoles)
        for one in given.rooms:
            self._coming.put_nowait(one)

    async def _one(self, access: Seated) -> None:
        meeting = Meeting(self._line, access, self.tally)
        self._meetings[meeting.room] = meeting
        self.tally.count("arrived", monotonic())
        try:
            await self._live(meeting)
        except PeerRefused as refused:
            self.tally.fail(refused.code, monotonic())
            self.tally.count("failed", monotonic())
            if self._storm.is_set():
                self.tally.count("rooms_lost", monotonic())
        finally:
            meeting.drop()
            self._meetings.pop(meeting.room, None)

    async def _live(self, meeting: Meeting) -> None:
        plan = self._plan
        if plan.scenario == "waiting":
            await meeting.arrive("assure", console=plan.consoles)
            self.tally.count("met", monotonic())
            await self._stay()
            await meeting.leave()
            self.tally.count("done", monotonic())
            return
        await meeting.arrive(*ROLES, console=plan.consoles)
        await meeting.negotiate()
        await meeting.admit()
        if plan.scenario == "storm":
            await self._weather(meeting)
        await self._stay()
        await meeting.end()
        await meeting.leave()

    async def _weather(self, meeting: Meeting) -> None:
        """Until the storm; then everybody at once."""
        await first_of(self._storm.wait(), self._stop.wait())
        if not self._storm.is_set():
            return
        if self._cut:
            meeting.cut()
        if meeting.room not in self._fresh:
            # It came after the others had prepared.
            given = await self._control.renew([meeting.room], consoles=self._plan.consoles)
            self._fresh[meeting.room] = given.rooms[0]
        await meeting.come_back(self._fresh[meeting.room], self._plan.spread)
        self.tally.count("back", monotonic())

    async def _stay(self) -> None:
        await self._until(monotonic() + self._plan.stay)

    async def _until(self, moment: float) -> None:
        wait = moment - monotonic()
        if wait <= 0 or self._stop.is_set():
            return
        try:
            async with asyncio.timeout(wait):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _play(self, start: float) -> None:
        """Robots with real media; aiortc is loaded for them alone."""
        from .media import play  # noqa: PLC0415

        given = await self._control.make(self._share.media, consoles=False)
        await self._until(start)
        async with asyncio.TaskGroup() as group:
            for access in given.rooms:
                group.create_task(play(self._line, access, self.tally, self._stay))

    async def connect(self) -> None:
        self._line = await line_to(self._share.address, self._share.ca)


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.create_task(one) for one in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def tell(what: Told) -> None:
    # Whoever started us may be gone: nobody is told then.
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
        sys.stdout.buffer.flush()


async def main() -> None:
    lines = asyncio.StreamReader(limit=LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    share = msgspec.json.decode(await lines.readline(), type=Share)
    control = Control.open(share.address, share.key, share.run, share.ca)
    generator = Generator(share, control)
    watching = asyncio.create_task(generator.watch())
    listening: asyncio.Task[None] | None = None
    try:
        await generator.connect()
        await generator.prepare()
        go = await lines.readline()
        order = msgspec.json.decode(go, type=Go | Order) if go else Order("stop")
        if isinstance(order, Go):
            listening = asyncio.create_task(generator.listen(lines))
            # Nothing made until now goes away, and what comes makes no cycles.
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
            await generator.run(order.start)
    except* (Unreachable, PeerRefused, aiohttp.ClientError) as wrong:
        tell(Failed(str(first(wrong))))
    finally:
        # What was measured until then is told in any case.
        tell(Finished(generator.tally))
        for task in (watching, listening):
            if task is not None:
                task.cancel()
        await control.close()


def first(group: BaseExceptionGroup[Any]) -> BaseException:
    wrong = group.exceptions[0]
    return first(wrong) if isinstance(wrong, BaseExceptionGroup) else wrong


if __name__ == "__main__":
    uvloop.run(main())
