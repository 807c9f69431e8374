"""One server's turn: idle memory, rendezvous, relay, latency, each in a process of its own."""

import asyncio
import contextlib
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .children import CORES, ROOT, TICKS, Child, busy, running
from .loads import PATIENCE, Lines, LoadFailed, Meetings, Target
from .payloads import Pairs, relay_tokens
from .seeding import Seats, issued
from .wire import Bare, Ours, Peer, SocketIo

NODE = shutil.which("node", path=f"{os.environ['PATH']}{os.pathsep}{ROOT / '.venv' / 'bin'}")
#: Above this share of its core, it is what holds the run up.
FULL = 0.92
#: Descriptors that are not sockets of rooms.
SPARE = 500
#: Rooms that warm a server up before its memory is read for the first time.
WARM = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    rounds: int = 3
    #: Of each measured window; a rendezvous window ends earlier when rooms run out.
    seconds: float = 4.0
    warm_up: float = 1.0
    #: Before memory is read.
    settle: float = 1.0
    idle: int = 2_000
    #: Rendezvous at once, established rooms of the relay, messages on the way of each side.
    at_once: int = 128
    lines: int = 200
    window: int = 1
    #: Rooms of one rendezvous window.
    rooms: int = 9_000

    def seeded(self) -> int:
        """Rooms that our own server needs in its store for any of the measures."""
        return max(self.rooms, self.idle // 2 + WARM, self.lines)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one turn of one server gave."""

    rendezvous: dict[str, float | str] = field(default_factory=dict)
    relay: dict[str, float | str] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)
    #: At half of its own relay load, and at half of Node's.
    latency: dict[str, dict[str, float]] = field(default_factory=dict)


class Contender:
    """A server under measure."""

    def __init__(self, title: str, command: list[str], peer: type[Peer]) -> None:
        self.title, self.peer = title, peer
        self._command = command

    @contextlib.asynccontextmanager
    async def serving(self, rooms: int = 0) -> AsyncIterator[tuple[Child, Target]]:
        """`rooms`: so many with tokens of this very process, where it gives any."""
        async with running(self._command) as child:
            target = Target(child.port, self.peer, await self.tokens(child.port, rooms))
            try:
                yield child, target
            finally:
                # Before the server goes: what the sockets see from now on is no failure.
                target.leave()
        # The sockets' own ends come in the next turns of the loop.
        await asyncio.gather(*target.tasks, return_exceptions=True)

    async def tokens(self, port: int, rooms: int) -> Pairs:
        return relay_tokens()


class OurServer(Contender):
    """Starts each time on a fresh copy of the same seeded directory: a token serves once.

    `signed`: tokens that another process made, for idle clients (one's own are remembered until
    they serve, which would count as memory that clients give back) or, with `foreign`, for all.
    """

    def __init__(self, seeded: Path, rooms: list[str], signed: Seats, *, foreign: bool) -> None:
        super().__init__("ours", [], Ours)
        self._seeded, self._rooms, self._signed = seeded, rooms, signed
        self._foreign = foreign

    @contextlib.asynccontextmanager
    async def serving(self, rooms: int = 0) -> AsyncIterator[tuple[Child, Target]]:
        with tempfile.TemporaryDirectory(prefix="telecontrole-") as folder:
            data = Path(folder) / "data"
            shutil.copytree(self._seeded, data)
            self._command = [sys.executable, "-m", "benchmarks.signaling.ours", str(data)]
            async with super().serving(rooms) as both:
                yield both

    async def tokens(self, port: int, rooms: int) -> Pairs:
        if self._foreign or not rooms:
            return iter(self._signed)
        return iter(await asyncio.to_thread(issued, port, self._rooms[:rooms]))


def others() -> dict[str, Contender]:
    module = [sys.executable, "-m"]
    script = str(Path(__file__).with_name("relay.mjs"))
    return {
        "node": Contender("Node socket.io", [NODE or "node", script], SocketIo),
        "path": Contender("our fast path alone", [*module, "benchmarks.signaling.path"], SocketIo),
        "plain": Contender(
            "python-socketio, defaults", [*module, "benchmarks.signaling.plain"], SocketIo
        ),
        "bare": Contender(
            "bare aiohttp WebSocket, no Socket.IO", [*module, "benchmarks.signaling.bare"], Bare
        ),
    }


def descriptors() -> int:
    """As many as the system gives; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


# --- the measures -------------------------------------------------------------------------------


@dataclass(slots=True)
class Meter:
    """Time, the server's processor and the generator's, over one window."""

    child: Child
    seconds: float = 0.0
    server: float = 0.0
    generator: float = 0.0
    core: float = 0.0

    @contextlib.contextmanager
    def window(self) -> Iterator[None]:
        before = time.perf_counter(), self.child.cpu(), time.process_time(), busy()
        yield
        self.seconds = time.perf_counter() - before[0]
        self.server = self.child.cpu() - before[1]
        self.generator = time.process_time() - before[2]
        self.core = busy() - before[3]

    @property
    def others_share(self) -> float:
        """Of the server's core, what went to neither of us."""
        ours = self.server + (self.generator if len(CORES) == 1 else 0)
        return max(0.0, self.core - ours) / self.seconds

    def figures(self, count: int, unit: str) -> dict[str, float | str]:
        if not count:
            raise LoadFailed("nothing came through")
        # Ticks of 10 ms: a short window may hold none.
        self.server = max(self.server, 1 / TICKS)
        server, generator = self.server / self.seconds, self.generator / self.seconds
        limit = "server" if server > FULL else "generator" if generator > FULL else "neither"
        scale = 1e3 if unit == "ms" else 1e6
        return {
            "per_second": count / self.seconds,
            f"cpu_{unit}": scale * self.server / count,
            "per_cpu_second": count / self.server,
            "server_share": server,
            "generator_share": generator,
            "others_share": self.others_share,
            "limit": limit,
        }


async def turn(contender: Contender, plan: Plan, node_rate: float) -> Figures:
    """All four measures; `node_rate`: messages a second of Node's relay, 0 when not known."""
    figures = Figures(
        idle=await idle(contender, plan),
        rendezvous=await rendezvous(contender, plan),
    )
    await relay(contender, plan, node_rate, figures)
    return figures


async def idle(contender: Contender, plan: Plan) -> dict[str, float]:
    async with contender.serving() as (child, target):
        lines = Lines(target)
        await lines.open(WARM)
        await asyncio.sleep(plan.settle)
        before = child.memory()
        await lines.open(plan.idle // 2)
        await asyncio.sleep(plan.settle)
        target.check()
        return {"bytes": (child.memory() - before) / (plan.idle // 2 * 2)}


async def rendezvous(contender: Contender, plan: Plan) -> dict[str, float | str]:
    async with contender.serving(plan.rooms) as (child, target):
        meetings, meter = Meetings(target, plan.rooms), Meter(child)
        await meetings.start(plan.at_once)
        await _until(meetings.exhausted, plan.warm_up)
        before = meetings.count
        with meter.window():
            await _until(meetings.exhausted, plan.seconds)
            await some(lambda: meetings.count > before)
            count = meetings.count - before
        target.check()
        return meter.figures(count, "ms")


async def _until(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def some(came: Callable[[], bool]) -> None:
    """A short window on a busy machine goes on until there is anything to divide by."""
    for _ in range(round(20 * PATIENCE)):
        if came():
            return
        await asyncio.sleep(0.05)


async def relay(contender: Contender, plan: Plan, node_rate: float, figures: Figures) -> None:
    async with contender.serving() as (child, target):
        lines, meter = Lines(target), Meter(child)
        await lines.open(plan.lines)
        lines.flood(plan.window)
        await asyncio.sleep(plan.warm_up)
        before = lines.count
        with meter.window():
            await asyncio.sleep(plan.seconds)
            await some(lambda: lines.count > before)
            count = lines.count - before
        target.check()
        figures.relay.update(meter.figures(count, "us"))
        own = float(figures.relay["per_second"])
        for name, rate in (("own", own), ("node", node_rate or own)):
            with meter.window():
                figures.latency[name] = await _latency(lines, rate / 2, plan)
            figures.latency[name]["others_share"] = meter.others_share
        target.check()


async def _latency(lines: Lines, rate: float, plan: Plan) -> dict[str, float]:
    await lines.pace(rate, plan.warm_up / 2)
    taken = await lines.pace(rate, plan.seconds)
    if not taken:
        raise LoadFailed("no sample")
    return {
        "load": rate,
        "p50_ms": 1e3 * taken[len(taken) // 2],
        "p99_ms": 1e3 * taken[len(taken) * 99 // 100],
        "samples": len(taken),
    }
